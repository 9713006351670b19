"""Run by every Python below ``profcov run``: because its directory comes first on ``PYTHONPATH``, and by ``profcov.pth``.

Either way may fail: a launcher puts its own ``sitecustomize`` before this one, or Python ignores ``PYTHONPATH``; or profcov
is on the path without being installed. profcov itself is loaded when the first framework or server is, so that other programs
start as fast as before. The ``sitecustomize`` that Python would otherwise have found is run as well.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # of our own: every Python that starts would import typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_FRAMEWORKS = frozenset({"django", "falcon", "flask", "litestar", "quart", "rq", "starlette"})
_SERVERS = frozenset({"gunicorn", "hypercorn", "uvicorn", "waitress", "werkzeug", "wsgiref"})
_AWAITED = _FRAMEWORKS | _SERVERS
_MAX_NOTE_BYTES = 4096
_NOTE = os.environ.get("PROFILE_COVERAGE_RUN", "")


class ProfcovWaiter:
    """Find nothing, but load profcov when one of the modules is imported.

    It stays in the list: a thread that imports something meanwhile would miss a finder if the list became shorter.
    """

    is_done = False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what profcov's own finder finds, once that is there; else None."""
        if self.is_done or fullname not in _AWAITED:
            return None
        try:
            from profcov.recording.propagation.on_import import FINDER  # noqa: PLC0415
            from profcov.zero_code import install  # noqa: PLC0415

            install()
        except Exception as error:  # noqa: BLE001 (another environment, without profcov: the command must run all the same)
            self.is_done = True
            _note_failure(error)
            return None
        self.is_done = True
        return FINDER.find_spec(
            fullname, path, target
        )  # it has come to stand before us, and may wait for this very module


def _note_reached() -> None:
    try:  # noqa: SIM105 (every Python that starts would import contextlib)
        os.rename(f"{_NOTE}.started", f"{_NOTE}.reached")  # noqa: PTH104
    except OSError:
        pass


def _note_failure(error: Exception) -> None:
    try:
        fd = os.open(f"{_NOTE}.reached", os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        try:
            if os.fstat(fd).st_size < _MAX_NOTE_BYTES:
                line = f"{sys.executable} cannot load it: {type(error).__name__}: {error}".replace("\n", " ")
                os.write(fd, f"{line[:500]}\n".encode("utf-8", "backslashreplace"))
        finally:
            os.close(fd)
    except OSError:
        pass


def _find_reason() -> str:
    from importlib.machinery import PathFinder  # noqa: PLC0415 (every Python that starts would import it)

    if PathFinder.find_spec("profcov") is None:
        return f"{sys.executable} has no profcov"
    return "no WSGI or ASGI application that profcov wraps and no worker has appeared in it"


def _tell_silence() -> None:
    """Report at the end of the command of ``profcov run`` if nothing of it was traced: its note is still there then."""
    if _NOTE.rpartition("-")[2] != str(os.getpid()) or sys.stderr is None:
        return
    try:
        with open(f"{_NOTE}.reached", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            reasons = file.read(_MAX_NOTE_BYTES).splitlines()[1:]
        reason = reasons[-1] if reasons else _find_reason()
        sys.stderr.write(f"profcov: nothing was recorded: {reason}\n")
    except (OSError, ValueError):  # something was, and the note is gone; standard error may be closed
        pass


def _run_the_next() -> None:
    """Import the ``sitecustomize`` that this one hides; Python reports whatever it raises, as usual."""
    here = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != here]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401, PLC0415
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        if ours is not None:
            sys.modules["sitecustomize"] = ours


def _begin_process() -> None:
    """Do as ``profcov.pth`` does where a whole process belongs to a slug: profcov may be on the path without being installed."""
    if os.environ.get("PROFILE_TRACE_SLUG"):
        try:
            import profcov.startup  # noqa: F401, PLC0415
        except Exception as error:  # noqa: BLE001
            _note_failure(error)


if not any(type(finder).__name__ == "ProfcovWaiter" for finder in sys.meta_path):
    sys.meta_path.insert(0, ProfcovWaiter())
    if _NOTE:
        _note_reached()
        if _NOTE.rpartition("-")[2] == str(os.getpid()):
            import atexit

            atexit.register(_tell_silence)
_begin_process()
if __name__ == "sitecustomize":
    _run_the_next()
