"""The traces of one slug in one process, and the labels that they are filed under."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.recording.faults import log_once
from profcov.wire.labels import write_label, write_other

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from profcov.recording.engine.base import Engine, Executed, Trace
    from profcov.recording.work import Work
    from profcov.settings import Settings
    from profcov.slug import Slug

    FindLabel = Callable[[bool], str | None]


class Traces:
    """With the context ``profile`` all units except jobs share one trace; with ``route`` and ``request`` each has its own.

    Each has its own because its label is known late; lines that are already on disk under a route's or a job's label are not
    written again.
    """

    __slots__ = ("_engine", "_finders", "_settings", "_slug", "_written", "shared")

    def __init__(self, slug: Slug, settings: Settings, engine: Engine) -> None:
        self._slug = slug
        self._settings = settings
        self._engine = engine
        self._finders: dict[Trace, FindLabel] = {}
        self._written: dict[str, Executed] = {}
        self.shared: Trace | None = None
        """The shared trace of all units without their own label."""
        if settings.context == "profile":
            self.shared = engine.new_trace(write_label(settings.context_prefix, slug))

    def __iter__(self) -> Iterator[Trace]:
        """Yield traces under which work may still run, or which are not on disk."""
        return iter(list(self._finders) + ([] if self.shared is None else [self.shared]))

    @property
    def have_news(self) -> bool:
        """Whether something was recorded that no shard holds yet."""
        return any(trace.has_news for trace in self)

    def choose(self, work: Work) -> Trace:
        """Return the trace of a unit that begins: its own one if its work ``is_labelled``."""
        trace = None if work.is_labelled else self.shared
        if trace is None:
            self._forget_idle()
            trace = self._engine.new_trace(None)
        return trace

    def keep(self, trace: Trace, find_label: FindLabel) -> None:
        """Keep a chosen trace, now that it has a scope; otherwise it would be forgotten as idle.

        ``find_label`` returns its label, or None while it is not known; given True, it must know.
        """
        if trace is not self.shared:
            self._finders[trace] = find_label

    def find_label(self, trace: Trace, *, is_final: bool) -> str | None:
        """Return a trace's label; hold no lock, because it reads a framework's objects."""
        if trace.label is None:
            find = self._finders.get(trace)
            found = None if find is None else find(is_final)
            if found is not None:
                label = self._bound(found)
                written = self._written.setdefault(label, {})
                if self._settings.context != "request" or label != found:
                    trace.share_written(written)
                trace.label = label
        return trace.label

    def _bound(self, label: str) -> str:
        """Return a label, or the shared one beyond the limit: a client can invent ids, and path segments."""
        limit = self._settings.max_labels
        if label in self._written or len(self._written) < limit:
            return label
        log_once("labels", "%s has more than %d context labels: those that come now are one", self._slug, limit)
        return write_other(self._settings.context_prefix, self._slug, label)

    def unsettle(self) -> None:
        """Say that nothing is on disk any more."""
        self._written = {}
        for trace in self:
            trace.unsettle()

    def is_left(self, trace: Trace) -> bool:
        """Return whether a trace is one unit's own, and the unit and all that it started have ended."""
        return trace in self._finders and not trace.scopes

    def forget(self, trace: Trace) -> bool:
        """Forget one unit's own trace, written or not; return whether it was there."""
        if self._finders.pop(trace, None) is None:
            return False
        self._engine.release(trace)
        return True

    def _forget_idle(self) -> None:
        for trace in [each for each in list(self._finders) if not each.scopes and not each.has_news]:
            self.forget(trace)

    def let_go(self) -> bool:
        """Have the engine forget idle traces that are on disk; return whether none is left."""
        for trace in [each for each in self if not each.scopes and not each.has_news]:
            self._engine.release(trace)
            self._finders.pop(trace, None)
            if trace is self.shared:
                self.shared = None
        return not list(self)
