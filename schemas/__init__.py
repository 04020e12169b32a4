"""WHAT a report says: forms, their grids and the sums that must hold."""

from schemas.form import (
    Agreement,
    Balance,
    Column,
    ColumnSum,
    Equation,
    Field,
    Form,
    FormError,
    Grid,
    Items,
    Pattern,
    Quoted,
    Row,
    RowSum,
    Section,
    Stated,
    Total,
)
from schemas.registry import forms, load

__all__ = [
    "Agreement",
    "Balance",
    "Column",
    "ColumnSum",
    "Equation",
    "Field",
    "Form",
    "FormError",
    "Grid",
    "Items",
    "Pattern",
    "Quoted",
    "Row",
    "RowSum",
    "Section",
    "Stated",
    "Total",
    "forms",
    "load",
]
