"""``profcov status``: what a data directory holds, and who is at work."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from profcov.cli.common import data_dir_option, find_data_dir, format_option, show_bytes, tell_silent_runs
from profcov.playback.barrier import wait_for_jobs
from profcov.store.pause import is_paused
from profcov.store.runs import list_silent
from profcov.store.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.store.holders import Holder
    from profcov.store.survey import Held

TITLES: Final = ("profile", "shards", "size", "artifact", "at work", "jobs")


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
            "schema_version": 1,
            "data_dir": str(directory),
            "paused": paused,
            "profiles": profiles,
            "silent_runs": [str(run) for run in list_silent(directory)],
        }
        click.echo(json.dumps(document, indent=2))
        return 0
    rows = [_row(each, None if jobs is None else len(jobs[each.slug])) for each in held]
    console = Console()
    if not console.is_terminal:
        click.echo("\t".join(TITLES))
        for row in rows:
            click.echo("\t".join(row))
    else:
        table = Table(*TITLES, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table if rows else Text("no profile was recorded yet", style="dim"))
    total = sum(each.shard_bytes + each.artifact_bytes for each in held)
    click.echo(
        f"{directory}: {len(held)} profiles, {show_bytes(total)}, {'PAUSED' if paused else 'not paused'}", err=True
    )
    tell_silent_runs(directory)
    return 0


def _row(held: Held, jobs: int | None) -> tuple[str, ...]:
    artifact = "none" if held.status is None else held.status
    if held.reasons:
        artifact = f"{artifact}; {', '.join(held.reasons)}"
    if held.missing:
        artifact = f"{artifact} (the next: partial; {', '.join(held.missing)})"
    at_work = ", ".join(map(_show_holder, held.holders)) or "nobody"
    size = show_bytes(held.shard_bytes + held.artifact_bytes)
    return held.slug, str(len(held.shards)), size, artifact, at_work, "?" if jobs is None else str(jobs)


def _show_holder(holder: Holder) -> str:
    if holder.is_alive:
        return f"{holder.host} {holder.pid}, {time.time() - holder.since:.0f} s"
    return (
        f"{holder.host} {holder.pid} died, at work since {datetime.fromtimestamp(holder.since, UTC):%Y-%m-%d %H:%M:%S}Z"
    )
