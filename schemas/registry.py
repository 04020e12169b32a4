"""Which forms there are: the built-in ones by name, a user's own as ``path.py:Name`` or ``path.toml``."""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from pathlib import Path

from schemas.form import Form, FormError

_BUILT_IN = {
    "ogi-annual-report": "schemas.ogi_annual_report",
    "statement": "schemas.statement",
    "receipt": "schemas.receipt",
}


def forms() -> list[str]:
    """Names of the built-in forms; the first is the one used where none is named."""
    return list(_BUILT_IN)


def load(name: str | None = None) -> Form:
    """The form called ``name``: built-in, or ``path.py:Name`` or ``path.toml`` for a user's own.

    Raises FormError where there is none, with the way out.
    """
    name = name or forms()[0]
    if name.endswith(".toml"):
        from schemas.json_schema import load as from_schema

        return from_schema(Path(name))
    if ":" in name:
        return _from_file(name)
    if name not in _BUILT_IN:
        raise FormError(f"no form {name!r}; there are {', '.join(forms())}, or path.py:Name, or path.toml")
    found = import_module(_BUILT_IN[name]).FORM
    assert isinstance(found, Form)
    return found


def own(name: object) -> Form:
    """The form of gouji's own that a record or a database names: what stands in data is never run as a program.

    Raises FormError where there is none of that name.
    """
    if not isinstance(name, str) or name not in _BUILT_IN:
        raise FormError(f"no form of gouji's own is called {name!r:.80}; name yours with --form path.py:Name")
    return load(name)


def _from_file(name: str) -> Form:
    place, _, attribute = name.rpartition(":")
    path = Path(place)
    if not path.is_file():
        raise FormError(f"no file {place} for the form {name!r}")
    spec = importlib.util.spec_from_file_location(f"gouji_form_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise FormError(f"{place} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except FormError as error:
        raise FormError(f"{place}: {error}") from error
    except (Exception, SystemExit) as error:
        raise FormError(f"{place}: {type(error).__name__}: {error}") from error
    found = getattr(module, attribute, None)
    if isinstance(found, type):
        return _of_model(place, found)
    if not isinstance(found, Form):
        raise FormError(f"{place} holds no form {attribute!r}{_others(module)}")
    return found


def _of_model(place: str, found: type) -> Form:
    from pydantic import BaseModel

    from schemas.declare import of_model

    if not issubclass(found, BaseModel):
        raise FormError(f"{place}: {found.__name__} is neither a form nor a pydantic model")
    try:
        return of_model(found)
    except FormError as error:
        raise FormError(f"{place}: {error}") from error


def _others(module: object) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Form)]
    return f"; it holds {', '.join(names)}" if names else "; a form is made by FORM = declare(...)"
