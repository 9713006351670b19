"""``summary.md`` of a night: what was played, what has changed since the night before, and what no profile reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.playback.results.summary import summary_text
from profcov.reading.report.drift import drift_markdown
from profcov.reading.report.summary import summary_markdown
from profcov.reading.report.text import code

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from profcov.nightly.nights import Dropped
    from profcov.playback.results.document import Run
    from profcov.reading.analysis.drift import Drift
    from profcov.reading.analysis.overview import Overview


def night_summary(
    name: str, run: Run, overview: Overview, *, since: tuple[str, Drift] | None, dropped: Sequence[Dropped], size: int
) -> Iterator[str]:
    """Yield the summary, section by section; ``since`` is the night before and what has changed since."""
    yield f"# Profiles of {name}\n\n"
    yield _below(summary_text(run).splitlines()[2:])
    yield "\n"
    if since is None:
        yield "## What has changed\n\nThere is no night before to compare this one with.\n\n"
    else:
        before, drift = since
        yield _below([*"".join(drift_markdown(drift)).splitlines(), "", f"Compared with {code(before)}."])
        yield "\n"
    yield _below("".join(summary_markdown(overview.matrix, overview.gaps, overview.unique)).splitlines())
    yield "\n## Size\n\n"
    yield f"{size / 1e6:.1f} MB.\n"
    if dropped:
        yield "\nLeft out, because all of it would have been too big:\n\n"
        yield from (f"- {code(each.name)}: {each.size / 1e6:.1f} MB\n" for each in dropped)


def _below(lines: Iterable[str]) -> str:
    """Return a document's lines as a section of another: its headings one level lower, its links into ``matrix/``."""
    text = "\n".join(f"#{line}" if line.startswith("#") else line for line in lines)
    return text.replace("](gaps.md)", "](matrix/gaps.md)") + "\n"
