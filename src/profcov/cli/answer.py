"""Rows for people and for programs: a table on a terminal, lines with tabs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from profcov.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def print_rows(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows below their titles; a character that would break a line or a terminal is shown by its number."""
    shown = [[printable(cell) for cell in row] for row in rows]
    console = Console()
    if console.is_terminal:
        console.print(_make_table(titles, shown))
    else:
        for cells in (titles, *shown):
            click.echo("\t".join(cells).encode("utf-8", "backslashreplace"))


def _make_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column, title in enumerate(titles):
        numbers = all(row[column].replace(".", "", 1).isdigit() for row in rows)
        table.add_column(title, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name in brackets is no markup
    return table
