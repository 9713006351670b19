"""Let RQ's work horses write before they are killed.

The worker kills its horse by SIGKILL when a job is stopped, or at a cold shutdown. Before that it sends SIGUSR2, and waits up to
a second until the horse reports through a pipe that all is written; the horse then blocks. A horse that gets SIGTERM, with the
worker's whole process group, writes by itself.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.later import do_or_put_off
from profcov.recording.processes import flush_everything

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_PATIENCE_SECONDS: Final = 1.0
_READY, _WRITTEN = b"r", b"w"
_PIPE: Final = "_profcov_pipe"
"""The attribute of a worker with the pipe to its horse."""
_SPAWNED: Final = "PROFCOV_HORSE_PIPE"
"""The environment variable with the pipe's end, for a horse that was spawned, not forked."""
_SPAWNING: Final = {"spawnv": 1, "posix_spawn": 0}
"""The functions that RQ spawns with, and the position of the program: RQ 2 uses the first, RQ 3 the second."""


class Pipe(NamedTuple):
    """The ends of a pipe from a horse to its worker; -1 for an end that this process does not have."""

    reader: int = -1
    writer: int = -1

    @classmethod
    def of(cls, worker: Any) -> Pipe:
        """Return a worker's."""
        pipe = getattr(worker, _PIPE, None)
        return pipe if isinstance(pipe, cls) else cls()


@contextlib.contextmanager
def connected(worker: Any) -> Iterator[None]:
    """Make the pipe between a worker and the horse that it starts inside this block."""
    if Pipe.of(worker).writer >= 0:  # a mixin above a class that is hooked
        yield
        return
    try:
        let_go(worker)
        pipe = Pipe(*os.pipe())
        setattr(worker, _PIPE, pipe)
    except OSError as error:
        log_once("horse", "cannot connect a work horse: what it runs is lost if it is killed", error=error)
        yield
        return
    try:
        yield  # a forked horse does not come back
    finally:
        os.close(pipe.writer)
        setattr(worker, _PIPE, Pipe(pipe.reader))


def let_go(worker: Any) -> None:
    """Close what is left of the pipe to a horse."""
    for fd in Pipe.of(worker):
        with contextlib.suppress(OSError):
            if fd >= 0:
                os.close(fd)
    setattr(worker, _PIPE, Pipe())


def let_write(worker: Any) -> None:
    """Give a worker's horse time to write before it is killed; never raise."""
    try:
        reader = Pipe.of(worker).reader
        if reader < 0 or not select.select([reader], [], [], 0)[0] or os.read(reader, 1) != _READY:
            return  # it performs no traced job, or has its signal already
        os.kill(worker.horse_pid, signal.SIGUSR2)
        select.select([reader], [], [], _PATIENCE_SECONDS)
    except Exception as error:  # noqa: BLE001 (it has gone by itself, say)
        raise_foreign(error)
        log_once("horse", "cannot signal a work horse to write before it is killed", error=error)


@contextlib.contextmanager
def attentive(worker: Any) -> Iterator[None]:
    """Write, inside this block, before a signal ends this process, if it is a horse."""
    if not getattr(worker, "is_horse", False) or threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {signal.SIGUSR2: _on_request(worker)}
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        handlers[signal.SIGTERM] = _on_end
    for number, handler in handlers.items():
        signal.signal(number, handler)
    _say(worker, _READY)
    try:
        yield
    finally:
        # SIGUSR2 stays: the worker may send it at any moment from now on. The job may have put handlers of its own in place.
        if signal.getsignal(signal.SIGTERM) is handlers.get(signal.SIGTERM):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _on_request(worker: Any) -> Callable[[int, FrameType | None], None]:
    def write(_number: int, _frame: FrameType | None) -> None:
        flush_everything()
        do_or_put_off(
            functools.partial(_await_kill, worker)
        )  # later, as the writing is, if the signal came in the middle

    return write


def _await_kill(worker: Any) -> None:
    """Report that all is written, and run nothing more that would have to be written before the kill."""
    _say(worker, _WRITTEN)
    time.sleep(_PATIENCE_SECONDS)


def _on_end(number: int, _frame: FrameType | None) -> None:
    def end() -> None:
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    flush_everything()
    do_or_put_off(end)  # later, as the writing is, if the signal came in the middle of that


def _say(worker: Any, what: bytes) -> None:
    fd = Pipe.of(worker).writer
    if fd < 0:
        fd = int(os.environ.get(_SPAWNED, "-1"))
    if fd >= 0:
        with contextlib.suppress(OSError):
            os.write(fd, what)


@contextlib.contextmanager
def spawning_measured(worker: Any) -> Iterator[None]:
    """Let the program that RQ's ``SpawnWorker`` spawns inside this block measure: in RQ 2 it names RQ's own worker class."""
    originals = {name: getattr(os, name) for name in _SPAWNING if hasattr(os, name)}
    for name, original in originals.items():
        setattr(os, name, functools.partial(_spawn, worker, original, _SPAWNING[name]))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def _spawn(worker: Any, original: Callable[..., int], position: int, *args: Any, **kwargs: Any) -> int:
    """Call a function that spawns a program, with the program's words changed: path and words begin at a position."""
    before, (file, words), after = args[:position], args[position : position + 2], args[position + 2 :]
    if len(words) == 3 and words[1] == "-c" and file == sys.executable:  # noqa: PLR2004
        words = [*words[:2], f"import profcov.queues.rq\nprofcov.queues.rq.install_workers()\n{words[2]}"]
    writer = Pipe.of(worker).writer
    if writer >= 0:
        os.set_inheritable(writer, True)  # noqa: FBT003 (its signature)
        os.environ[_SPAWNED] = str(writer)
    try:
        return original(*before, file, words, *after, **kwargs)
    finally:
        os.environ.pop(_SPAWNED, None)
