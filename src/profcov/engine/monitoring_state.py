"""What the monitoring engine writes: the lines of each trace, and what it knows of each code object."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from profcov.engine.base import Executed, Trace

if TYPE_CHECKING:
    from types import CodeType


class MonitoringTrace(Trace):
    """A trace that callbacks write: lines seen by code object, and a queue of those not yet taken."""

    __slots__ = ("fresh", "noisy", "seen", "waste")

    def __init__(self, slug: str, label: str | None) -> None:
        super().__init__(slug, label)
        self.seen: dict[int, set[int]] = {}
        self.fresh: deque[tuple[str, int]] = deque()
        self.waste = 0
        # Code objects (ids) where this trace is armed and entries stay on for somebody else's sake.
        self.noisy: set[int] = set()

    @property
    def has_news(self) -> bool:
        """Whether a line came since the last take, the last write failed, or one is under way."""
        return bool(self.fresh or self._pending) or self.flush_lock.locked()

    def take(self) -> Executed:
        """Drain the queue into what is pending and return that."""
        fresh, pending, written = self.fresh, self._pending, self._written
        while fresh:
            filename, line = fresh.popleft()
            if line not in written.get(filename, ()):
                pending.setdefault(filename, set()).add(line)
        return pending


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
