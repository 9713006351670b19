"""What coverage.py's C tracers write for a trace, and what was taken from it."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from profcov.recording.engine.base import Taken, Trace

if TYPE_CHECKING:
    from types import CodeType

    from profcov.recording.engine.base import Executed
    from profcov.recording.engine.ctrace import CTraceEngine
    from profcov.recording.scope import Scope

    Mark = tuple[str, CodeType, bytes]
    """The identity of a code object among those of all files: two that are alike are equal."""


class Known:
    """What the tracers of a trace use; nothing in it refers back to them, because the collector does not look into them."""

    __slots__ = ("data", "former", "keys", "verdicts")

    def __init__(self) -> None:
        self.data: dict[str | Mark, set[int]] = {}
        """What they write, by the key of a file's version, or by a code object's mark."""
        self.keys: dict[Mark, str] = {}
        """The version of its file that a code object is of."""
        self.verdicts: dict[str | Mark, object] = {}
        """On files, by their names in code objects; each is asked for once. And on marks."""
        self.former: list[object] = []


class CTrace(Trace):
    """A trace whose ``data`` coverage.py's tracers write: lines, or packed arcs, by the name of the file in the data."""

    __slots__ = ("_counts", "_engine", "_settled", "_width", "data", "known", "resting")

    def __init__(self, label: str | None, *, arc_width: int | None, engine: CTraceEngine) -> None:
        super().__init__(label, branch=arc_width is not None)
        self._engine = engine
        self._width = arc_width or 0
        self.known = Known()
        self.data = self.known.data
        self.resting = threading.local()
        self._counts: dict[str | Mark, int] = {}
        """How much of each file's is on disk."""
        self._settled = 0

    @property
    def has_news(self) -> bool:
        """Whether something ran since the last settled take."""
        return sum(map(len, list(self.data.values()))) > self._settled

    def take(self) -> Taken:
        """Return what is in the tracers' data and not on disk."""
        counts: dict[str | Mark, int] = {}
        new: Executed = {}
        for name, ran in dict(self.data).items():
            if len(ran) == self._counts.get(
                name
            ):  # so the cost of a flush depends on what is new, not on the number of files
                continue
            filename = name if isinstance(name, str) else self.known.keys.get(name, name[0])
            each = set(ran)
            counts[name] = len(each)
            left = each - self._written.get(filename, set())
            if left:
                new.setdefault(filename, set()).update(left)
        settle = partial(self._settle, counts, new)
        if not self.branch:
            return Taken(new, settle)
        arcs = {filename: {unpack_arc(each, self._width) for each in packed} for filename, packed in new.items()}
        return Taken(arcs, settle)

    def _settle(self, counts: dict[str | Mark, int], new: Executed) -> None:
        """Note that these are on disk. If two threads do so at once, one may take a little a second time."""
        for filename, each in new.items():
            self._written.setdefault(filename, set()).update(each)
        self._counts.update((name, count) for name, count in counts.items() if count > self._counts.get(name, 0))
        settled = sum(list(self._counts.values()))
        self._engine.lines += max(0, settled - self._settled)
        self._settled = settled

    def unsettle(self) -> None:
        """Say that nothing of it is on disk any more."""
        self._written, self._counts, self._settled = {}, {}, 0


if TYPE_CHECKING:

    class CScope(Scope):
        """A scope with such a trace."""

        trace: CTrace


def unpack_arc(packed: int, width: int) -> tuple[int, int]:
    """Return the arc in an integer: ``width`` bits for each line, then a bit for the sign of each."""
    mask = (1 << width) - 1
    start, end = packed & mask, packed >> width & mask
    return (-start if packed >> 2 * width & 1 else start), (-end if packed >> 2 * width + 1 & 1 else end)
