"""The recorder: begins units of work, in the context, the engine and the store at once.

Everything here runs inside the application's server: no method raises, whatever goes wrong.
"""

from __future__ import annotations

import functools
import gc
import threading
from typing import TYPE_CHECKING, Final

from profcov.errors import EngineUnavailableError, InvalidSlugError
from profcov.recording.appearance import note_unit
from profcov.recording.books import Books
from profcov.recording.context import find_scope
from profcov.recording.engine import imports
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.flusher import start_flusher
from profcov.recording.later import do_or_put_off
from profcov.recording.lingering import look_at_lingering
from profcov.recording.unit import Refused, Unit, end_dropped
from profcov.recording.work import UNNAMED, Work
from profcov.slug import Slug, parse_slug
from profcov.store.denial import find_denial
from profcov.store.directory import DataDirectory
from profcov.store.files import free_bytes
from profcov.store.own_file import close_dropped
from profcov.store.pause import is_paused
from profcov.store.presence import Presence
from profcov.store.rows import MISSING
from profcov.store.shard import prepare
from profcov.wire.carrier import Carriers
from profcov.wire.labels import write_label
from profcov.wire.signature import is_signed
from profcov.wire.statuses import (
    BUSY,
    DISABLED,
    DISK,
    ERROR,
    INVALID_SLUG,
    MISSED,
    NOT_ALLOWED,
    PAUSED,
    SIGNATURE,
    STARTING,
    unsupported,
)

if TYPE_CHECKING:
    from profcov.recording.book import Book
    from profcov.recording.engine.base import Engine
    from profcov.settings import Settings
    from profcov.wire.carrier import Claim
    from profcov.wire.statuses import TraceStatus

_BUSY_SECONDS: Final = 2.0
_START_SECONDS: Final = 10.0
"""How long other units wait while one starts the engine: a cold import of coverage.py may take seconds on a busy machine."""


class Recorder:
    """Record units of work for one set of settings; one per process and settings, from :func:`recorder_for`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.carriers = Carriers(settings)
        self.engine: Engine | None = None
        self.presence = Presence(DataDirectory.of(settings))
        self._at_rest: TraceStatus | None = None
        self._starting = threading.Lock()
        self._books = Books(settings, self.presence)
        self._refusal: TraceStatus | None = None if settings.enabled else DISABLED
        self._flusher: int | None = None
        self._watchers = [None]  # one element to pop: popping is atomic, so that one thread flushes

    def begin_request(self, claim: Claim, work: Work = UNNAMED, *, wait: float = _BUSY_SECONDS) -> Unit | Refused:
        """Begin a unit of work for the claim of a request, which may be anything; never raise."""
        return self._try_to_begin(claim.slug, work, wait, None if claim.is_default else claim)

    def begin(self, slug_text: str, work: Work = UNNAMED, *, wait: float = _BUSY_SECONDS) -> Unit | Refused:
        """Begin a unit of work for an unchecked slug; never raise.

        ``wait`` is how many seconds to wait while the profile is being combined; after that the status is ``BUSY``. With 0 the
        caller tries again, and calls :meth:`miss` at the end.
        """
        return self._try_to_begin(slug_text, work, wait)

    def _try_to_begin(self, slug_text: str, work: Work, wait: float, claim: Claim | None = None) -> Unit | Refused:
        slug = None
        try:
            if self._refusal == DISABLED:
                return Refused(DISABLED)
            slug = Slug(slug_text) if slug_text in self._books else parse_slug(slug_text)
            # Only signed clients may see why no engine runs here: this comes after the check of the claim.
            found = (None if claim is None else self._check(slug, claim)) or self._begin(slug, work, wait)
            if isinstance(found, Unit):
                return found
            refused = Refused(found, slug)
            if found in MISSED and (wait or found != BUSY):
                self.miss(refused)
            return refused  # noqa: TRY300
        except InvalidSlugError:
            return Refused(INVALID_SLUG)
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)
            self.miss(Refused(ERROR, slug))
            denial = find_denial(error)
            if denial is None:
                log_once("begin", "cannot begin to record", error=error)
                return Refused(ERROR, slug)
            log_once("denied", "cannot record: %s", denial)
            return Refused(unsupported(denial.public), slug)

    def _check(self, slug: Slug, claim: Claim) -> TraceStatus | None:
        """Return why a claim is refused, or None."""
        try:
            secret = self.settings.secret
            if secret is not None and not is_signed(slug, claim.token, secret, self.settings.token_seconds):
                return SIGNATURE
            return None if self._books.admission.is_allowed(slug) else NOT_ALLOWED
        except Exception as error:  # noqa: BLE001 (itsdangerous may be missing)
            raise_foreign(error)
            log_once("signature", "cannot check the signature of a slug", error=error)
            return SIGNATURE

    def _begin(self, slug: Slug, work: Work, wait: float) -> Unit | TraceStatus:
        if self._flusher is None and self._refusal is None:
            self._watch()
        refusal = self._refusal or self._at_rest
        if refusal is not None:
            return refusal
        engine = self.engine or self._start()
        if engine is None:
            return self._refusal or STARTING
        refusal = engine.refusal()
        if refusal is not None:
            return refusal
        entered = self._books.enter(slug, engine, work.job, wait)
        if isinstance(entered, str):
            return entered
        book, place = entered
        try:
            scope = book.open_scope(find_scope(), work, functools.partial(self._find_label, slug, work))
        except BaseException:
            book.disjoin(place, work.job)
            raise
        return Unit(scope, place)

    def miss(self, refused: Refused) -> None:
        """Note that a unit was refused, whose lines will be missing; never raise."""
        if refused.slug is not None:
            self.presence.note(MISSING, refused.slug, MISSED[refused.status])

    def _find_label(self, slug: Slug, work: Work, final: bool) -> str | None:  # noqa: FBT001 (called by position)
        """Return a unit's context label; None while the route is not known, unless it is ``final``."""
        label = functools.partial(write_label, self.settings.context_prefix, slug)
        if self.settings.context == "request":
            label = functools.partial(label, work.ident())
            if not work.is_labelled:
                return label()
        name = None
        try:
            name = work.name()
        except Exception as error:  # noqa: BLE001 (a framework's objects are asked)
            raise_foreign(error)
            log_once("route", "cannot determine the route of a request", error=error)
        if name is None:
            return label() if final else None
        return label(name=name)

    def _start(self) -> Engine | None:
        """Start the engine at the first unit; if it cannot run here, log it once and refuse from now on.

        None if another thread has been starting it for seconds: it may be waiting for something that this thread holds.
        """
        lock = self._starting
        if not lock.acquire(timeout=_START_SECONDS):
            return None
        try:
            if self.engine is None and self._refusal is None:
                # A process that is never traced never imports coverage.py.
                from profcov.recording.engine.choose import start_engine  # noqa: PLC0415

                engine = start_engine(self.settings.engine, self.settings.config_file)
                imports.install(engine)
                engine.sources.imported()
                engine.sources.tell_missing()
                self.engine = engine
        except Exception as error:  # noqa: BLE001 (coverage.py's configuration errors among them)
            raise_foreign(error)
            log_once("engine-start", "cannot measure: %s", error)
            reason = error.public if isinstance(error, EngineUnavailableError) else type(error).__name__
            self._refusal = unsupported(reason)
        finally:
            lock.release()
        return self.engine

    def warm_up(self) -> None:
        """Start the engine before the first unit: for processes that fork one child per unit."""
        engine = self._start() if self.engine is None else None
        if engine is not None:
            try:
                engine.warm_up()
                prepare()
                gc.collect()  # or a full collection runs in each child, and copies every memory page
            except Exception as error:  # noqa: BLE001 (each child tries again, and says what is wrong)
                raise_foreign(error)

    def list_books(self) -> list[Book]:
        """Return the books."""
        return list(self._books)

    def flush_all(self, *, label_is_final: bool = False) -> None:
        """Write what is new of every slug, including late work of units that have ended, unless readers prevent it.

        Leave out units whose route is not known yet, unless this is the last time.
        """
        for book in self.list_books():
            do_or_put_off(functools.partial(book.flush_late, label_is_final=label_is_final))

    def _watch(self) -> None:
        """Flush every few seconds, for long units and for work that outlives its unit; notice pauses."""
        try:
            self._watchers.pop()
        except IndexError:
            return
        try:
            note_unit(self.settings)
            self.look_around()
            self._flusher = start_flusher(self)
        except BaseException:
            self._watchers.append(None)
            raise

    def tidy(self) -> None:
        """Do work that no unit should wait for; twice a second."""
        self.look_around()
        end_dropped()
        look_at_lingering()
        if self.presence.has_dropped:
            self.flush_all()  # before readers are let in
        self.presence.mend()
        close_dropped()

    def forget_books(self) -> None:
        """Forget books of past generations, and of profiles that were combined and have no work in flight."""
        self._books.forget_closed()

    def look_around(self) -> None:
        """Poll for a pause and for low disk space, off the request path."""
        self._at_rest = PAUSED if is_paused(self.settings.data_dir) else DISK if self._is_disk_low() else None

    def _is_disk_low(self) -> bool:
        least = self.settings.min_free_bytes
        free = free_bytes(self.settings.data_dir) if least else None
        if free is None or free >= least:
            return False
        log_once("disk", "less than %d bytes are free for %s: nothing is recorded", least, self.settings.data_dir)
        return True

    @property
    def is_unused(self) -> bool:
        """Whether no unit was ever begun."""
        return self._flusher is None

    def withdraw(self) -> None:
        """Remove the presence file if all is written: the process ends."""
        if all(book.pending.is_written for book in self.list_books()):
            self.presence.withdraw()

    def after_fork(self) -> None:
        """Start clean in a forked child: locks, lines and the flushing thread belong to the parent."""
        self._starting = threading.Lock()
        if self.is_unused:  # a child that is forked for each job should copy few memory pages
            return
        if self.engine is not None:
            self.engine.after_fork()
        self._books.abandon()
        self.presence.abandon()
        self.presence = Presence(self.presence.directory)
        self._books = Books(self.settings, self.presence)
        self._flusher = None
        self._watchers = [None]
