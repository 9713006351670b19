"""The contract of engines: between the units of work above, and what observes execution."""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from profcov.recording.engine.sources import Sources
    from profcov.recording.scope import NoUnit, Scope
    from profcov.wire.statuses import TraceStatus

Executed = dict[str, set[Any]]
"""What ran, by the file name that goes into the data file: line numbers, or arcs (pairs of them) with branches."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do in this process.

    ``coroutine_blocks``: a ``with`` block inside a coroutine stays its own while the coroutine waits.
    """

    greenlets: bool
    branches: bool
    coroutine_blocks: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """What an engine has done in this process.

    ``arms`` and ``disarms``: of a trace in a code object; ``blocked``: disarms given up because the code was running.
    ``lines``: lines (arcs with branches) recorded, each once for a trace and code object, or file.
    """

    arms: int = 0
    disarms: int = 0
    blocked: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """The part of a trace that no shard holds yet; call ``settle`` once it is on disk."""

    executed: Executed
    settle: Callable[[], None]


class Trace(ABC):
    """The live attribution of one slug (and context label) in one process.

    Engines record into it; the store takes from it what is not yet on disk. Nothing leaves it before it is written, so
    two threads may take at once, and each may be interrupted anywhere: at worst something is written twice.
    """

    __slots__ = ("__weakref__", "_written", "branch", "flush_lock", "label", "scopes")

    def __init__(self, label: str | None, *, branch: bool = False) -> None:
        self.label = label  # None until it is known: it may need a request's route
        self.branch = branch
        self.scopes: weakref.WeakSet[Scope] = weakref.WeakSet()
        self.flush_lock = threading.Lock()
        self._written: Executed = {}

    @property
    @abstractmethod
    def has_news(self) -> bool:
        """Whether something was recorded that no shard holds yet: cheap, asked before every answer."""

    @abstractmethod
    def take(self) -> Taken:
        """Return everything that ran and that no shard holds yet."""

    def share_written(self, written: Executed) -> None:
        """Leave out, from now on, what is already on disk under the same label; call it before the first take."""
        self._written = written

    @abstractmethod
    def unsettle(self) -> None:
        """Note that nothing of it is on disk any more."""


T = TypeVar("T", bound=Trace)
S = TypeVar("S", bound="Scope")
H = TypeVar("H")


class BaseEngine(ABC, Generic[T, S, H]):
    """Observe execution, and file lines under the trace of the current scope.

    Its type parameters: its kind of trace, of scope, which has such a trace, and of token from a step's start to its end.
    """

    name: str
    capabilities: Capabilities
    sources: Sources

    @abstractmethod
    def new_trace(self, label: str | None) -> T:
        """Return an empty trace of this engine's kind."""

    @abstractmethod
    def release(self, trace: T) -> None:
        """Forget a trace for which no more work will come."""

    @abstractmethod
    def begin(self, scope: S) -> None:
        """Expect work under a scope: from now on its trace is live."""

    @abstractmethod
    def enter(self, scope: S | NoUnit | None) -> H:
        """Start a step on this thread: what runs until the matching ``leave`` belongs to the scope, or to no unit."""

    @abstractmethod
    def leave(self, handle: H) -> None:
        """End the step that ``enter`` returned, and restore what was observed before."""

    @abstractmethod
    def drive(self, coroutine: Coroutine[Any, Any, Any], scope: S | NoUnit | None) -> Coroutine[Any, Any, Any]:
        """Return a coroutine whose every resumption is a step of the scope."""

    @property
    @abstractmethod
    def counts(self) -> Counts:
        """What was done so far, for people only."""

    @abstractmethod
    def refusal(self) -> TraceStatus | None:
        """Return why a unit cannot be measured right now, in this thread, or None."""

    @abstractmethod
    def review(self) -> None:
        """Do, every few seconds, what the engine has put off."""

    @abstractmethod
    def after_fork(self) -> None:
        """Forget, in a forked child, what belongs to the parent."""

    @abstractmethod
    def warm_up(self) -> None:
        """Find out before the first unit what otherwise each forked child would have to find out."""

    @abstractmethod
    def close(self) -> None:
        """Stop observing, and free what was taken from the interpreter."""


Engine = BaseEngine[Any, Any, Any]
"""The engine of this process: there is only one, so traces and scopes are of its own kinds."""
