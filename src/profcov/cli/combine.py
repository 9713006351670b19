"""``profcov combine``: merge the shards of profiles into their artifacts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from profcov import settings
from profcov.cli.common import (
    config_option,
    data_dir_option,
    find_config,
    find_data_dir,
    parse_slugs,
    tell_silent_runs,
    timeout_option,
)
from profcov.errors import CoverageError, CoverageReadError, ProfcovError
from profcov.store.combine import combine
from profcov.store.combine import restore_previous as bring_back
from profcov.store.survey import list_pending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.store.combine import Artifact


@click.command("combine")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@data_dir_option("Where the shards are.")
@config_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write the artifacts.  [default: the data directory]",
)
@timeout_option("Seconds to wait for work in flight.")
@click.option("--allow-partial", is_flag=True, help="Exit with 0 though an artifact is partial.")
@click.option("--append", is_flag=True, help="Keep what is in the artifact already, and add to it.")
@click.option("--keep", is_flag=True, help="Keep the shards: they are combined again, with those to come.")
@click.option("--restore-previous", is_flag=True, help="Combine nothing: bring the artifact before the last one back.")
def command(
    slugs: tuple[str, ...],
    *,
    data_dir: Path | None,
    config: str | None,
    out: Path | None,
    timeout: float,
    allow_partial: bool,
    append: bool,
    keep: bool,
    restore_previous: bool,
) -> int:
    """Merge the shards of each SLUG, or of all, into <slug>.coverage and <slug>.profile.json.

    Returns only when no process has work in flight for the profile. Prints one line an artifact: slug, lines, files,
    complete or partial, path. Exits with 1 if one is partial.
    """
    directory = find_data_dir(data_dir)
    umask = settings.read_umask(os.environ)
    if restore_previous:
        return _restore(out or directory, slugs, umask)
    config_file = find_config(config)
    tell_silent_runs(directory, once=True)
    chosen = parse_slugs(slugs) or list_pending(directory)
    if not chosen:
        raise CoverageReadError(directory, "no profile has shards there")
    failures: list[ProfcovError] = []
    partial = 0
    for slug in chosen:
        try:
            made = combine(
                directory,
                slug,
                config_file=config_file,
                out=out,
                timeout=timeout,
                append=append,
                keep=keep,
                umask=umask,
            )
        except CoverageError as error:
            failures.append(error)
            continue
        partial += not made.complete
        _print(made)
    for failure in failures[:-1]:
        click.echo(f"profcov: {failure}", err=True)
    if failures:
        raise failures[-1]
    return 1 if partial and not allow_partial else 0


def _print(made: Artifact) -> None:
    status = "complete" if made.complete else "partial; " + ", ".join(made.reasons)
    click.echo(f"{made.slug}\t{made.lines}\t{made.files}\t{status}\t{made.path}")
    for file, (kept, *others) in made.changed.items():
        click.echo(f"profcov: {made.slug}: {_tell_change(file, kept, others)}", err=True)
    for file, lines in made.impossible.items():
        click.echo(f"profcov: {made.slug}: {_tell_impossible(file, lines)}", err=True)


def _tell_impossible(file: str, lines: Sequence[int]) -> str:
    which = (
        f"line {lines[0]}, which was"
        if len(lines) == 1
        else f"{len(lines)} lines ({lines[0]} to {lines[-1]}) that were"
    )
    return (
        f"{file} ends before {which} recorded of it: left out, because other code was compiled under its name, "
        "or lines were filed wrongly, which you should report"
    )


def _tell_change(file: str, kept: str, others: Sequence[str]) -> str:
    if not others:
        return f"{file} was changed after its server had imported it: there is no telling which lines its numbers mean"
    left_out = ", ".join(version[:12] for version in others)
    return f"{file} changed while it was recorded: it has the lines of version {kept[:12]}, and not those of {left_out}"


def _restore(out: Path, slugs: tuple[str, ...], umask: int) -> int:
    if not slugs:
        raise click.UsageError("--restore-previous needs the profiles whose artifact is to be brought back")
    for slug in parse_slugs(slugs):
        click.echo(f"{slug}\t{bring_back(out, slug, umask)}")
    return 0
