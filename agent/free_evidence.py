"""Whether a text is of a form without a grid: one of its titles stands there, and figures at all."""

from __future__ import annotations

import re

from agent.amounts import printed
from agent.document import Document
from agent.squeeze import normal
from schemas.form import Form


def not_this_form(document: Document, form: Form) -> str:
    """Why the document is not of this form; empty where it is."""
    text = normal(document.text[:50000])
    if not text.strip():
        return "the text is empty"
    if form.titles and not any(re.search(title, text) for title in form.titles):
        return f"no title of the form {form.name}"
    free = form.free
    if free and any(figure.required for figure in free.figures) and not any(printed(document.lines)):
        return "no figure is printed"
    return ""
