"""Facts about a profile beside what it covers: how it was recorded and played."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from profcov.slug import Slug
    from profcov.store.read import Recorded

_NOT_DONE: Final = frozenset({"canceled", "failed", "killed", "stopped"})


@dataclass(frozen=True, slots=True)
class Note:
    """Facts from the sidecar of an artifact; None if it has no such fact.

    ``failed_jobs`` failed, were stopped or canceled, or died with their process; ``doubtful_jobs`` names those behind a reason
    why the artifact is partial.
    """

    created: str | None
    jobs: int | None
    failed_jobs: int | None
    doubtful_jobs: Mapping[str, str]
    versions: Mapping[str, Any]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Played:
    """How long a profile took, and how many requests it sent; None if the play did not get that far."""

    seconds: float | None
    requests: int | None


def take_notes(recorded: Iterable[Recorded], notes: dict[Slug, Note]) -> Iterator[Recorded]:
    """Pass artifacts on, and keep the facts of their sidecars: artifacts are too big to keep."""
    for each in recorded:
        notes[each.slug] = read_note(each)
        yield each


def read_note(recorded: Recorded) -> Note:
    """Return the facts from the sidecar of an artifact."""
    facts = recorded.facts
    if facts is None:
        return Note(None, None, None, {}, {}, {})
    jobs = [each.get("status") for each in facts["jobs"] if isinstance(each, dict)] if "jobs" in facts else None
    return Note(
        created=facts.get("created"),
        jobs=None if jobs is None else len(jobs),
        failed_jobs=None if jobs is None else sum(status in _NOT_DONE for status in jobs),
        doubtful_jobs=recorded.doubtful_jobs,
        versions=_mapping(facts.get("versions")),
        settings=_mapping(facts.get("settings")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
