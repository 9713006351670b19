"""How a slug follows the work that a unit hands to threads, pools, tasks and processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.brief_lock import BriefLock
from profcov.recording.engine.eager import load_lazy
from profcov.recording.processes import recorder_for
from profcov.recording.propagation.on_import import when_imported
from profcov.recording.propagation.patches import INSTALLED

if TYPE_CHECKING:
    from types import ModuleType

    from profcov.recording.recorder import Recorder
    from profcov.settings import Settings

_lock = BriefLock()
_installed: list[bool] = []  # not INSTALLED itself: others may have patched first


def open_recorder(settings: Settings | None = None) -> Recorder:
    """Return the process's recorder for these settings; if it is on, let work that units start follow their slug."""
    recorder = recorder_for(settings)
    if recorder.settings.enabled:
        install()
        if recorder.settings.propagate:
            from profcov.recording.propagation import outgoing_http  # noqa: PLC0415 (where no host is named, it is not needed)

            outgoing_http.install()
    return recorder


def install() -> None:
    """Let threads, pools, child processes and tasks follow; a second call changes nothing."""
    # If profcov is off, do not import multiprocessing.
    from profcov.recording.propagation import greenlets, hand_over, interpreters, pools, processes, threads  # noqa: PLC0415

    if not _installed:
        load_lazy()  # outside the lock: it imports
    fresh = False
    with _lock.held():
        if not _installed:
            _installed.append(True)
            for module in (threads, pools, processes, interpreters, hand_over):
                module.install(INSTALLED)
            greenlets.install()
            fresh = True
    for name in ("asyncio", "uvloop", "trio", "aiosqlite") if fresh else ():
        when_imported(name, follow_loop)


def follow_loop(module: ModuleType) -> None:
    """Let tasks follow that are made in threads other than a unit's; ``tasks.follow`` does so in its own."""
    from profcov.recording.propagation import tasks  # noqa: PLC0415 (it imports asyncio)

    is_whole = hasattr(tasks, "install")  # otherwise it is the one that imports asyncio, and calls this afterwards
    if not _installed or not is_whole:
        return
    from profcov.recording.propagation import database_threads, hand_over, trio_tasks, uvloops  # noqa: PLC0415

    follow = {
        "asyncio": tasks.install,
        "uvloop": uvloops.install,
        "trio": trio_tasks.install,
        "aiosqlite": database_threads.install,
    }
    follow[module.__name__]()
    if module.__name__ == "asyncio":
        hand_over.install_in_asyncio(module)


def uninstall() -> None:
    """Put everything back as it was, except where others have patched on top."""
    from profcov.recording.propagation import callbacks, greenlets, outgoing_http  # noqa: PLC0415

    with _lock.held():
        callbacks.forget_loops()
        outgoing_http.forget()
        INSTALLED.restore()
        _installed.clear()
        greenlets.uninstall()
