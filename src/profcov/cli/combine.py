"""``profcov combine``: merge the shards of profiles into their artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.answer import print_answer
from profcov.cli.arguments import (
    config_option,
    data_dir_option,
    find_config,
    find_directory,
    format_option,
    parse_slugs,
    slugs_argument,
    timeout_option,
)
from profcov.cli.group import suggest
from profcov.cli.redis_url import redis_url_option
from profcov.cli.silent_runs import tell_silent_runs
from profcov.errors import (
    CoverageError,
    CoverageMergeError,
    CoverageReadError,
    NothingMeasuredError,
    ProfcovError,
    TargetError,
)
from profcov.playback.player.barrier import check_redis, forget_ended, read_jobs, settle
from profcov.playback.player.jobs_left import describe_jobs
from profcov.reading.analysis.statements import count_statements
from profcov.store.combine import check_recorded, combine
from profcov.store.layout import list_slugs
from profcov.store.previous import restore_previous as bring_back
from profcov.store.survey import list_pending

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from profcov.slug import Slug
    from profcov.store.combine import Artifact
    from profcov.store.directory import DataDirectory


_COLUMNS: Final = ("profile", "lines", "files", "status", "artifact")


@click.command("combine")
@slugs_argument()
@data_dir_option("Where the shards are.")
@config_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to write the artifacts.  [default: the data directory]",
)
@redis_url_option()
@timeout_option("Seconds to wait, each time, for the jobs and for work in flight.")
@click.option("--allow-partial", is_flag=True, help="Exit with 0 although an artifact is partial.")
@click.option("--append", is_flag=True, help="Keep what is already in the artifact, and add to it.")
@click.option("--keep", is_flag=True, help="Keep the shards: the next combine merges them again.")
@click.option("--restore-previous", is_flag=True, help="Combine nothing: restore the previous artifact.")
@format_option()
def command(
    slugs: tuple[str, ...],
    *,
    data_dir: Path | None,
    config: str | None,
    out: Path | None,
    redis_url: str | None,
    timeout: float,
    allow_partial: bool,
    append: bool,
    keep: bool,
    restore_previous: bool,
    form: str,
) -> int:
    """Merge the shards of each SLUG, or of all, into <slug>.coverage and <slug>.profile.json.

    Waits until no process has work in flight for the profile and, with --redis-url, no RQ job of it is left to run, or
    until the time is up. Prints a line for each artifact: slug, lines (statements; ? if the source is not available),
    files, complete or partial, path. Exits with 1 if one is partial.
    """
    directory = find_directory(data_dir)
    if restore_previous:
        return _restore(directory.at(out), slugs, form)
    config_file = find_config(config)
    tell_silent_runs(directory.path, once=True)
    chosen = parse_slugs(slugs) or list_pending(directory.path)
    if not chosen:
        raise CoverageReadError(directory.path, "no profile has shards there")
    if redis_url is not None:
        check_redis(redis_url)
    failures: list[ProfcovError] = []
    combined: list[Artifact] = []
    for slug in chosen:
        try:
            jobs = _settle(redis_url, directory, slug, timeout)
            made = combine(
                directory,
                slug,
                config_file=config_file,
                out=out,
                timeout=timeout,
                jobs=jobs,
                append=append,
                keep=keep,
            )
            if redis_url is not None and not keep:
                _forget(redis_url, slug, jobs)
        except CoverageError as error:
            failures.append(_hint(error, directory.path))
            continue
        combined.append(made)
        _warn(made, is_asked=redis_url is not None)
    lines = count_statements((made.path for made in combined), config_file)
    print_answer(_COLUMNS, (_describe(made, lines.get(made.path)) for made in combined), form, titled=False)
    _tell(failures, forgive_nothing=bool(combined) and not slugs)
    return 1 if not allow_partial and any(not made.complete for made in combined) else 0


def _tell(failures: Sequence[ProfcovError], *, forgive_nothing: bool) -> None:
    """Report what has failed, and raise the last error.

    A slug that ran no measured code is no failure unless it was named: a static file may have answered it.
    """
    grave = [each for each in failures if not (forgive_nothing and isinstance(each, NothingMeasuredError))]
    for failure in failures:
        if failure not in grave[-1:]:
            click.echo(f"profcov: {failure}", err=True)
    if grave:
        raise grave[-1]


def _hint(error: CoverageError, directory: Path) -> CoverageError:
    """Return the error, with a suggestion if there is no profile of that name."""
    if not isinstance(error, CoverageMergeError):
        return error
    known = {*list_slugs(directory), *list_pending(directory)} if directory.is_dir() else set()
    return error if error.slug in known else CoverageMergeError(error.slug, error.reason + suggest(error.slug, known))


def _describe(made: Artifact, lines: int | None) -> dict[str, Any]:
    return {
        "profile": made.slug,
        "lines": lines,
        "files": made.files,
        "status": "complete" if made.complete else "partial",
        "reasons": list(made.reasons),
        "artifact": str(made.path),
    }


def _settle(redis_url: str | None, directory: DataDirectory, slug: Slug, timeout: float) -> Mapping[str, str | None]:
    """Wait for the jobs of a profile, and return those that Redis knows with their status there; nothing without a Redis."""
    if redis_url is None:
        return {}
    if not read_jobs(redis_url, slug):
        check_recorded(directory.path, slug)  # before a lock is made for it
    jobs, _ = settle(redis_url, directory, slug, timeout)
    return jobs


def _forget(redis_url: str, slug: Slug, jobs: Mapping[str, str | None]) -> None:
    """Drop the ids of jobs that are in the artifact, which is complete even if Redis is gone."""
    try:
        forget_ended(redis_url, slug, jobs)
    except TargetError as error:
        click.echo(f"profcov: {slug}: combined, but Redis still lists its jobs: {error}", err=True)


def _warn(made: Artifact, *, is_asked: bool) -> None:
    for sentence in describe_jobs(made.jobs, is_asked=is_asked):
        click.echo(f"profcov: {made.slug}: {sentence}", err=True)
    for file, (kept, *others) in made.changed.items():
        click.echo(f"profcov: {made.slug}: {_tell_change(file, kept, others)}", err=True)
    for file, numbers in made.impossible.items():
        click.echo(f"profcov: {made.slug}: {_tell_impossible(file, numbers)}", err=True)


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


def _restore(out: DataDirectory, slugs: tuple[str, ...], form: str) -> int:
    if not slugs:
        raise click.UsageError("--restore-previous needs the profiles whose artifact is to be brought back")
    rows = [{"profile": slug, "artifact": str(bring_back(out, slug))} for slug in parse_slugs(slugs)]
    print_answer(("profile", "artifact"), rows, form, titled=False)
    return 0
