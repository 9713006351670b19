"""Kill a child process before any of its system calls, by ptrace."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_TRACE_ME, _NEXT_CALL, _SET_OPTIONS = 0, 24, 0x4200
_CALLS_ARE_MARKED, _DIES_WITH_US = 1, 1 << 20
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, pid: int, data: int = 0) -> None:
    if _libc.ptrace(request, pid, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace: {os.strerror(number)}")


def is_allowed() -> bool:
    """Tell whether a process may trace its child here; some containers forbid it."""
    pid = os.fork()
    if pid == 0:
        try:
            _ptrace(_TRACE_ME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    _, status = os.waitpid(pid, os.WUNTRACED)
    allowed = os.WIFSTOPPED(status)
    if allowed:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return allowed


def kill_before(number: int, work: Callable[[], object]) -> bool:
    """Do work in a forked child, and kill that before its system call of a number; tell whether it was killed.

    Those of its other threads do not count.
    """
    return _follow(work, number) == number


def count_calls(work: Callable[[], object]) -> int:
    """Do work in a forked child; return how many system calls it takes."""
    return _follow(work)


def _follow(work: Callable[[], object], last: int = sys.maxsize) -> int:
    """Return the number of the system call before which the child was killed, or how many there were: two end the child."""
    pid = os.fork()
    if pid == 0:
        try:
            _ptrace(_TRACE_ME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
        except BaseException:  # noqa: BLE001
            signal.pthread_kill(threading.get_ident(), signal.SIGABRT)
        # Nothing of profcov's runs after the work. To this thread: another, which is not followed, would end the child by it.
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR2)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSTOPPED(status), status
    _ptrace(_SET_OPTIONS, pid, _CALLS_ARE_MARKED | _DIES_WITH_US)
    calls, is_inside, pass_on = 0, False, 0
    while True:
        _ptrace(_NEXT_CALL, pid, pass_on)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            raise AssertionError(f"the work ended by itself: {status}")
        stop, pass_on = os.WSTOPSIG(status), 0
        if stop == signal.SIGTRAP | 0x80:
            is_inside = not is_inside
            calls += is_inside
            if not (is_inside and calls == last):
                continue
        elif stop not in {signal.SIGUSR2, signal.SIGABRT}:
            pass_on = stop
            continue
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert stop != signal.SIGABRT, "the work failed"
        return calls
