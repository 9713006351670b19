"""``profcov symbols``: the inventory, and whether a file of it is still true."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from profcov.cli.answer import print_answer
from profcov.cli.arguments import config_option, data_dir_option, find_data_dir, format_option
from profcov.cli.configuration import find_configuration
from profcov.cli.recorded import take_inventory, tell_asked
from profcov.reading.analysis.drift import compare_inventories
from profcov.reading.pipeline import refuse_nothing
from profcov.reading.report.files import lay_out
from profcov.reading.report.inventory_json import DEPTH, inventory_document, read_inventory, write_inventory
from profcov.store.layout import list_slugs

if TYPE_CHECKING:
    from profcov.reading.symbols.model import Inventory

DEFAULT_FILE: Final = Path("artifacts/coverage-symbols.json")
_TITLES: Final = ("name", "kind", "where", "body lines")


@click.command("symbols")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=click.Path(path_type=Path))
@data_dir_option("Where the artifacts are.")
@config_option()
@format_option()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the inventory to this file, as JSON."
)
@click.option(
    "--check",
    is_flag=True,
    help=f"Write nothing: exit with 1 if the file is out of date, and show the differences.  [file: --out or {DEFAULT_FILE}]",
)
def command(
    sources: tuple[Path, ...],
    *,
    data_dir: Path | None,
    config: str | None,
    form: Literal["text", "json"],
    out: Path | None,
    check: bool,
) -> int:
    """List every module, class, function and method that is measured, or of the SOURCE files and directories.

    Run it where the server runs, with the same packages. The configuration is the one that the profiles in the data
    directory were measured with; --config replaces it.
    """
    stored = read_inventory(out or DEFAULT_FILE) if check else None
    directory = find_data_dir(data_dir)
    configuration = find_configuration(config, directory, list_slugs(directory))
    inventory = take_inventory(configuration, sources)
    if stored is not None:
        return _check(stored, inventory, out or DEFAULT_FILE, form)
    refuse_nothing(inventory, tell_asked(configuration, sources))
    if out is not None:
        write_inventory(inventory, out)
    elif form == "json":
        click.echo("".join(lay_out(inventory_document(inventory), DEPTH)))
    else:
        print_answer(_TITLES, _describe(inventory))
    return 0


def _check(stored: Inventory, inventory: Inventory, path: Path, form: str) -> int:
    changes = compare_inventories(stored, inventory)
    if changes or form == "json":
        print_answer(("change", "name", "detail"), map(asdict, changes), form, name="changes")
    if not changes:
        return 0
    click.echo(
        f"profcov: {path} is out of date, changes: {len(changes)}; `profcov symbols --out {path}` renews it",
        err=True,
    )
    return 1


def _describe(inventory: Inventory) -> list[dict[str, Any]]:
    return [
        {
            "name": symbol.name,
            "kind": symbol.kind,
            "where": symbol.where,
            "body_lines": len(symbol.body_lines),
        }
        for symbol in inventory.symbols
    ]
