"""What has changed between two matrices, as rows, as JSON and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.reading.report.files import lay_out, write_whole
from profcov.reading.report.text import code, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from profcov.reading.analysis.drift import Drift, ProfileDrift

SCHEMA_VERSION: Final = 1
DEPTH: Final = 4
TITLES: Final = ("change", "profile", "symbol", "was")


def drift_rows(drift: Drift) -> Iterator[tuple[str, ...]]:
    """Yield a row for each change: profiles first, then what each gained and lost, then symbols."""
    for slug, each in drift.profiles.items():
        if each.state != "same":
            yield f"{each.state} profile", slug, "", ""
        if each.is_partial:
            yield "partial profile", slug, "", ""
        if each.state == "same":
            yield from (("lost", slug, name, "") for name in each.lost)
            yield from (("gained", slug, name, "") for name in each.gained)
            yield from (("vanished", slug, name, "") for name in each.vanished)
    yield from (("new symbol", "", name, "") for name in drift.new)
    yield from (("vanished symbol", "", name, "") for name in drift.vanished)
    yield from (("renamed symbol", "", name, was) for was, name in drift.renamed.items())


def write_drift(drift: Drift, directory: Path) -> None:
    """Write ``changes.json`` and ``changes.md``, each whole or not at all.

    Raises:
        CoverageWriteError: one cannot be written.
    """
    write_whole(directory / "changes.json", [*lay_out(drift_document(drift), DEPTH), "\n"])
    write_whole(directory / "changes.md", drift_markdown(drift))


def drift_document(drift: Drift) -> dict[str, Any]:
    """Return the changes as JSON; profiles without a change have empty lists."""
    return {
        "schema_version": SCHEMA_VERSION,
        "profiles": {
            slug: {
                "state": each.state,
                "partial": each.is_partial,
                "was_partial": each.was_partial,
                "gained": list(each.gained),
                "lost": list(each.lost),
                "vanished": list(each.vanished),
            }
            for slug, each in drift.profiles.items()
        },
        "symbols": {
            "new": list(drift.new),
            "vanished": list(drift.vanished),
            "renamed": [{"name": name, "was": was} for was, name in drift.renamed.items()],
        },
    }


def drift_markdown(drift: Drift) -> Iterator[str]:
    """Yield the changes as Markdown, profile by profile."""
    changed = {slug: each for slug, each in drift.profiles.items() if _has_changed(each)}
    yield f"# What has changed\n\n{len(changed)} of {plural(len(drift.profiles), 'profile')} {'has' if len(changed) == 1 else 'have'} changed.\n"
    for slug, each in changed.items():
        yield f"\n## {code(slug)}{'' if each.state == 'same' else f': {each.state}'}\n"
        if each.is_partial:
            yield "\nIts artifact is not known to be complete: what it lost may just not have been recorded.\n"
        if each.was_partial and each.gained:
            yield "\nThe artifact before was not known to be complete: what it gained may just not have been recorded then.\n"
        if each.state == "same":
            yield from _list("Lost", each.lost)
            yield from _list("Gained", each.gained)
            yield from _list("No longer in the source", each.vanished)
        else:
            yield f"\n{plural(len(each.gained) + len(each.lost) + len(each.vanished), 'symbol')}.\n"
    if drift.new or drift.vanished or drift.renamed:
        yield "\n## Symbols\n"
        yield from _list("New", drift.new)
        yield from _list("Vanished", drift.vanished)
        yield from _list(
            "Renamed", [f"{code(was)} is now {code(name)}" for was, name in drift.renamed.items()], raw=True
        )


def _has_changed(each: ProfileDrift) -> bool:
    return bool(each.state != "same" or each.is_partial or each.gained or each.lost or each.vanished)


def _list(title: str, items: Sequence[str], *, raw: bool = False) -> Iterator[str]:
    if items:
        yield f"\n{title}: {len(items)}\n\n"
        yield from (f"- {item if raw else code(item)}\n" for item in items)
