"""``profcov status``: what a data directory holds, and who is at work."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.answer import SCHEMA_VERSION, note, print_answer, print_json
from profcov.cli.arguments import data_dir_option, find_data_dir, format_option
from profcov.cli.columns import show_bytes
from profcov.cli.redis_url import redis_url_option
from profcov.cli.silent_runs import tell_silent_runs
from profcov.errors import TargetError
from profcov.playback.player.barrier import wait_for_jobs
from profcov.reading.report.text import plural, status_text
from profcov.store.pause import is_paused
from profcov.store.runs import list_silent
from profcov.store.survey import survey

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from profcov.slug import Slug
    from profcov.store.holders import Holder
    from profcov.store.survey import Held

TITLES: Final = ("profile", "shards", "size", "status", "holders", "pending jobs")


@click.command("status")
@data_dir_option("The servers' data directory.")
@redis_url_option("Count the jobs of each profile that are to run there.")
@format_option()
def command(data_dir: Path | None, redis_url: str | None, form: str) -> int:
    """Show each profile's shards and artifact, the processes that have work in flight, and whether recording is paused.

    A process that died with work in flight is shown as `died`. That, and other reasons for which the next artifact will
    be partial, follow the status of the present one.
    """
    directory = find_data_dir(data_dir, must_exist=True)
    held = survey(directory, looks_for_lines=True)
    jobs, problem = _count_jobs(redis_url, held)
    paused = is_paused(directory)
    if form == "json":
        profiles = [
            {**each.as_dict(), "pending_jobs": None if jobs is None else list(jobs[each.slug])} for each in held
        ]
        document = {
            "schema_version": SCHEMA_VERSION,
            "data_dir": str(directory),
            "paused": paused,
            "profiles": profiles,
            "silent_runs": [str(run) for run in list_silent(directory)],
        }
        print_json(document)
        return _conclude(problem)
    print_answer(TITLES, [_row(each, None if jobs is None else len(jobs[each.slug])) for each in held])
    total = sum(each.shard_bytes + each.artifact_bytes for each in held)
    note(f"{directory}: {plural(len(held), 'profile')}, {show_bytes(total)}, {'PAUSED' if paused else 'not paused'}")
    for each in held:
        if each.unmeasured is not None:
            click.echo(f"profcov: {each.slug}: {each.unmeasured}", err=True)
    tell_silent_runs(directory)
    return _conclude(problem)


def _count_jobs(
    redis_url: str | None, held: Sequence[Held]
) -> tuple[dict[Slug, tuple[str, ...]] | None, TargetError | None]:
    """Return how many jobs of each profile are to run, and why this is unknown; everything else is shown all the same."""
    if redis_url is None:
        return None, None
    try:
        return {each.slug: wait_for_jobs(redis_url, each.slug, 0) for each in held}, None
    except TargetError as error:
        return None, error


def _conclude(problem: TargetError | None) -> int:
    if problem is not None:
        raise problem
    return 0


def _row(held: Held, jobs: int | None) -> dict[str, Any]:
    status = status_text(held.status or "none", held.reasons)
    if held.missing:
        status = f"{status} (the next: {status_text('partial', held.missing)})"
    return {
        "profile": held.slug,
        "shards": len(held.shards),
        "size": held.shard_bytes + held.artifact_bytes,
        "status": status,
        "holders": [*_show_player(held), *map(_show_holder, held.holders)] or ["nobody"],
        "pending_jobs": jobs,
    }


def _show_player(held: Held) -> list[str]:
    return [] if held.player is None else [f"played by {held.player}"]


def _show_holder(holder: Holder) -> str:
    if holder.is_alive:
        return f"{holder.host} {holder.pid}, {time.time() - holder.since:.0f} s"
    return (
        f"{holder.host} {holder.pid} died, at work since {datetime.fromtimestamp(holder.since, UTC):%Y-%m-%d %H:%M:%S}Z"
    )
