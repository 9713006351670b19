"""``profcov combine``: merge the shards of profiles into their artifacts."""

from __future__ import annotations

import os
from pathlib import Path

import click

from profcov import settings
from profcov.errors import CoverageError, CoverageReadError, ProfcovError
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.layout import list_shards, list_slugs


@click.command("combine")
@click.argument("slugs", nargs=-1, metavar="[SLUG]...")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the shards are.  [default: $PROFILE_COVERAGE_DIR or .profcov]",
)
@click.option(
    "--config", help="coverage.py configuration.  [default: $PROFILE_COVERAGE_CONFIG or coverage.profile-playback.ini]"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write the artifacts.  [default: the data directory]",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=30.0,
    show_default=True,
    help="Seconds to wait for work in flight.",
)
def command(slugs: tuple[str, ...], data_dir: Path | None, config: str | None, out: Path | None, timeout: float) -> int:
    """Merge the shards of each SLUG, or of all, into <slug>.coverage and <slug>.coverage.json.

    Returns only when no process has work in flight for the profile. Prints one line an artifact: slug, lines, files,
    complete or partial, path.
    """
    directory = (data_dir or Path(os.environ.get(settings.DIR) or settings.DEFAULT_DIR)).absolute()
    config_file = settings.find_config(config or os.environ.get(settings.CONFIG))
    given = [parse_slug(text) for text in dict.fromkeys(slugs)]
    chosen = given or [slug for slug in list_slugs(directory) if list_shards(directory, slug)]
    if not chosen:
        raise CoverageReadError(directory, "no profile has shards there")
    umask = settings.read_umask(os.environ)
    failures: list[ProfcovError] = []
    for slug in chosen:
        try:
            made = combine(directory, slug, config_file=config_file, out=out, timeout=timeout, umask=umask)
        except CoverageError as error:
            failures.append(error)
            continue
        status = "complete" if made.complete else "partial; " + ", ".join(made.reasons)
        click.echo(f"{made.slug}\t{made.lines}\t{made.files}\t{status}\t{made.path}")
    for failure in failures[:-1]:
        click.echo(f"profcov: {failure}", err=True)
    if failures:
        raise failures[-1]
    return 0
