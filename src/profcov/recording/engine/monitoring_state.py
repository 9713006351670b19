"""The data of the monitoring engine: the lines of each trace, and its state of each code object."""

from __future__ import annotations

import weakref
from collections import deque
from functools import partial
from itertools import chain, compress, count, filterfalse, repeat, starmap
from operator import attrgetter, call, not_
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.engine.base import Executed, Taken, Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType

    from profcov.recording.scope import Scope

    Step = tuple[Any, ...]  # a function, and its arguments

_exhaust: Final[Callable[[Iterable[object]], None]] = deque[object](maxlen=0).extend
unique: Final = count(1).__next__
"""Return a number that no state has had before."""
_may_lack_lines: Final = attrgetter("may_lack_lines")
_is_over: Final = attrgetter("is_over")
_scopes: Final = attrgetter("scopes.data")


def at_once(*parts: Iterable[object]) -> None:
    """Run all the steps of some iterators in one call into C: no thread, signal or garbage collection can run in between.

    There is no lock: the collector runs foreign code in any thread, also in one that holds a lock, and that code may wait
    for its own lock, whose holder waits for ours. So no step may run Python code.
    """
    _exhaust(chain.from_iterable(parts))


def calls(*steps: Step) -> Iterable[object]:
    """Return the steps, each a function and its arguments, to be run as they are reached."""
    return starmap(call, steps)


def calls_if(condition: Iterable[object], steps: Iterable[Step]) -> Iterable[object]:
    """Return steps that are run if a condition holds when they are reached: an iterator in C of one value."""
    return starmap(call, chain.from_iterable(compress((steps,), condition)))


class MonitoringTrace(Trace):
    """A trace that callbacks write: the lines that are not on disk."""

    __slots__ = ("fresh", "is_over", "waste")

    def __init__(self, label: str | None) -> None:
        super().__init__(label)
        self.fresh: dict[tuple[str, int], None] = {}
        self.is_over = False
        self.waste = 0

    def is_parked(self) -> Iterable[bool]:
        """Return, for :func:`calls_if`, whether no more work can come for it."""
        return map(not_, map(_scopes, (self,)))

    @property
    def has_news(self) -> bool:
        """Whether it has a line that is not on disk."""
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
        return Taken(executed, partial(self._settle, executed))

    def _settle(self, executed: Executed) -> None:
        for filename, lines in executed.items():
            self._written.setdefault(filename, set()).update(lines)
            for line in lines:
                self.fresh.pop((filename, line), None)

    def unsettle(self) -> None:
        """Say that nothing of it is on disk any more."""
        written, self._written = self._written, {}
        for filename, lines in dict(written).items():
            self.fresh.update(dict.fromkeys((filename, line) for line in list(lines)))


if TYPE_CHECKING:

    class MonitoringScope(Scope):
        """A scope with such a trace, as are those around it."""

        trace: MonitoringTrace

        def nest(self) -> Iterator[MonitoringTrace]: ...  # noqa: D102 (as of any scope)


class CodeState:
    """The engine's state of one measured code object, which it does not keep alive.

    ``seen`` has the lines of each trace that ever entered; ``armed`` those of the traces that need events, and ``sets`` the same
    for line callbacks. ``leaving``: the traces to disarm, by each disarming in progress.
    """

    __slots__ = (
        "armed",
        "budget",
        "calls",
        "epoch",
        "filename",
        "leaving",
        "may_lack_lines",
        "ref",
        "seen",
        "sets",
        "settled",
        "waste",
    )

    def __init__(self, code: CodeType, filename: str, budget: int, states: dict[int, CodeState]) -> None:
        # When the code object dies, so does this, before another gets its id: in C, because it may be at any moment, and
        # what a signal handler raises in a weak reference's callback would be lost.
        self.ref = weakref.ref(code, partial(states.pop, id(code)))
        self.filename = filename
        self.seen: dict[MonitoringTrace, set[int]] = {}
        self.armed: dict[MonitoringTrace, set[int]] = {}
        self.sets: tuple[set[int], ...] = ()
        self.leaving: dict[object, set[MonitoringTrace]] = {}
        self.may_lack_lines = False
        self.budget = budget
        self.waste = self.calls = 0
        self.epoch = self.settled = 0

    def keep(self, trace: MonitoringTrace) -> None:
        """Keep a trace from being disarmed: it enters."""
        for leaving in tuple(self.leaving.values()):
            leaving.discard(trace)

    def lacks_lines(self) -> Iterable[bool]:
        """Return, for :func:`calls_if`, whether a line's event may be off."""
        return map(_may_lack_lines, (self,))

    def publish(self) -> Iterable[object]:
        """Return the steps that publish a change of armed traces to callbacks; earlier decisions become void."""
        sets = map(tuple, map(dict.values, (self.armed,)))
        return chain(calls((setattr, self, "epoch", unique())), map(setattr, (self,), ("sets",), sets))

    def drop(self, live: set[MonitoringTrace], known: tuple[MonitoringTrace, ...]) -> Iterable[object]:
        """Return the steps that disarm traces that are not live, and forget the lines of traces that are over.

        The caller keeps ``known``: a trace must not die while steps run.
        """
        disarm = map(self.armed.pop, filterfalse(live.__contains__, known), repeat(None))
        gone = filter(_is_over, filterfalse(live.__contains__, known))
        return chain(disarm, map(self.seen.pop, gone, repeat(None)))
