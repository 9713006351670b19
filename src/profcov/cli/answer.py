"""Rows for people and for programs: a table on a terminal, lines with tabs elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from profcov.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.table import Table


def print_rows(titles: Sequence[str], rows: Iterable[Sequence[str]], *, titled: bool = True) -> None:
    """Print rows below their titles; a character that would break a line or a terminal is shown by its number.

    If not ``titled``, the titles are for terminals only.
    """
    shown = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)

        Console().print(_make_table(titles, shown))
        return
    for cells in (titles, *shown) if titled else shown:
        click.echo("\t".join(cells).encode("utf-8", "backslashreplace"))


def _make_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table  # noqa: PLC0415 (as above)
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for column, title in enumerate(titles):
        numbers = all(row[column].replace(".", "", 1).isdigit() for row in rows)
        table.add_column(title, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name in brackets is no markup
    return table
