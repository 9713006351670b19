"""What happens when something inside the recording half fails: it is logged once, and the application continues."""

from __future__ import annotations

import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, TracebackType

logger: Final = logging.getLogger("profcov")

OWN: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH100, PTH120
"""The directory of this package, with a separator at its end."""
_SEP: Final = os.sep
_HERE: Final = {os.path.dirname(os.path.abspath(each)) for each in (__file__, signal.__file__)}  # noqa: PTH100, PTH120
_KNOWN: Final = sys.stdlib_module_names | {"coverage", "profcov"}
_NEVER_OURS: Final = (KeyboardInterrupt, SystemExit, GeneratorExit)
_logged: dict[str, object] = {}


def log_once(code: str, message: str, *args: object, error: BaseException | None = None) -> None:
    """Log a warning to the logger ``profcov``, once for each code in a process; never raise."""
    try:
        mine = object()
        if _logged.setdefault(code, mine) is mine:  # atomic without a lock, which a fork could leave held
            logger.warning(f"{message} (logged once; code {code})", *args, exc_info=error)  # noqa: G004
    except Exception as broken:  # noqa: BLE001 (a broken log handler; an interpreter that shuts down, modules emptied)
        raise_foreign(broken)


def is_foreign(error: BaseException) -> bool:
    """Return whether an exception that surfaced in the recording half belongs to the application.

    A signal handler (such as RQ's job timeout) or ``PyThreadState_SetAsyncExc`` may strike while our code runs, and the
    exception must reach the application. A handler's frame is in the traceback; an asynchronous exception has no frame of
    its own, but a foreign class, while the class of our own fault is the standard library's or coverage.py's.
    """
    if isinstance(error, _NEVER_OURS):
        return True
    frames = list(_walk(error.__traceback__))
    try:
        handlers = set(_handler_codes())
    except Exception as struck:
        *_, last = _walk(struck.__traceback__)
        if last.co_filename.rpartition(_SEP)[0] not in _HERE:  # a signal handler struck here
            raise
        return False  # the interpreter shuts down, and has cleared the modules we use
    if any(code in handlers for code in frames):
        return True
    known = type(error).__module__.partition(".")[0] in _KNOWN
    return not known and bool(frames) and frames[-1].co_filename.startswith(OWN)


def raise_foreign(error: BaseException) -> None:
    """Re-raise the application's exception behind an exception, if there is one; else return, because it is ours to log."""
    cause: BaseException | None = error
    while cause is not None:
        if is_foreign(cause):
            raise cause
        cause = cause.__cause__  # not its context: that may be an exception that the application is handling


def _walk(trace: TracebackType | None) -> Iterator[CodeType]:
    while trace is not None:
        yield trace.tb_frame.f_code
        trace = trace.tb_next


def _handler_codes() -> Iterator[CodeType]:
    for number in signal.valid_signals():
        handler = signal.getsignal(number)
        handler = getattr(handler, "func", handler)  # functools.partial
        handler = getattr(handler, "__func__", handler)  # a bound method
        code = getattr(handler, "__code__", None) or getattr(type(handler).__dict__.get("__call__"), "__code__", None)
        if code is not None:
            yield code
