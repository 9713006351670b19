"""``profcov minimise``: which profiles run everything in the least time, and what the others would be missed for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

import click

from profcov.cli.answer import note, print_answer, print_line
from profcov.cli.arguments import (
    config_option,
    data_dir_option,
    find_data_dir,
    format_option,
    ignore_source_changes_option,
    parse_slugs,
    refuse_unknown,
    slugs_argument,
)
from profcov.cli.recorded import choose_slugs, inventory_option, open_reader, warn_unknown
from profcov.errors import ProfileFormatError
from profcov.playback.loading import find_files, load
from profcov.playback.results.document import read_played
from profcov.playback.scenario.assertions import list_assertions
from profcov.reading.analysis.elements import JobLines, Unit, list_lines, list_symbols
from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.analysis.minimise import draw_curve, list_alone, minimise, spend, weigh
from profcov.reading.pipeline import make_overview
from profcov.reading.report.files import lay_out
from profcov.reading.report.minimise import (
    DEPTH,
    Advice,
    advice_document,
    advice_markdown,
    advice_rows,
    budget_rows,
    part_rows,
    summary_sentences,
)
from profcov.reading.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.reading.analysis.elements import Elements
    from profcov.reading.analysis.overview import Overview
    from profcov.reading.pipeline import Reader
    from profcov.slug import Slug

_PATH: Final = click.Path(path_type=Path)
_TITLES: Final = ("profile", "verdict", "seconds", "margin", "why")
_BUDGET_TITLES: Final = ("profile", "verdict", "seconds", "adds", "total seconds", "share")
_PART_TITLES: Final = ("symbol", "where", "run by")


@click.command("minimise")
@slugs_argument()
@click.option(
    "--by",
    "unit",
    type=click.Choice(get_args(Unit)),
    default="line",
    show_default=True,
    help="What has to run: each line; each symbol; or each line, by the job that ran it.",
)
@click.option("--keep", metavar="SLUG", multiple=True, help="Select this profile in any case. Repeatable.")
@click.option(
    "--budget", metavar="S", type=click.FloatRange(min=0), help="Find what runs most in so many seconds instead."
)
@click.option("--explain", metavar="SLUG", help="Show who else runs each part of this profile instead.")
@data_dir_option("Where the artifacts are.")
@config_option()
@inventory_option()
@click.option(
    "--playback", "results", metavar="FILE", type=_PATH, help="Take seconds from what `profcov playback --json` wrote."
)
@click.option(
    "--profiles",
    "paths",
    metavar="PATH",
    multiple=True,
    type=_PATH,
    help="Where the profiles are, for what each asserts. Repeatable.  [default: profiles, if there is such a directory]",
)
@ignore_source_changes_option()
@format_option("md", "names", meaning="How to print it; names: the slugs of the selected profiles.")
def command(
    slugs: tuple[str, ...],
    *,
    unit: Unit,
    keep: tuple[str, ...],
    budget: float | None,
    explain: str | None,
    data_dir: Path | None,
    config: str | None,
    inventory_file: Path | None,
    results: Path | None,
    paths: tuple[Path, ...],
    ignore_source_changes: bool,
    form: str,
) -> None:
    """Find the profiles that run all that the SLUGs, or all profiles with an artifact, run, in the least time.

    The others are redundant for coverage only. What they check may still be checked by no other profile.
    """
    directory = find_data_dir(data_dir)
    chosen, kept = choose_slugs(directory, slugs), parse_slugs(keep)
    explained = parse_slugs([explain] if explain else [])
    refuse_unknown(directory, [*kept, *explained], chosen)
    played = {} if results is None else read_played(results)
    reader = open_reader(inventory_file, config, directory, chosen)
    overview, elements = _read(reader, directory, chosen, unit, ignore_source_changes=ignore_source_changes)
    seconds = {slug: each.seconds for slug, each in played.items() if each.seconds is not None}
    costs = weigh(elements.slugs, seconds)
    selection = minimise(elements, costs, kept)
    advice = Advice(
        selection=selection,
        curve=draw_curve(elements, costs, kept),
        alone=list_alone(_read_assertions(paths, chosen), selection),
        doubtful=frozenset(slug for slug, reach in overview.matrix.profiles.items() if reach.status != "complete"),
        spending=None if budget is None else spend(elements, costs, budget, kept),
    )
    if explained:
        print_answer(
            _PART_TITLES, part_rows(selection, explained[0]), "json" if form == "json" else "text", name="parts"
        )
    else:
        _print(advice, form)


def _read(
    reader: Reader, directory: Path, slugs: Sequence[Slug], unit: Unit, *, ignore_source_changes: bool
) -> tuple[Overview, Elements]:
    recorded = reader.artifacts(directory, slugs, ignore_source_changes=ignore_source_changes)
    jobs = JobLines(SymbolIndex(reader.inventory)) if unit == "job-line" else None
    overview = make_overview(reader.inventory, recorded if jobs is None else jobs.collect(recorded))
    for slug, reach in overview.matrix.profiles.items():
        warn_unknown(slug, reach.unknown_files)
    if jobs is None:
        return overview, (list_symbols if unit == "symbol" else list_lines)(overview.matrix)
    if not jobs.has_jobs:
        note("no context label names a job, so a line counts once: record with PROFILE_COVERAGE_CONTEXT=route")
    return overview, jobs.list_lines(overview.matrix)


def _read_assertions(paths: Sequence[Path], slugs: Sequence[Slug]) -> dict[Slug, list[str]]:
    """Return what profiles assert; a file that is no profile is reported, and its profile's assertions are not known."""
    places = paths or [path for path in [Path("profiles")] if path.is_dir()]
    found: dict[Slug, list[str]] = {}
    for path in find_files(places):
        try:
            profile = load(path).profile
        except ProfileFormatError as error:
            click.echo(f"profcov: warning: {printable(str(error).splitlines()[0])}", err=True)
            continue
        if profile.slug in slugs:
            found[profile.slug] = list_assertions(profile)
    return found


def _print(advice: Advice, form: str) -> None:
    if form == "json":
        click.echo("".join(lay_out(advice_document(advice), DEPTH)))
    elif form == "md":
        click.echo("".join(advice_markdown(advice)), nl=False)
    elif form == "names":
        spending = advice.spending
        for slug in [each.slug for each in (advice.selection.kept if spending is None else spending.inside)]:
            print_line(slug)
    elif advice.spending is None:
        print_answer(_TITLES, advice_rows(advice))
        for sentence in summary_sentences(advice):
            note(sentence)
    else:
        print_answer(_BUDGET_TITLES, budget_rows(advice, advice.spending))
