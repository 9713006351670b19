"""What ``profcov run`` has started: a note of each command until something below it is traced, to report those that are not.

A note is ``state/runs/<digest of the command>-<pid>.started`` in the data directory, or ``.reached`` once a Python below has looked for
profcov: renamed, and added to, by ``zero_code/site/sitecustomize.py``, which does not import this.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shlex
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from profcov.settings import RUN
from profcov.store.layout import host_name, state_dir

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from profcov.store.directory import DataDirectory

RUNS: Final = "runs"
_STARTED: Final = ".started"
_REACHED: Final = ".reached"
_MAX_COMMAND_CHARS: Final = 200
_MAX_BYTES: Final = 8192
_NO_PYTHON: Final = (
    "no Python of it has looked for profcov: -S, an environment without profcov, or one that was emptied"
)
_NO_APPLICATION: Final = "no WSGI or ASGI application that profcov wraps and no worker has appeared in it"


@dataclass(frozen=True, slots=True)
class SilentRun:
    """A command that ``profcov run`` started, and of which nothing is traced; ``at`` in seconds since 1970."""

    path: Path
    command: str
    at: float
    host: str
    pid: int
    reason: str

    @property
    def is_over(self) -> bool:
        """Whether the command has ended, as far as this host knows; one of another host counts as ended."""
        if self.host != host_name():
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False

    def __str__(self) -> str:
        when = f"{datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S}Z"
        state = "has ended" if self.is_over else "runs"
        return (
            f"profcov run started `{self.command}` at {when} ({self.host} {self.pid}, which {state}), and nothing of it is "
            f"traced: {self.reason}"
        )


def note_start(directory: DataDirectory, words: Sequence[str]) -> Path:
    """Note that this process becomes a command; return the value for the command's processes, even if the note cannot be written."""
    digest = hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    base = state_dir(directory.path) / RUNS / f"{digest}-{os.getpid()}"
    command = shlex.join(words)
    shown = command if len(command) <= _MAX_COMMAND_CHARS else f"{command[: _MAX_COMMAND_CHARS - 3]}..."
    facts = {"command": shown, "at": time.time(), "host": host_name(), "pid": os.getpid()}
    with contextlib.suppress(OSError):  # the server reports what is wrong with the directory
        directory.make_state(RUNS)
        for old in base.parent.glob(f"{digest}-*"):  # the same command, started again
            old.unlink(missing_ok=True)
        with open(directory.create(f"{base}{_STARTED}"), "w", encoding="ascii") as file:  # noqa: PTH123 (a descriptor)
            file.write(json.dumps(facts) + "\n")
    return base


def note_loaded(environ: Mapping[str, str] | None = None) -> None:
    """Note that something is traced in a process below ``profcov run``; do nothing in others, and never raise."""
    base = (os.environ if environ is None else environ).get(RUN)
    for ending in (_STARTED, _REACHED) if base else ():
        with contextlib.suppress(OSError):
            os.unlink(f"{base}{ending}")  # noqa: PTH108


def has_started(data_dir: Path) -> bool:
    """Return whether ``profcov run`` ever recorded into a data directory."""
    return (state_dir(data_dir) / RUNS).is_dir()


def list_silent(data_dir: Path) -> list[SilentRun]:
    """Return the commands of which nothing is traced, the oldest first; change nothing."""
    found = []
    with contextlib.suppress(OSError):
        for path in (state_dir(data_dir) / RUNS).iterdir():
            with contextlib.suppress(OSError, ValueError, TypeError, LookupError):  # not a note; another tool's file
                found.append(_read(path))
    return sorted(found, key=lambda run: (run.at, run.path))


def forget(run: SilentRun) -> None:
    """Remove the note of a command that was reported."""
    with contextlib.suppress(OSError):
        run.path.unlink(missing_ok=True)


def _read(path: Path) -> SilentRun:
    default = {_STARTED: _NO_PYTHON, _REACHED: _NO_APPLICATION}[path.suffix]
    with path.open(encoding="utf-8", errors="replace") as file:
        facts, *reasons = file.read(_MAX_BYTES).splitlines()
    given = json.loads(facts)
    reason = reasons[-1] if reasons else default
    return SilentRun(path, str(given["command"]), float(given["at"]), str(given["host"]), int(given["pid"]), reason)
