"""Run commands of profcov, each in a child that is forked from a Python that has imported them: many in a second.

Standard input has a JSON list of commands: their ``words``, the directory ``cwd``, and ``stdout``, which is ``full`` or ``gone`` if not
captured; each answer is ``[exit code, standard output, standard error]``. ``interrupt`` is the number of the Python call at which Ctrl-C comes.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any


def run(words: list[str], cwd: str, stdout: str = "kept", interrupt: int = 0) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            if interrupt:
                _interrupt_at(interrupt)
            _run_here(words, cwd, stdout, out.fileno(), err.fileno())
        _, status = os.waitpid(pid, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return os.waitstatus_to_exitcode(status), texts[0], texts[1]


def _interrupt_at(number: int) -> None:
    calls = itertools.count()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

    def count(_frame: object, event: str, _arg: object) -> None:
        if event == "call" and next(calls) == number:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

    sys.setprofile(count)


def _run_here(words: list[str], cwd: str, stdout: str, out: int, err: int) -> None:
    if stdout == "full":
        out = os.open("/dev/full", os.O_WRONLY)
    elif stdout == "gone":
        reader, out = os.pipe()
        os.close(reader)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(cwd)
    sys.argv = ["profcov", *words]
    code: Any = 1
    try:
        importlib.import_module("profcov.cli.main").main(words)
    except SystemExit as given:
        code = given.code or 0
    except BaseException:  # noqa: BLE001 (what is looked for)
        traceback.print_exc()
    try:
        sys.stdout.flush()
    except OSError:  # as the interpreter does when it ends
        sys.stderr.write("Exception ignored while flushing sys.stdout\n")
        code = 120
    with contextlib.suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for path in Path(importlib.import_module("profcov.cli").__file__ or "").parent.glob("*.py"):
        importlib.import_module(f"profcov.cli.{path.stem}")
    json.dump([run(**each) for each in json.load(sys.stdin)], sys.stdout)
