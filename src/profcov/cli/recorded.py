"""The artifacts and the inventory that a command reports on."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from profcov.cli.common import find_config, parse_slugs, refuse_unknown
from profcov.errors import CoverageReadError
from profcov.omissions import NOTHING
from profcov.report.inventory_json import read_inventory
from profcov.report.text import plural, printable
from profcov.store.files import file_digest
from profcov.store.layout import artifact_path, list_slugs
from profcov.store.read import read_artifact
from profcov.symbols.archives import find_archive
from profcov.symbols.inventory import build_inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    from profcov.slug import Slug
    from profcov.store.read import Recorded
    from profcov.symbols.model import Inventory

DEFAULT_OUT: Final = Path("artifacts")
_MOST: Final = 10
"""Files that are named one by one."""


def inventory_option() -> Callable[..., Any]:
    """Return the option ``--inventory``; :func:`find_inventory` reads it."""
    return click.option(
        "--inventory",
        "inventory_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Take the symbols from this file, which `profcov symbols --out` made, instead of the sources.",
    )


def out_option(meaning: str) -> Callable[..., Any]:
    """Return the option ``--out``: the directory for what a command writes."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=DEFAULT_OUT,
        show_default=True,
        help=meaning,
    )


def find_inventory(inventory_file: Path | None, config: str | None) -> Inventory:
    """Return the inventory that was named, or that of the measured sources; say which files could not be read."""
    if inventory_file is not None:
        return read_inventory(inventory_file)
    inventory = build_inventory(find_config(config), processes=os.cpu_count() or 1)
    warn_unreadable(inventory)
    return inventory


def warn_unreadable(inventory: Inventory) -> None:
    """Name the files that cannot be measured, and say which are left out by their names."""
    for bad in inventory.unreadable[:_MOST]:
        click.echo(f"{printable(bad.file)}: cannot be measured: {printable(bad.reason)}", err=True)
    if inventory.unreadable[_MOST:]:
        click.echo(f"profcov: {len(inventory.unreadable) - _MOST} more cannot be measured", err=True)
    if inventory.omitted:
        click.echo(
            f"profcov: {plural(len(inventory.omitted), 'file')} of tests or migrations not measured, "
            f"{printable(inventory.omitted[0])} first: an `omit` in the configuration decides instead; "
            f"`omit = {NOTHING}` measures all",
            err=True,
        )


def choose_slugs(directory: Path, slugs: Sequence[str]) -> list[Slug]:
    """Return the profiles that were named, or all that have an artifact; name those that are not combined yet.

    Raises:
        CoverageReadError: no profile has one.
        InvalidSlugError: one is not a slug.
    """
    if slugs:
        chosen = parse_slugs(slugs)
        refuse_unknown(directory, chosen, list_slugs(directory))
        return chosen
    found: list[Slug] = []
    waiting: list[Slug] = []
    for slug in list_slugs(directory):
        (found if artifact_path(directory, slug).exists() else waiting).append(slug)
    for slug in waiting:
        click.echo(f"{slug}: left out, its data is not combined yet: run `profcov combine {slug}`", err=True)
    if not found:
        raise CoverageReadError(directory, "it holds no artifact: play a profile, or name another --data-dir")
    return found


def read_artifacts(
    directory: Path, slugs: Iterable[Slug], inventory: Inventory, *, ignore_source_changes: bool
) -> Iterator[Recorded]:
    """Yield what each artifact holds, one after the other.

    The sources that ran must be those of the inventory, and where it does not have them, those on disk.

    Raises:
        CoverageReadError: one is missing or damaged, or a source is another than the one that ran.
    """
    known = {source.file: source.sha256 for source in inventory.files}
    on_disk = cache(file_digest)

    def digest_of(file: str) -> str | None:
        return known.get(file) or on_disk(file)

    for slug in slugs:
        yield read_artifact(directory, slug, digest_of=digest_of, ignore_source_changes=ignore_source_changes)


def warn_unknown(slug: Slug, files: Sequence[str]) -> None:
    """Say that a profile ran files that are not in the inventory."""
    if files:
        advice = "run this where the server ran, with the same --config"
        if not Path(files[0]).exists() and find_archive(Path(files[0])) is None:
            advice = "its source is not here: a frozen program has none; else run this where the server ran, or map it under [paths]"
        click.echo(
            f"{slug}: {len(files)} of its files {'is' if len(files) == 1 else 'are'} not in the measured source, "
            f"{printable(files[0])} first: {advice}",
            err=True,
        )
