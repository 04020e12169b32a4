"""WHAT a report says: forms, their grids and the sums that must hold."""

from schemas.form import (
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
    Total,
)
from schemas.registry import forms, load

__all__ = [
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
    "Total",
    "forms",
    "load",
]
