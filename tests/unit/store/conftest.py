from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from at_work import kill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from at_work import StartUnits

AT_WORK = """
import sys
from pathlib import Path
from profcov.store.presence import Presence
from profcov.store.directory import DataDirectory
presence, begun = Presence(DataDirectory(Path(sys.argv[1]))), []
presence.begin(sys.argv[2], into=begun)
print("held", flush=True)
sys.stdin.readline()
presence.end(begun)
print("released", flush=True)
sys.stdin.read()
"""

UNITS = """
import os, sys
from pathlib import Path
from profcov.store.presence import Presence
from profcov.store.directory import DataDirectory
presence = Presence(DataDirectory(Path(sys.argv[1])))
for slug in sys.argv[2:]:
    presence.begin(slug, into=[])
print(os.getpid(), flush=True)
sys.stdin.read()
"""

EXCLUDE = """
import sys
from pathlib import Path
from profcov.store.lock import exclusive
from profcov.store.directory import DataDirectory
with exclusive(DataDirectory(Path(sys.argv[1])), sys.argv[2], 30):
    print("held", flush=True)
    sys.stdin.readline()
print("released", flush=True)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start a program that takes a lock of ``demo`` in ``tmp_path``, and wait until it has said that it has it."""
    with contextlib.ExitStack() as stack:

        def run(program: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", program, str(tmp_path), "demo"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "held"
            return process

        yield run


@pytest.fixture
def start_units(tmp_path: Path) -> Iterator[StartUnits]:
    """Yield a function that starts a process with units in flight for slugs; all that were started end with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*slugs: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", UNITS, str(tmp_path), *slugs]
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    yield run
    for process in started:
        if process.returncode is None:
            kill(process)


@pytest.fixture
def worker(start: Callable[[str], subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """A process that has a unit of ``demo`` in flight; it ends at a line of input."""
    return start(AT_WORK)


@pytest.fixture
def excluder(start: Callable[[str], subprocess.Popen[str]]) -> subprocess.Popen[str]:
    """A process that has the exclusive lock of ``demo``, as one that combines; it lets go at a line of input."""
    return start(EXCLUDE)


@pytest.fixture(autouse=True)
def no_configuration_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"
