"""Rows for people and for programs: a table on a terminal, lines with tabs elsewhere, or JSON."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.columns import COLUMNS
from profcov.reading.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.table import Table

    from profcov.cli.columns import Row

SCHEMA_VERSION: Final = 1
_GAP: Final = 2
_MIN_CHARS: Final = 16
"""The least width of a column of words, unless they are all short."""
_QUIET: Final = threading.Event()
"""For the whole process, because its threads write notes, too; each command sets or clears it."""


def print_answer(
    columns: Sequence[str], rows: Iterable[Row], form: str = "text", *, name: str = "profiles", titled: bool = True
) -> None:
    """Print rows as text with some columns, or whole as a list in JSON.

    If not ``titled``, the titles are for terminals only.
    """
    if form == "json":
        print_json({"schema_version": SCHEMA_VERSION, name: [dict(row) for row in rows]})
        return
    chosen = [COLUMNS[title] for title in columns]
    print_rows(columns, ([column.cell(row) for column in chosen] for row in rows), titled=titled)


def print_fact(text: str, form: str, **facts: object) -> None:
    """Print one thing: as it is, or as a JSON document."""
    if form == "json":
        print_json({"schema_version": SCHEMA_VERSION, **facts})
    else:
        print_line(text)


def print_line(*cells: str) -> None:
    """Print cells with tabs between them, whatever standard output can encode; see :func:`print_rows`."""
    line = "\t".join(map(printable, cells))
    click.echo(line.encode("utf-8", "backslashreplace") if hasattr(sys.stdout, "buffer") else line)


def print_json(document: dict[str, Any]) -> None:
    """Print a JSON document."""
    click.echo(json.dumps(document, indent=2, default=str))


def print_rows(titles: Sequence[str], rows: Iterable[Sequence[str]], *, titled: bool = True) -> None:
    """Print rows below their titles; a character that would break a line or a terminal is shown by its number.

    If not ``titled``, the titles are for terminals only.
    """
    if sys.stdout.isatty():
        _print_table(titles, [[printable(cell) for cell in row] for row in rows])
        return
    for cells in (titles, *rows) if titled else rows:
        print_line(*cells)


def note(text: str) -> None:
    """Say on standard error what is neither a warning nor an error; nothing with ``-q``."""
    if not is_quiet():
        click.echo(text, err=True)


def is_quiet() -> bool:
    """Return whether the command was given ``-q``."""
    return _QUIET.is_set()


def quiet_option() -> click.Option:
    """Return the option that every command has, and :func:`note` asks for."""

    def remember(_ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 (click's)
        _QUIET.set() if value else _QUIET.clear()

    return click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="No progress and no notes on standard error: only warnings and errors.",
    )


def _print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, or, where the terminal is too narrow for it, each row as lines of its own."""
    from rich.cells import cell_len  # noqa: PLC0415 (slow to import, and only for terminals)
    from rich.console import Console  # noqa: PLC0415

    console, here = Console(), f"{Path.cwd()}{os.sep}"
    rows = [[cell.removeprefix(here) for cell in row] for row in rows]
    columns = [[row[number] for row in rows] for number in range(len(titles))]
    numeric = [all(cell.replace(".", "", 1).isdigit() for cell in cells) for cells in columns]
    longest = [max(map(cell_len, cells), default=0) for cells in columns]
    wanted = [max(length, len(title)) for title, length in zip(titles, longest, strict=True)]
    gap = 1 if sum(wanted) + _GAP * (len(titles) - 1) > console.width else _GAP
    least = [
        max(length if is_number else min(length, _MIN_CHARS), *map(len, title.split()))
        for title, length, is_number in zip(titles, longest, numeric, strict=True)
    ]
    room = console.width - gap * (len(titles) - 1)
    if sum(least) > room:
        _print_records(console, titles, rows)
        return
    whole = [max(pair) for pair in zip(longest, least, strict=True)]
    widths = _share(room, _share(room, least, whole), wanted)  # a title is the first to have two lines
    console.print(_make_table(titles, rows, numeric, widths, gap))


def _share(room: int, least: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Return the widths of columns in this room, which is enough for the least: what lacks most gets more first."""
    widths = list(least)
    while sum(widths) < min(room, sum(wanted)):
        lacks = [most - width for most, width in zip(wanted, widths, strict=True)]
        widths[lacks.index(max(lacks))] += 1
    return widths


def _make_table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool], widths: Sequence[int], gap: int
) -> Table:
    from rich.table import Table  # noqa: PLC0415 (as above)
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for title, is_number, width in zip(titles, numeric, widths, strict=True):
        table.add_column(title, justify="right" if is_number else "left", overflow="fold", width=width)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name in brackets is no markup
    return table


def _print_records(console: Console, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a row as its first cell, and the others below it."""
    from rich.table import Table  # noqa: PLC0415 (as above)
    from rich.text import Text  # noqa: PLC0415

    for first, *others in rows:
        console.print(Text(first, style="bold", overflow="fold"))
        record = Table.grid(padding=(0, 1, 0, 0))
        record.add_column(no_wrap=True)
        record.add_column(overflow="fold")
        for title, cell in zip(titles[1:], others, strict=True):
            record.add_row(Text(f"  {title}", style="dim"), Text(cell))
        console.print(record)
