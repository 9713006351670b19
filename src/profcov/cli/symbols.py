"""``profcov symbols``: the inventory, or what profiles cover of it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from profcov.analysis.documents import inventory_document, profile_symbols_document
from profcov.analysis.matrix import build_matrix, unique_symbols
from profcov.cli.common import (
    config_option,
    data_dir_option,
    find_config,
    find_data_dir,
    format_option,
    ignore_source_changes_option,
    parse_slugs,
)
from profcov.errors import CoverageReadError, CoverageWriteError
from profcov.store.layout import artifact_path, list_slugs
from profcov.store.read import read_lines
from profcov.store.sidecar import check_artifact, check_sources
from profcov.symbols.inventory import build_inventory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.analysis.matrix import Matrix
    from profcov.slug import Slug
    from profcov.symbols.model import Inventory


@dataclass(frozen=True, slots=True)
class _Answer:
    """One result in both forms: rows of text below their titles, and a JSON document."""

    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    document: dict[str, Any]


@click.command("symbols")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option("--all", "every", is_flag=True, help="All profiles that have an artifact.")
@data_dir_option("Where the artifacts are.")
@config_option()
@ignore_source_changes_option()
@format_option()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, whole or not at all.")
def command(
    slugs: tuple[str, ...],
    *,
    every: bool,
    data_dir: Path | None,
    config: str | None,
    ignore_source_changes: bool,
    form: Literal["text", "json"],
    out: Path | None,
) -> None:
    """List every module, class, function and method that is measured; or, for profiles, how much of it they cover.

    Run it where the server runs: in the same directory, with the same packages and coverage configuration.
    """
    directory = find_data_dir(data_dir)
    wanted = parse_slugs(slugs)
    if every:
        wanted += [slug for slug in _recorded(directory) if slug not in wanted]
    lines_of = {
        slug: _read(artifact_path(directory, slug), ignore_source_changes=ignore_source_changes) for slug in wanted
    }
    inventory = build_inventory(find_config(config))
    _warn_unreadable(inventory)
    if wanted:
        matrix = build_matrix(inventory, lines_of)
        _warn_unknown(matrix)
        answer = _describe_matrix(matrix)
    else:
        answer = _describe_inventory(inventory)
    _write(answer, form, out)


def _read(artifact: Path, *, ignore_source_changes: bool) -> dict[str, set[int]]:
    check_artifact(artifact)
    if not ignore_source_changes:
        check_sources(artifact)
    return read_lines(artifact)


def _recorded(data_dir: Path) -> list[Slug]:
    slugs = list_slugs(data_dir)
    found = [slug for slug in slugs if artifact_path(data_dir, slug).exists()]
    for slug in slugs:
        if slug not in found:
            click.echo(f"{slug}: left out, its data is not combined yet: run `profcov combine {slug}`", err=True)
    if not found:
        raise CoverageReadError(data_dir, "it holds no artifact: play a profile, or name another --data-dir")
    return found


def _warn_unreadable(inventory: Inventory) -> None:
    for bad in inventory.unreadable:
        click.echo(f"{bad.file}: left out, it cannot be read as Python: {bad.reason}", err=True)


def _warn_unknown(matrix: Matrix) -> None:
    for slug, reach in matrix.profiles.items():
        if reach.unknown_files:
            click.echo(
                f"{slug}: {len(reach.unknown_files)} of its files are not in the measured source, "
                f"{reach.unknown_files[0]} first: run this where the server ran, with the same --config",
                err=True,
            )


def _describe_inventory(inventory: Inventory) -> _Answer:
    rows = [
        (symbol.name, symbol.kind, f"{symbol.file}:{symbol.span[0]}-{symbol.span[1]}", str(len(symbol.body_lines)))
        for symbol in inventory.symbols
    ]
    return _Answer(("symbol", "kind", "where", "body lines"), rows, inventory_document(inventory))


def _describe_matrix(matrix: Matrix) -> _Answer:
    unique = unique_symbols(matrix)
    rows = [
        (slug, str(len(reach.symbols)), str(len(unique[slug])), str(reach.lines), str(reach.files))
        for slug, reach in matrix.profiles.items()
    ]
    return _Answer(("profile", "symbols", "only here", "lines", "files"), rows, profile_symbols_document(matrix))


def _write(answer: _Answer, form: Literal["text", "json"], out: Path | None) -> None:
    console = Console()
    if form == "text" and out is None and console.is_terminal:
        console.print(_table(answer))
        return
    if form == "json":
        text = json.dumps(answer.document, indent=2)
    else:
        text = "\n".join("\t".join(cells) for cells in [answer.titles, *answer.rows])
    if out is None:
        click.echo(text)
    else:
        _replace(out, text + "\n")


def _table(answer: _Answer) -> Table:
    table = Table(box=None, pad_edge=False)
    for column, title in enumerate(answer.titles):
        numbers = all(row[column].isdigit() for row in answer.rows)
        table.add_column(title, justify="right" if numbers else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(cell) for cell in row))  # Text: a name in brackets is no markup
    return table


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_text(text, encoding="utf-8")
            os.replace(fresh, path)  # noqa: PTH105 (the name says that it is atomic)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise CoverageWriteError(path, error.strerror or str(error)) from error
