"""What ``profcov playback`` shows while profiles play, and prints and writes afterwards."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from profcov.cli.answer import is_quiet, note, print_answer
from profcov.errors import CoverageWriteError, explain
from profcov.playback.results.document import results_document
from profcov.playback.results.junit import junit_document
from profcov.playback.results.summary import summary_text
from profcov.reading.report.files import is_replaced, make_parent, write_json, write_whole_bytes
from profcov.reading.report.text import status_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from profcov.errors import PlaybackError, TargetError
    from profcov.playback.player.plan import Planned
    from profcov.playback.player.play import PlayResult
    from profcov.playback.player.runner import Outcome
    from profcov.playback.results.document import Run
    from profcov.playback.scenario.model import Profile
    from profcov.store.combine import Artifact

STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"
"""The file to which GitHub Actions wants Markdown appended, for the page of the run."""

_MAX_SUMMARY_BYTES: Final = 1024 * 1024
"""GitHub shows no summary of a step that is larger."""

_CUT: Final = b"\nThe rest is left out: GitHub shows no summary of more than 1 MiB.\n"

_COLUMNS: Final = ("profile", "artifact", "status", "lines", "requests", "jobs", "seconds")
_PLAN: Final = ("profile", "step", "method", "url", "traced")


@dataclass(frozen=True, slots=True)
class Observers:
    """The callbacks for a step that was done, a try that failed, and a profile that has ended."""

    step_done: Callable[[Profile], None]
    try_failed: Callable[[Profile, PlaybackError | TargetError, float], None]
    play_done: Callable[[Outcome], None]


@contextlib.contextmanager
def show_progress(profiles: Sequence[Profile]) -> Iterator[Observers]:
    """Provide the observers of a play: bars on a terminal, a line for each profile elsewhere."""
    if is_quiet() or not sys.stderr.isatty():
        yield Observers(
            step_done=lambda _profile: None,
            try_failed=print_try,
            play_done=_print_line,
        )
        return
    from rich.console import Console  # noqa: PLC0415 (slow to import, and only for terminals)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars = {each.slug: progress.add_task(each.slug, total=len(each.steps)) for each in profiles}

        def try_failed(profile: Profile, error: PlaybackError | TargetError, pause: float) -> None:
            progress.console.print(Text(_describe_try(profile, error, pause)), soft_wrap=True)
            progress.update(bars[profile.slug], completed=0)

        def play_done(outcome: Outcome) -> None:
            progress.stop_task(bars[outcome.profile.slug])
            for line in _describe_notes(outcome):
                progress.console.print(Text(line), soft_wrap=True)

        yield Observers(
            step_done=lambda profile: progress.advance(bars[profile.slug]),
            try_failed=try_failed,
            play_done=play_done,
        )


def print_try(profile: Profile, error: PlaybackError | TargetError, pause: float) -> None:
    """Print why a profile is played again."""
    note(_describe_try(profile, error, pause))


def print_skipped(outcomes: Sequence[Outcome]) -> None:
    """Print which profiles are not played."""
    for outcome in outcomes:
        if outcome.existing is not None:
            note(f"{outcome.profile.slug}: skipped, {outcome.existing.path} is complete")


def print_plan(planned: Sequence[Planned], form: str) -> None:
    """Print what would be sent."""
    rows = [
        {"profile": each.slug, "step": each.step, "method": each.method, "url": each.url, "traced": each.is_traced}
        for each in planned
    ]
    print_answer(_PLAN, rows, form, name="requests", titled=False)


def print_artifacts(outcomes: Sequence[Outcome]) -> None:
    """Print where the artifacts are, those of skipped profiles too."""
    rows: list[dict[str, Any]] = []
    for outcome in outcomes:
        if outcome.existing is not None:
            kept, nothing = outcome.existing, {"requests": 0, "jobs": 0, "seconds": 0.0}
            facts = {"artifact": str(kept.path), "status": outcome.state, "lines": outcome.lines}
            rows.append({"profile": outcome.profile.slug, **facts, **nothing})
        elif outcome.result is not None and outcome.result.artifact is not None:
            rows.append(_row(outcome.result, outcome.result.artifact, outcome.lines))
    if rows:
        print_answer(_COLUMNS, rows, titled=False)


def prepare(*files: Path | None) -> None:
    """Make the directories of the output files: errors are reported before anything is sent.

    Raises:
        CoverageWriteError: the system does not let us.
    """
    for file in filter(None, files):
        make_parent(file)
        if file.is_dir() or not os.access(file.resolve().parent if is_replaced(file) else file, os.W_OK):
            raise CoverageWriteError(file, "it is a directory" if file.is_dir() else "permission denied")


def write_results(run: Run, *, junit: Path | None, results: Path | None) -> None:
    """Write the requested documents, and append to GitHub's summary if there is one.

    Raises:
        CoverageWriteError: a file cannot be written.
    """
    append_step_summary(summary_text(run))
    with contextlib.ExitStack() as each:  # if one cannot be written, write the other all the same
        if junit is not None:
            each.callback(lambda: write_whole_bytes(junit, [junit_document(run)]))
        if results is not None:
            each.callback(lambda: write_json(results, results_document(run)))


def append_step_summary(text: str) -> None:
    """Append Markdown to GitHub's summary if there is one, as far as GitHub shows it."""
    summary = os.environ.get(STEP_SUMMARY)
    if summary:
        try:
            with open(summary, "ab") as file:  # noqa: PTH123 (the name is GitHub's)
                file.write(_cut(text.encode(errors="replace"), _MAX_SUMMARY_BYTES - file.tell()))
        except OSError as error:  # the results are valid all the same
            click.echo(f"profcov: warning: {STEP_SUMMARY}: cannot write {summary}: {explain(error)}", err=True)


def _cut(text: bytes, most: int) -> bytes:
    """Return the first lines of a text that fit, with a note if there are more."""
    if len(text) <= most:
        return text
    kept = text[: most - len(_CUT)] if most > len(_CUT) else b""
    return kept[: kept.rfind(b"\n") + 1] + _CUT if kept else b""


def _describe_try(profile: Profile, error: PlaybackError | TargetError, pause: float) -> str:
    return f"{profile.slug}: played again in {pause:g} s, because it failed: {error}"


def _print_line(outcome: Outcome) -> None:
    if outcome.result is not None:
        note(f"{outcome.result.slug}: {_describe(outcome.result, outcome.tries)}")
    for line in _describe_notes(outcome):
        note(line)


def _describe_notes(outcome: Outcome) -> list[str]:
    return [f"{outcome.profile.slug}: {note}" for note in (outcome.result.notes if outcome.result else ())]


def _describe(result: PlayResult, tries: int) -> str:
    facts = [f"{result.requests} requests", f"{len(result.jobs)} jobs", f"{result.seconds:.1f} s"]
    if tries > 1:
        facts.append(f"{tries} tries")
    if result.artifact is not None:
        facts.append(status_text("complete" if result.artifact.complete else "partial", result.artifact.reasons))
    return ", ".join(facts)


def _row(result: PlayResult, artifact: Artifact, lines: int | None) -> dict[str, Any]:
    return {
        "profile": result.slug,
        "artifact": str(artifact.path),
        "status": "complete" if artifact.complete else "partial",
        "reasons": artifact.reasons,
        "lines": lines,
        "requests": result.requests,
        "jobs": len(result.jobs),
        "seconds": result.seconds,
    }
