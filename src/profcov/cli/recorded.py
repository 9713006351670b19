"""The artifacts and the inventory that a command reports on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from profcov.cli.arguments import parse_slugs, refuse_unknown
from profcov.cli.configuration import find_configuration
from profcov.configuration import tell_source
from profcov.configuration.omissions import NOTHING
from profcov.errors import CoverageReadError
from profcov.reading.pipeline import Reader
from profcov.reading.report.inventory_json import read_inventory
from profcov.reading.report.text import plural, printable
from profcov.reading.symbols.archives import find_archive
from profcov.reading.symbols.inventory import build_inventory
from profcov.store.layout import artifact_path, list_shards, list_slugs
from profcov.store.unmeasured import find_unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from profcov.configuration import Configuration
    from profcov.reading.symbols.model import Inventory
    from profcov.slug import Slug

DEFAULT_OUT: Final = Path("artifacts")
_MAX_UNREADABLE: Final = 10
"""How many files that cannot be measured are named."""
_MAX_NAMED: Final = 20
"""How many slugs without an artifact are checked for measured lines."""


def inventory_option() -> Callable[..., Any]:
    """Return the option ``--inventory``; :func:`open_reader` reads it."""
    return click.option(
        "--inventory",
        "inventory_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Take the symbols from this file, which `profcov symbols --out` made, instead of the sources.",
    )


def out_option(meaning: str) -> Callable[..., Any]:
    """Return the option ``--out``: the directory for a command's files."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path, file_okay=False),
        default=DEFAULT_OUT,
        show_default=True,
        help=meaning,
    )


def open_reader(
    inventory_file: Path | None,
    config: str | None,
    directory: Path,
    slugs: Iterable[Slug],
    sources: Sequence[Path] = (),
) -> Reader:
    """Return the reader of a data directory's profiles: with the named inventory, or that of the measured sources.

    Raises:
        CoverageReadError: a sidecar or the inventory cannot be read.
        SettingsError: a configuration cannot be used.
    """
    configuration = find_configuration(config, directory, slugs)
    if inventory_file is not None:
        return Reader(configuration, read_inventory(inventory_file), f"what {inventory_file} lists")
    return Reader(configuration, take_inventory(configuration, sources), tell_asked(configuration, sources))


def take_inventory(configuration: Configuration, sources: Sequence[Path] = ()) -> Inventory:
    """Return the symbols of the measured sources; report files that could not be read.

    Raises:
        SettingsError: the configuration cannot be used.
    """
    inventory = build_inventory(configuration, sources, processes=os.cpu_count() or 1)
    warn_unreadable(inventory)
    return inventory


def tell_asked(configuration: Configuration, sources: Sequence[Path]) -> str:
    """Return a description of the requested source."""
    return ", ".join(map(str, sources)) or tell_source(configuration.settings())


def warn_unreadable(inventory: Inventory) -> None:
    """Name the files that cannot be measured, and those that are left out by their names."""
    for bad in inventory.unreadable[:_MAX_UNREADABLE]:
        click.echo(f"{printable(bad.file)}: cannot be measured: {printable(bad.reason)}", err=True)
    if inventory.unreadable[_MAX_UNREADABLE:]:
        click.echo(f"profcov: {len(inventory.unreadable) - _MAX_UNREADABLE} more cannot be measured", err=True)
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
        unmeasured = find_unmeasured(list_shards(directory, slug)) if len(waiting) <= _MAX_NAMED else None
        reason = unmeasured or f"its data is not combined yet: run `profcov combine {slug}`"
        click.echo(f"{slug}: left out, {reason}", err=True)
    if not found:
        raise CoverageReadError(directory, "it holds no artifact: play a profile, or name another --data-dir")
    return found


def warn_unknown(slug: Slug, files: Sequence[str]) -> None:
    """Warn that a profile ran files that are not in the inventory."""
    if files:
        advice = "run this where the server ran, with the same --config"
        if not Path(files[0]).exists() and find_archive(Path(files[0])) is None:
            advice = "its source is not here: a frozen program has none; else run this where the server ran, or map it under [paths]"
        click.echo(
            f"{slug}: {len(files)} of its files {'is' if len(files) == 1 else 'are'} not in the measured source, "
            f"{printable(files[0])} first: {advice}",
            err=True,
        )
