"""``profcov dashboard``: one HTML page that shows the matrix."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from profcov import settings
from profcov.cli.answer import print_fact
from profcov.cli.arguments import (
    config_option,
    data_dir_option,
    find_data_dir,
    format_option,
    ignore_source_changes_option,
    parse_slugs,
    slugs_argument,
)
from profcov.cli.commit import find_commit
from profcov.cli.playing import list_replay_options
from profcov.cli.recorded import (
    DEFAULT_OUT,
    choose_slugs,
    inventory_option,
    open_reader,
    warn_unknown,
)
from profcov.playback.results.document import read_played
from profcov.reading.analysis.drift import compare_matrices, take_snapshot
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.page import NAME, write_page
from profcov.reading.report.snapshot import read_snapshot
from profcov.reading.report.text import plural
from profcov.store.layout import list_slugs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from profcov.reading.analysis.drift import Drift, Snapshot
    from profcov.reading.analysis.matrix import Matrix
    from profcov.slug import Slug

_PATH: Final = click.Path(path_type=Path)
_HTML: Final = frozenset({".html", ".htm"})


@click.command("dashboard")
@slugs_argument()
@data_dir_option("Where the artifacts are.")
@config_option()
@inventory_option()
@click.option(
    "--out",
    metavar="PATH",
    type=_PATH,
    default=DEFAULT_OUT,
    show_default=True,
    help="The page, if it ends in .html; else the directory for its index.html. Reports in that directory are linked.",
)
@click.option("--since", metavar="DIR", type=_PATH, help="Show what has changed since the matrix in this directory.")
@click.option(
    "--playback",
    "results",
    metavar="FILE",
    type=_PATH,
    help="Show seconds and requests from what `profcov playback --json` wrote.",
)
@click.option(
    "--profiles",
    metavar="PATH",
    help="Where the profiles are, for the command that replays one.  [default: profiles, if there is such a directory]",
)
@click.option("--title", metavar="TEXT", default="profcov", show_default=True, help="The title of the page.")
@ignore_source_changes_option()
@format_option()
def command(
    slugs: tuple[str, ...],
    *,
    data_dir: Path | None,
    config: str | None,
    inventory_file: Path | None,
    out: Path,
    since: Path | None,
    results: Path | None,
    profiles: str | None,
    title: str,
    ignore_source_changes: bool,
    form: str,
) -> None:
    """Make a page that shows what the SLUGs, or all profiles with an artifact, cover, and what no profile covers.

    It is one file, which works from disk. Run this where the server runs, with the same packages. The artifacts have the
    configuration that measured; --config replaces it.
    """
    before = None if since is None else (str(since), _keep(read_snapshot(since), parse_slugs(slugs)))
    played = {} if results is None else read_played(results)
    directory = find_data_dir(data_dir)
    chosen = choose_slugs(directory, slugs)
    reader = open_reader(inventory_file, config, directory, chosen)
    overview = reader.overview(directory, chosen, ignore_source_changes=ignore_source_changes)
    matrix = overview.matrix
    for slug, reach in matrix.profiles.items():
        warn_unknown(slug, reach.unknown_files)
    if profiles is None and Path("profiles").is_dir():
        profiles = "profiles"
    page = out if out.suffix.lower() in _HTML and not out.is_dir() else out / NAME
    edition = Edition(
        overview=overview,
        directory=page.parent,
        played=played,
        title=title,
        profiles=[profiles] if profiles else [],
        options=list_replay_options(
            data_dir or Path(os.environ.get(settings.DIR) or settings.DEFAULT_DIR),
            settings.find_config(config or os.environ.get(settings.CONFIG)),
        ),
        commit=find_commit(),
        since=_compare(before, matrix),
        left_out=_name_others(list_slugs(directory), matrix),
    )
    write_page(edition, page.name)
    print_fact(str(page), form, page=str(page))


def _keep(snapshot: Snapshot, slugs: Sequence[Slug]) -> Snapshot:
    """Return a snapshot with the named profiles only, or all: a profile that was not requested is not gone."""
    if not slugs:
        return snapshot
    return replace(snapshot, profiles={slug: snapshot.profiles[slug] for slug in slugs if slug in snapshot.profiles})


def _name_others(slugs: Iterable[Slug], matrix: Matrix) -> list[str]:
    others = [slug for slug in slugs if slug not in matrix.profiles]
    if not others:
        return []
    return [
        f"{plural(len(others), 'profile')} of the data directory, {others[0]} first: not named, or not combined yet."
    ]


def _compare(before: tuple[str, Snapshot] | None, matrix: Matrix) -> tuple[str, Drift] | None:
    if before is None:
        return None
    name, snapshot = before
    return name, compare_matrices(snapshot, take_snapshot(matrix))
