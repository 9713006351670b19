"""``profcov status``: what a data directory holds, and who is at work."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.answer import SCHEMA_VERSION, note, print_answer, print_json
from profcov.cli.columns import show_bytes
from profcov.cli.common import data_dir_option, find_data_dir, format_option, tell_silent_runs
from profcov.playback.barrier import wait_for_jobs
from profcov.report.text import plural
from profcov.store.pause import is_paused
from profcov.store.runs import list_silent
from profcov.store.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.store.holders import Holder
    from profcov.store.survey import Held

TITLES: Final = ("profile", "shards", "size", "status", "holders", "pending jobs")


@click.command("status")
@data_dir_option("The servers' data directory.")
@click.option("--redis-url", metavar="URL", help="Count the jobs of each profile that RQ has not finished.")
@format_option()
def command(data_dir: Path | None, redis_url: str | None, form: str) -> int:
    """Show each profile's shards and artifact, the processes that have work in flight, and whether recording is paused.

    A process that died with work in flight is shown as `died`: the next artifact says so, too, and what else it will say
    is shown behind the present one's status.
    """
    directory = find_data_dir(data_dir, must_exist=True)
    held = survey(directory)
    jobs = {each.slug: wait_for_jobs(redis_url, each.slug, 0) for each in held} if redis_url else None
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
        return 0
    print_answer(TITLES, [_row(each, None if jobs is None else len(jobs[each.slug])) for each in held])
    total = sum(each.shard_bytes + each.artifact_bytes for each in held)
    note(f"{directory}: {plural(len(held), 'profile')}, {show_bytes(total)}, {'PAUSED' if paused else 'not paused'}")
    tell_silent_runs(directory)
    return 0


def _row(held: Held, jobs: int | None) -> dict[str, Any]:
    status = "; ".join([held.status or "none", *([", ".join(held.reasons)] if held.reasons else [])])
    if held.missing:
        status = f"{status} (the next: partial; {', '.join(held.missing)})"
    return {
        "profile": held.slug,
        "shards": len(held.shards),
        "size": held.shard_bytes + held.artifact_bytes,
        "status": status,
        "holders": [_show_holder(each) for each in held.holders] or ["nobody"],
        "pending_jobs": jobs,
    }


def _show_holder(holder: Holder) -> str:
    if holder.is_alive:
        return f"{holder.host} {holder.pid}, {time.time() - holder.since:.0f} s"
    return (
        f"{holder.host} {holder.pid} died, at work since {datetime.fromtimestamp(holder.since, UTC):%Y-%m-%d %H:%M:%S}Z"
    )
