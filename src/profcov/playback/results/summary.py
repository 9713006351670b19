"""The results of a playback in Markdown, for people: a table, and what went wrong below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from profcov.playback.player.runner import FAILED, PASSED, SKIPPED
from profcov.reading.report.text import status_text

if TYPE_CHECKING:
    from profcov.playback.player.runner import Outcome
    from profcov.playback.results.document import Run

_MARKED: Final = re.compile(r"[\\`*_\[\]<>#|~&@$]")
"""What Markdown, GitHub's among it, may take for something else than a character."""


def summary_text(run: Run) -> str:
    """Return the text, with a line break at its end."""
    counts = ", ".join(f"{run.count(state)} {state}" for state in (PASSED, FAILED, SKIPPED) if run.count(state))
    lines = [
        "### profcov playback",
        "",
        f"{counts}; {run.seconds:.1f} s",
        "",
        "| profile | state | artifact | lines | requests | jobs | tries | seconds |",
        "|---|---|---|---:|---:|---:|---:|---:|",
        *(_row(outcome) for outcome in run.outcomes),
    ]
    messages = dict.fromkeys(str(outcome.error) for outcome in run.outcomes if outcome.error is not None)
    for outcome in run.outcomes:
        messages |= {
            f"{outcome.profile.slug}: {note}": None for note in (outcome.result.notes if outcome.result else ())
        }
    if messages:
        lines += ["", *(f"- {_plain(message)}" for message in messages)]
    return "\n".join(lines) + "\n"


def _row(outcome: Outcome) -> str:
    result, existing = outcome.result, outcome.existing
    artifact = result.artifact if result else None
    lines = "?" if outcome.lines is None else str(outcome.lines)
    if artifact is not None:
        made = ("complete" if artifact.complete else status_text("partial", artifact.reasons), lines)
    else:
        made = ("complete", lines) if existing else ("", "")
    sent = (str(result.requests), str(len(result.jobs))) if result else ("", "")
    cells = (outcome.profile.slug, outcome.state, *made, *sent, str(outcome.tries), f"{outcome.seconds:.1f}")
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Return a text on one line, with nothing in it that is markup."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return _MARKED.sub(lambda match: f"&#{ord(match[0])};", " ".join(printable.split()))
