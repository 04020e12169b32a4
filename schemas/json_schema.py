"""A form from a JSON Schema and a small TOML file of identities beside it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, PydanticUserError, create_model
from pydantic_core import SchemaError

from schemas.declare import declare, of_model
from schemas.form import Form, FormError
from schemas.identity import Identity, identity

_PLAIN: Mapping[str, type] = {"string": str, "integer": int, "number": Decimal, "boolean": bool}
_BOUNDS: Mapping[str, str] = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "pattern": "pattern",
    "minLength": "min_length",
    "maxLength": "max_length",
    "minItems": "min_length",
    "maxItems": "max_length",
}
_KEYS = frozenset(
    {
        *("schema", "name", "title", "titles", "identities", "identity", "labels", "unless", "as_read", "if_proved"),
        *("in_lists", "ignored", "account_for", "day_first", "subject"),
    }
)


def load(path: Path) -> Form:
    """The form of a TOML file that names its JSON Schema. Raises FormError with the file and the field."""
    said = _read(path, lambda text: tomllib.loads(text))
    unknown = sorted(set(said) - _KEYS)
    if unknown:
        raise FormError(f"{path}: there is no setting {unknown[0]!r}; there are {', '.join(sorted(_KEYS))}")
    if not isinstance(said.get("schema"), str):
        raise FormError(f"{path}: say which JSON Schema: schema = 'invoice.schema.json'")
    schema_path = path.parent / said.pop("schema")
    model = model_of(_read(schema_path, json.loads), schema_path)
    identities = _identities(said, path)
    try:
        return declare(model, identities, **said) if identities or said else of_model(model)
    except (FormError, TypeError, AttributeError) as error:
        raise FormError(f"{path}: {error}") from error


def _read(path: Path, parse: Any) -> dict[str, Any]:
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FormError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise FormError(f"{path}: an object is expected")
    return found


def _identities(said: dict[str, Any], path: Path) -> list[str | Identity]:
    plain, full = said.pop("identities", []), said.pop("identity", [])
    if not (isinstance(plain, list) and isinstance(full, list)):
        raise FormError(f"{path}: identities and [[identity]] are lists")
    found: list[str | Identity] = list(plain)
    for one in full:
        try:
            settings = dict(one)
            found.append(identity(*settings.pop("any"), **settings))
        except (FormError, TypeError, ValueError, KeyError) as error:
            raise FormError(f"{path}: [[identity]] {one!r}: {error}") from error
    return found


def model_of(schema: Mapping[str, Any], path: Path) -> type[BaseModel]:
    """The pydantic model that a JSON Schema describes. Raises FormError with the file and the field."""
    name = str(schema.get("title") or path.name.partition(".")[0]).replace(" ", "")
    return _Reader(schema, path).model(schema, name, "")


class _Reader:
    """Reads one schema; ``$ref`` is looked up in it."""

    def __init__(self, schema: Mapping[str, Any], path: Path) -> None:
        self.schema = schema
        self.path = path

    def model(self, schema: Mapping[str, Any], name: str, place: str) -> type[BaseModel]:
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            raise FormError(f"{self.path}: {place or 'the schema'} has no properties")
        required = set(schema.get("required", ()))
        fields: dict[str, Any] = {}
        for key, its in properties.items():
            where = f"{place}.{key}" if place else key
            if not key.isidentifier() or key.startswith("_"):
                raise FormError(f"{self.path}: field {where}: the name needs letters first, then letters, digits and _")
            kind = self.kind(self.resolved(its, where), where)
            its = self.resolved(its, where)
            bounds: dict[str, Any] = {
                own: its[said] for said, own in _BOUNDS.items() if not isinstance(its.get(said), bool | None)
            }
            described = Field(... if key in required else None, description=its.get("description"), **bounds)
            fields[key] = (kind if key in required else kind | None, described)
        try:
            made: type[BaseModel] = create_model(name, __doc__=schema.get("description") or name, **fields)
        except (PydanticUserError, SchemaError, TypeError, ValueError) as error:
            raise FormError(f"{self.path}: {place or 'the schema'}: {error}") from error
        return made

    def kind(self, schema: Mapping[str, Any], place: str) -> Any:
        if "enum" in schema:
            return Literal[tuple(schema["enum"])]
        if "anyOf" in schema or isinstance(schema.get("type"), list):
            return self._nullable(schema, place)
        match schema.get("type"):
            case "string" if schema.get("format") == "date":
                return date
            case "array":
                return list[self.kind(self.resolved(schema.get("items", {}), place), place)]  # type: ignore[misc]
            case "object":
                return self.model(schema, place.replace(".", "_").title(), place)
            case str(name) if name in _PLAIN:
                return _PLAIN[name]
        raise FormError(f"{self.path}: field {place}: its type {schema.get('type')!r} cannot be read")

    def _nullable(self, schema: Mapping[str, Any], place: str) -> Any:
        either = schema.get("anyOf") or [{**schema, "type": name} for name in schema["type"]]
        kinds = [self.resolved(one, place) for one in either if one.get("type") != "null"]
        if len(kinds) != 1:
            raise FormError(f"{self.path}: field {place}: one type or null, not one of {len(kinds)}")
        return self.kind(kinds[0], place) | None

    def resolved(self, schema: Any, place: str) -> Mapping[str, Any]:
        """The schema itself, or what its ``$ref`` names in the same file."""
        if not isinstance(schema, dict):
            raise FormError(f"{self.path}: field {place}: an object is expected, not {schema!r}")
        if "$ref" not in schema:
            return schema
        found: Any = self.schema
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        if not isinstance(found, dict):
            raise FormError(f"{self.path}: field {place}: nothing stands at {schema['$ref']}")
        return found
