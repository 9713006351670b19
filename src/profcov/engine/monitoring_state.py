"""What the monitoring engine writes: the lines of each trace, and what it knows of each code object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from profcov.engine.base import Executed, Taken, Trace

if TYPE_CHECKING:
    from types import CodeType


class MonitoringTrace(Trace):
    """A trace that callbacks write: lines seen by code object, and those that are not on disk."""

    __slots__ = ("fresh", "noisy", "seen", "waste")

    def __init__(self, slug: str, label: str | None) -> None:
        super().__init__(slug, label)
        self.seen: dict[int, set[int]] = {}
        self.fresh: dict[tuple[str, int], None] = {}
        self.waste = 0
        # Code objects (ids) where this trace is armed and entries stay on for somebody else's sake.
        self.noisy: set[int] = set()

    @property
    def has_news(self) -> bool:
        """Whether a line came that is not on disk."""
        return bool(self.fresh)

    def take(self) -> Taken:
        """Return what is not on disk."""
        fresh, written = self.fresh, self._written
        executed: Executed = {}
        for filename, line in list(fresh):
            if line in written.get(filename, ()):
                fresh.pop((filename, line), None)
            else:
                executed.setdefault(filename, set()).add(line)
        return Taken(executed)

    def settle(self, taken: Taken) -> None:
        """Say that what was taken is on disk."""
        for filename, lines in taken.executed.items():
            self._written.setdefault(filename, set()).update(lines)
            for line in lines:
                self.fresh.pop((filename, line), None)

    def unsettle(self) -> None:
        """Say that nothing of it is on disk any more."""
        written, self._written = self._written, {}
        for filename, lines in list(written.items()):
            self.fresh.update(dict.fromkeys((filename, line) for line in list(lines)))


class CodeState:
    """What the engine knows of one measured code object; holding the object keeps its id unique."""

    __slots__ = ("armed", "budget", "code", "epoch", "filename", "frozen", "quiet", "waste")

    def __init__(self, code: CodeType, filename: str, budget: int) -> None:
        self.code = code
        self.filename = filename
        self.armed = NOBODY
        self.budget = budget
        self.waste = 0
        self.epoch = 0
        self.quiet = False
        self.frozen = False


NOBODY: Final[frozenset[MonitoringTrace]] = frozenset()
