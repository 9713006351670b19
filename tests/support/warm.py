"""Run commands of profcov as ``python -m profcov`` does, each in a process that is forked from one that has imported them already.

To import them costs a command more than all else. ``python warm.py SOCKET`` serves: for each connection, a process reads the words, the
directory, the environment and the files for what is printed, and forks another that runs the command; it answers with the exit code.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import itertools
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PACKAGES = ("cli", "configuration", "doctor", "nightly", "playback", "reading", "store")
LIBRARIES = ("coverage.control", "jinja2", "redis", "requests", "rich.progress", "rich.table", "rq.job", "yaml")


AT_START = ("COVERAGE_", "PROFILE_COVERAGE_RUN", "PROFILE_TRACE_SLUG", "PYTHON")


class Commands:
    """Runs commands of profcov; for what has to have an interpreter of its own, there is :func:`subprocess.run`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def run(
        self, words: Sequence[str], cwd: Path, environ: Mapping[str, str], **how: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run ``python -m profcov WORDS`` and return what came of it; where an interpreter would start otherwise, one does.

        With ``stdout="full"`` or ``"gone"`` nothing can be printed; ``interrupt`` is the number of the Python call at which Ctrl-C comes.
        """
        if pythons(environ) != pythons(os.environ):
            everything = [sys.executable, "-m", "profcov", *words]
            return subprocess.run(
                everything, cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False
            )
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            request: dict[str, Any] = {
                "words": [*words],
                "cwd": str(cwd),
                "environ": {**environ},
                "out": out.name,
                "err": err.name,
                **how,
            }
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(120)
                connection.connect(self.address)
                connection.sendall(json.dumps(request).encode() + b"\n")
                code = int(connection.makefile().readline())
            texts = [file.read().decode(errors="replace") for file in (out, err)]
            return subprocess.CompletedProcess(request["words"], code, *texts)


@contextlib.contextmanager
def serve_commands() -> Iterator[Commands]:
    """Start what runs commands, and end it with all that it has started."""
    with tempfile.TemporaryDirectory() as place:  # a short path: that of a socket has about 100 characters
        address = str(Path(place, "socket"))
        words = [sys.executable, __file__, address]
        with subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True
        ) as server:
            try:
                assert server.stdout is not None
                assert server.stdout.readline() == b"ready\n"
                yield Commands(address)
            finally:
                os.killpg(server.pid, signal.SIGKILL)


def pythons(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that an interpreter looks at when it starts."""
    return {name: value for name, value in environ.items() if name.startswith(AT_START) and name != "PYTHONIOENCODING"}


def main(address: str) -> None:
    for name in PACKAGES:
        package = importlib.import_module(f"profcov.{name}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()  # and the pages of all this are shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who answer
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"ready\n")
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                answer(connection)
                return
            connection.close()


def answer(connection: socket.socket) -> None:
    """Run one command in a child, whose end is that of an interpreter, and answer with its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request: Any = json.loads(connection.makefile().readline())
    pid = os.fork()
    if pid == 0:
        connection.close()
        run(**request)
    _, status = os.waitpid(pid, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def run(
    *, words: list[str], cwd: str, environ: dict[str, str], out: str, err: str, stdout: str = "kept", interrupt: int = 0
) -> None:
    """Run a command, and end as an interpreter does, but for taking all apart that was imported."""
    point(1, "/dev/full" if stdout == "full" else out)
    point(2, err)
    if stdout == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    if encoding := environ.get("PYTHONIOENCODING"):
        name, _, errors = encoding.partition(":")
        sys.stdout.reconfigure(encoding=name, errors=errors)  # type: ignore[union-attr]  # a TextIOWrapper
    sys.argv = ["profcov", *words]
    sys.path[0] = cwd  # as `-m` has it
    if interrupt:
        interrupt_at(interrupt)
    code: Any = None
    try:
        importlib.import_module("profcov.cli.main").main(words)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 (it is the interpreter that prints it)
        sys.excepthook(*sys.exc_info())
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # what an interpreter does when it ends
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        sys.stderr.write("Exception ignored while flushing sys.stdout\n")
        code = 120
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else code is not None)


def point(number: int, path: str) -> None:
    """Have a descriptor write to a file."""
    descriptor = os.open(path, os.O_WRONLY)
    os.dup2(descriptor, number)
    os.close(descriptor)


def interrupt_at(number: int) -> None:
    """Send Ctrl-C at a call."""
    calls = itertools.count()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

    def count(_frame: object, event: str, _arg: object) -> None:
        if event == "call" and next(calls) == number:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

    sys.setprofile(count)


if __name__ == "__main__":
    main(sys.argv[1])
