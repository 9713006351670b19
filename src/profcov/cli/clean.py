"""``profcov clean``: remove what was recorded, by name, age, number or size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from profcov import settings
from profcov.cli.answer import note, print_answer
from profcov.cli.arguments import (
    data_dir_option,
    find_directory,
    format_option,
    parse_slugs,
    refuse_unknown,
    slugs_argument,
)
from profcov.cli.columns import show_bytes
from profcov.cli.main import DATA
from profcov.errors import LockTimeoutError, SlugPlayedError
from profcov.store.clean import choose_old, discard_all, remove_all
from profcov.store.survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.store.survey import Held

_AGES: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZES: Final = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


class _Amount(click.ParamType):  # type: ignore[type-arg]
    """A number with a unit: ``7d``, ``500MB``."""

    def __init__(self, name: str, pattern: str, units: dict[str, int], example: str) -> None:
        self.name = name
        self._pattern = re.compile(pattern, re.IGNORECASE)
        self._units = units
        self._example = example

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = self._pattern.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is not one: write it as {self._example}", param, ctx)
        return float(found[1]) * self._units[found[2].lower()]


_AGE: Final = _Amount("age", r"([0-9]+(?:\.[0-9]+)?)([smhdw])", _AGES, "7d, 12h or 90m")
SIZE: Final = _Amount("size", r"([0-9]+(?:\.[0-9]+)?) ?([kmgt]?)b?", _SIZES, "500MB or 2GB")


@click.command("clean")
@slugs_argument()
@data_dir_option("The servers' data directory.")
@click.option("--older-than", type=_AGE, metavar="AGE", help="Remove profiles last recorded longer ago: 7d, 12h.")
@click.option("--keep-newest", type=click.IntRange(min=0), metavar="N", help="Remove all but the N newest profiles.")
@click.option(
    "--max-bytes",
    type=SIZE,
    metavar="SIZE",
    envvar=settings.MAX_BYTES,
    show_envvar=True,
    help="Remove the oldest profiles until the others take no more than this together: 500MB, 2GB.",
)
@click.option("--artifacts", is_flag=True, help="Remove the artifacts of the SLUGs, too.")
@click.option("--dry-run", is_flag=True, help="List what would be removed, and remove nothing.")
@format_option()
@click.pass_context
def command(
    ctx: click.Context,
    slugs: tuple[str, ...],
    *,
    data_dir: Path | None,
    older_than: float | None,
    keep_newest: int | None,
    max_bytes: float | None,
    artifacts: bool,
    dry_run: bool,
    form: str,
) -> int:
    """Remove what was recorded.

    With SLUGs alone it removes their shards that are not combined: recording starts again from nothing. Artifacts stay
    unless --artifacts is given, and a note says so. With an age, a number or a size it removes all that the directory
    holds of the profiles that are too old or too many: shards, artifacts, previous artifacts. It never removes a
    profile with work in flight: it exits with 3 if that was named. Prints a line for each profile: what was done, slug,
    size.
    """
    directory = find_directory(data_dir, must_exist=True)
    chosen = set(parse_slugs(slugs))
    everything = survey(directory.path)
    refuse_unknown(directory.path, chosen, [each.slug for each in everything])
    held = [each for each in everything if not chosen or each.slug in chosen]
    if chosen and ctx.get_parameter_source("max_bytes") is click.core.ParameterSource.ENVIRONMENT:
        max_bytes = None  # the limit is for the whole directory, not for named profiles
    rotates = older_than is not None or keep_newest is not None or max_bytes is not None
    if not rotates and not chosen:
        raise click.UsageError("name profiles, or select them by --older-than, --keep-newest, --max-bytes")
    if rotates:
        limit = None if max_bytes is None else int(max_bytes)
        held = choose_old(held, older_than=older_than, keep=keep_newest, max_bytes=limit)
    takes_all = rotates or artifacts
    busy = {} if dry_run else (remove_all if takes_all else discard_all)(directory, held)
    rows = [_describe(each, takes_all=takes_all, is_busy=each.slug in busy, dry_run=dry_run) for each in held]
    print_answer(("done", "profile", "size"), rows, form, titled=False)
    for row in rows:
        if row["profile"] in busy:
            click.echo(f"profcov: {row['profile']} stays: {_tell(busy[row['profile']])}", err=True)
        elif row["left"]:
            note(f"{row['profile']}: its artifact stays, {show_bytes(row['left'])}: --artifacts removes it, too")
    return DATA if chosen and busy else 0


def _describe(held: Held, *, takes_all: bool, is_busy: bool, dry_run: bool) -> dict[str, Any]:
    size = held.shard_bytes + (held.artifact_bytes if takes_all else 0)
    whole = held.shard_bytes + held.artifact_bytes
    if is_busy:
        return {"done": "at work", "profile": held.slug, "size": size, "left": whole}
    done = "nothing" if not (takes_all or held.is_pending) else "would go" if dry_run else "removed"
    return {"done": done, "profile": held.slug, "size": size, "left": whole - size}


def _tell(error: LockTimeoutError | SlugPlayedError) -> str:
    if isinstance(error, SlugPlayedError):
        return f"it is being played by {error.owner}"
    return f"processes are at work for it: {', '.join(error.holders) or 'unknown processes'}"
