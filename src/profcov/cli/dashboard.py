"""``profcov dashboard``: one HTML page that shows the matrix."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

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
    open_reading,
    warn_unknown,
)
from profcov.errors import CoverageReadError
from profcov.playback.results.document import SCHEMA_VERSION
from profcov.reading.analysis.drift import compare_matrices, take_snapshot
from profcov.reading.analysis.gaps import find_gaps
from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.notes import Note, Played, take_notes
from profcov.reading.report.dashboard.page import NAME, write_page
from profcov.reading.report.files import read_document
from profcov.reading.report.snapshot import read_snapshot
from profcov.reading.report.text import plural
from profcov.slug import Slug
from profcov.store.layout import list_slugs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from profcov.reading.analysis.drift import Drift, Snapshot
    from profcov.reading.analysis.matrix import Matrix

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
    reading = open_reading(inventory_file, config, directory, chosen)
    notes: dict[Slug, Note] = {}
    recorded = reading.artifacts(directory, chosen, ignore_source_changes=ignore_source_changes)
    matrix = build_matrix(reading.inventory, take_notes(recorded, notes))
    for slug, reach in matrix.profiles.items():
        warn_unknown(slug, reach.unknown_files)
    if profiles is None and Path("profiles").is_dir():
        profiles = "profiles"
    page = out if out.suffix.lower() in _HTML and not out.is_dir() else out / NAME
    edition = Edition(
        matrix=matrix,
        gaps=find_gaps(matrix),
        directory=page.parent,
        generated=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=notes,
        played=played,
        title=title,
        profiles=[profiles] if profiles else [],
        options=list_replay_options(
            data_dir or Path(os.environ.get(settings.DIR) or settings.DEFAULT_DIR),
            settings.find_config(config or os.environ.get(settings.CONFIG)),
        ),
        commit=find_commit(),
        unreadable=reading.inventory.unreadable,
        since=_compare(before, matrix),
        left_out=_name_others(list_slugs(directory), matrix),
    )
    write_page(edition, page.name)
    print_fact(str(page), form, page=str(page))


def read_played(path: Path) -> dict[Slug, Played]:
    """Return how each profile was played, as the results of a playback tell.

    Raises:
        CoverageReadError: they are not there, or they are something else.
    """
    hint = "`profcov playback --json FILE` makes it"
    document = read_document(path, SCHEMA_VERSION, hint)
    try:
        return {Slug(each["profile"]): _read_figures(each) for each in document["profiles"]}
    except (KeyError, TypeError, OverflowError) as error:
        reason = f"it has no results of this version: {type(error).__name__}: {error}; {hint}"
        raise CoverageReadError(path, reason) from error


def _read_figures(facts: Mapping[str, Any]) -> Played:
    seconds, requests = facts["seconds"], facts["requests"]
    if not isinstance(seconds, int | float | None) or not isinstance(requests, int | None):
        raise TypeError("seconds and requests are numbers")
    if seconds is not None and not math.isfinite(seconds):
        raise TypeError(f"no play takes {seconds} seconds")
    return Played(seconds, requests)


def _keep(snapshot: Snapshot, slugs: Sequence[Slug]) -> Snapshot:
    """Return what a snapshot has of the profiles that are named, or of all: one that is not asked for is not gone."""
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
