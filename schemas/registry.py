"""Which forms there are: the built-in ones by name, a user's own as ``path.py:Name``."""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from pathlib import Path

from schemas.form import Form, FormError

_BUILT_IN = {
    "ogi-annual-report": "schemas.ogi_annual_report",
    "statement": "schemas.statement",
}


def forms() -> list[str]:
    """Names of the built-in forms; the first is the one used where none is named."""
    return list(_BUILT_IN)


def load(name: str | None = None) -> Form:
    """The form called ``name``: built-in, or ``path.py:Name`` for a user's own.

    Raises FormError where there is none, with the way out.
    """
    name = name or forms()[0]
    if ":" in name:
        return _from_file(name)
    if name not in _BUILT_IN:
        raise FormError(f"no form {name!r}; there are {', '.join(forms())}, or path.py:Name")
    found = import_module(_BUILT_IN[name]).FORM
    assert isinstance(found, Form)
    return found


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
    except (ImportError, SyntaxError, NameError, TypeError, ValueError, AttributeError) as error:
        raise FormError(f"{place}: {error}") from error
    found = getattr(module, attribute, None)
    if not isinstance(found, Form):
        raise FormError(f"{place} holds no form {attribute!r}")
    return found
