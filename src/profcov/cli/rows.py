"""How commands print rows: a table on a terminal, lines with tabs elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_rows(titles: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows; their titles are for terminals only."""
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)
    from rich.table import Column, Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*(Column(name, overflow="fold") for name in titles))  # a path is there to be copied: all of it
    for row in rows:
        table.add_row(*map(Text, row))  # as they are: a path may hold what rich takes for markup
    Console().print(table)
