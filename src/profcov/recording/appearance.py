"""An application or a worker appears in a process: note it for ``profcov run``, and log one line for people."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from profcov.recording.faults import log_once, logger, raise_foreign
from profcov.settings import DIR, PROCESS_SLUG, RUN
from profcov.store.runs import note_loaded

if TYPE_CHECKING:
    from profcov.settings import Settings

_DIR: Final = DIR.encode() + b"="
_SPAWNED: Final = re.compile(rb"(spawn_main\()[^)]*")
_noted: Final[list[bool]] = []
_announced: Final[dict[Path, object]] = {}


def note_unit(settings: Settings) -> None:
    """Note that something is traced in this process; cheap the second time; never raise."""
    if not _noted and settings.enabled:
        note_loaded()
        _noted.append(True)


def appear(settings: Settings) -> None:
    """Note that an application or a worker can be traced, and log where it records; cheap the second time; never raise.

    Log nothing below ``profcov run``, which has printed its own line, in processes that a unit has started, and in all but one of
    the workers of a server, because each of them imports the application.
    """
    note_unit(settings)
    if not settings.enabled or settings.data_dir in _announced:
        return
    try:
        mine = object()
        if _announced.setdefault(settings.data_dir, mine) is not mine:  # another thread's
            return
        if RUN not in os.environ and PROCESS_SLUG not in os.environ and _is_first_of_siblings():
            configuration = settings.config_file or "what coverage.py finds"
            _say(f"recording into {settings.data_dir}, configured by {configuration}")
    except Exception as error:  # noqa: BLE001
        raise_foreign(error)
        log_once("appearance", "cannot log what is recorded", error=error)


def _is_first_of_siblings() -> bool:
    """Return whether no older child of the same parent runs the same command and records at the same place; True if the system does not show it."""
    me, parent = os.getpid(), os.getppid()
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        own = _identify(me)
        return own is None or next((pid for pid in children if _identify(int(pid)) == own), str(me)) == str(me)
    except (OSError, ValueError):
        return True


def _identify(pid: int) -> tuple[bytes, bytes] | None:
    """Return a process's command line, without the numbers of a spawned child's pipes, and the data directory of its initial environment."""
    place = Path(f"/proc/{pid}")
    try:
        command = _SPAWNED.sub(rb"\1", (place / "cmdline").read_bytes())
        variables = (place / "environ").read_bytes().split(b"\0")
        given = next((each for each in variables if each.startswith(_DIR)), _DIR)[len(_DIR) :]
        return command, os.path.join(os.readlink(os.fsencode(place / "cwd")), given)  # noqa: PTH115, PTH118 (bytes)
    except OSError:  # it has ended meanwhile, or is another user's
        return None


def _say(line: str) -> None:
    """Log a line if the application shows level INFO; else write it to standard error, because it is no warning."""
    if logger.isEnabledFor(logging.INFO) and logger.hasHandlers():
        logger.info("profcov: %s", line)
    elif sys.stderr is not None:
        sys.stderr.write(f"profcov: {line}\n")
        sys.stderr.flush()
