"""The page `about`: what the dashboard was made from, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.configuration.options import SOURCES
from profcov.reading.report.text import plural, printable
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from profcov.reading.report.dashboard.edition import Edition

_TOP: Final = 20
_MEASURED: Final = (*SOURCES, "include", "omit")


def describe_edition(edition: Edition) -> Iterator[tuple[str, str]]:
    """Yield titles and texts."""
    yield "Made", f"{edition.generated}, by profcov {__version__}"
    if edition.commit is not None:
        yield "Commit", edition.commit
    yield from _describe_recording(edition)
    index = edition.overview.matrix.index
    statements = sum(each.statements.bit_count() for each in index.files.values())
    yield (
        "Source",
        ", ".join(
            [plural(len(index.files), "file"), plural(len(index.symbols), "symbol"), plural(statements, "statement")]
        ),
    )
    yield from _describe_settings(edition)
    if edition.overview.matrix.index.unreadable:
        yield "Cannot be measured", _list(printable(each.file) for each in edition.overview.matrix.index.unreadable)
    unknown = {file for reach in edition.overview.matrix.profiles.values() for file in reach.unknown_files}
    if unknown:
        yield "Ran, but not in the measured source", _list(printable(file) for file in sorted(unknown))
    yield "What counts", _RULE
    if not edition.overview.matrix.knows_imports:
        yield "Imports", "An artifact does not record which modules were imported."


_RULE: Final = (
    "A symbol is covered by a profile if a statement of its own body ran: not its decorators, its def line, its docstring "
    "or a function within it. A class or module is covered if anything in it is. Import-time code belongs to no profile."
)


def _describe_recording(edition: Edition) -> Iterator[tuple[str, str]]:
    notes = edition.overview.notes.values()
    created = sorted(note.created for note in notes if note.created is not None)
    if created:
        yield "Recorded", created[0] if created[0] == created[-1] else f"{created[0]} to {created[-1]}"
    names = {"profcov": "profcov", "coverage": "coverage.py", "python": "Python"}
    versions = [
        f"{shown} {version}"
        for name, shown in names.items()
        for version in sorted({str(note.versions[name]) for note in notes if name in note.versions})
    ]
    if versions:
        yield "Recorded by", ", ".join(versions)
    states = [reach.status for reach in edition.overview.matrix.profiles.values()]
    counts = (f"{states.count(state):,} {state}" for state in ("complete", "partial", "unknown") if state in states)
    yield "Artifacts", ", ".join(counts) or "none"


def _describe_settings(edition: Edition) -> Iterator[tuple[str, str]]:
    """Yield what was measured and left out; each value if profiles differ."""
    notes = edition.overview.notes.values()
    for name in _MEASURED:
        values = {_join(note.settings[name]) for note in notes if note.settings.get(name)}
        if values:
            yield f"coverage.py: {name}", "; or ".join(sorted(values))
    if any(note.settings.get("branch") for note in notes):
        yield "coverage.py: branch", "on; lines are shown"


def _join(value: Any) -> str:
    return ", ".join(printable(str(each)) for each in value) if isinstance(value, list) else printable(str(value))


def _list(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:_TOP]) + (f" and {len(shown) - _TOP:,} more" if shown[_TOP:] else "")
