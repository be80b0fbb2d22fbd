"""The table as one HTML file."""

from __future__ import annotations

from ..report.page import render
from ..report.view import ORDER
from .table import NOT_THERE, Table


def page(made: Table) -> str:
    """The page."""
    found = {name for row in made.rows for name in row.verdicts}
    return render("matrix.html.j2", table=made, order=[name for name in ORDER if name in found], not_there=NOT_THERE)
