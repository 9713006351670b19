"""Break the monitoring engine on purpose, a way at a time, and see the stress find it: ``make break-engine``.

Each way leaves out one step of the algorithm that looks like too much (docs/explanation/engine.md); others are so
rare that tests/unit/recording/engine finds them: walking the stacks in Python, switching entries off while somebody is to leave, arming
a trace before its line set is there, and announcing a trace before all is awake. Works on a copy;
exits 1 if one of them goes unnoticed. Takes a quarter of an hour, so it is not part of the tests. Words on the command
line choose ways. Prints how many wrong units the stress, the wide one, and the strikes of both kinds have found.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
ENGINE = Path("profcov", "recording", "engine", "monitoring.py")
STATE = Path("profcov", "recording", "engine", "monitoring_state.py")
STACKS = Path("profcov", "recording", "engine", "stacks.py")
SECONDS = "15"

LOOK = "return countOf(map(id, map(_get_code, walk_frames())), id(code))"
DISARM = """        at_once(calls(*mark), calls_if(map(self._quiet.__contains__, (state,)), self._wake(state, code)))
        if self._is_running(code):
"""
SCOPE = "        trace.scopes.add(scope)\n"
ANNOUNCE = "        self._announced.add(trace)\n"
ADOPT = "                self._adopt(code, filename)\n"
ENTER = "            self._on_entry(code, offset)\n"
DROP = "disarm = map(self.armed.pop, filterfalse(live.__contains__, known), repeat(None))"
GONE = "gone = filter(_is_over, filterfalse(live.__contains__, known))"
WAYS = {
    "disable without looking at the epochs": [
        ("if self._epoch == epoch and state.epoch == state_epoch and (not state.leaving)", "if not state.leaving"),
        ("return self._disable if state.epoch == epoch else None", "return self._disable"),
    ],
    "take the steps one by one": [("_exhaust(chain.from_iterable(parts))", "[None for part in parts for _ in part]")],
    "look at the stacks before publishing": [
        (DISARM, "        running = self._is_running(code)\n" + DISARM.replace("self._is_running(code)", "running"))
    ],
    "disarm without looking at the stacks": [("if self._is_running(code):", "if False:")],
    "let go of who enters meanwhile": [
        ("                if state.leaving:\n                    state.keep(trace)\n", "")
    ],
    "leave entries off where somebody is let go of": [
        ("calls_if(map(self._quiet.__contains__, (state,)), self._wake(state, code))", "()")
    ],
    "do not wake who is armed": [("wake = calls_if(state.lacks_lines(), self._wake(state, code))", "wake = ()")],
    "do not note that a line is off": [("            state.may_lack_lines = True\n", "")],
    "let the second comer skip entry": [(ADOPT + ENTER, f"{ADOPT}    {ENTER}")],
    "disarm traces that the unit is nested in": [
        ("frozenset(scope.nest()) if", "frozenset((scope.trace,)) if"),
        (LOOK, f"{LOOK} - sum(frame.f_code is code for frame, _ in __import__('traceback').walk_stack(None)) + 1"),
    ],
    "let go of a trace that has work": [
        ("calls_if(trace.is_parked(), steps)", "calls(*steps)"),
        (SCOPE, ""),
        (ANNOUNCE, ANNOUNCE + SCOPE),
    ],
    "disarm who is live when another enters": [
        (each, each.replace("filterfalse(live.__contains__, known)", "known")) for each in (DROP, GONE)
    ],
    "keep what is known of a code object that is dead": [(", partial(states.pop, id(code)))", ")")],
}
"""What to replace in the engine's source, written as ``ast.unparse`` has it: without comments, a statement a line."""


def break_source(source: Path, replacements: list[tuple[str, str]]) -> None:
    """Replace text in the engine of a copy of the package: each must be there once."""
    texts = {path: ast.unparse(ast.parse((source / path).read_text())) + "\n" for path in (ENGINE, STATE, STACKS)}
    for old, new in replacements:
        found = [path for path, text in texts.items() for _ in range(text.count(old))]
        if len(found) != 1:
            raise ValueError(f"the engine has changed, and the way to break it must, too: {len(found)} times: {old}")
        texts[found[0]] = texts[found[0]].replace(old, new)
    for path, text in texts.items():
        (source / path).write_text(text)


def run(source: Path, *words: str) -> Any:
    """Run a program on a copy of the package and return what it found, or what it died of."""
    program = [sys.executable, str(HERE / words[0]), SECONDS, *words[1:]]
    done = subprocess.run(program, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(source)})
    if done.returncode:
        return {"wrong": [], "logged": [], "errors": [(done.stderr or done.stdout).strip().splitlines()[-1]]}
    return json.loads(done.stdout)


PROGRAMS = [("stress.py",), ("stress.py", "--wide"), ("strikes.py", "raise"), ("strikes.py", "collect")]


def main() -> None:
    unnoticed = []
    asked = sys.argv[1:]
    for name, replacements in {"as it is": [], **WAYS}.items():
        if asked and not any(word in name for word in asked):
            continue
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory, "src")
            shutil.copytree(SOURCE, source)
            break_source(source, replacements)
            found = [run(source, *words) for words in PROGRAMS]
        faults = ["error" if each["errors"] else "logged" if each["logged"] else len(each["wrong"]) for each in found]
        noticed = any(faults)
        print(f"{name:50} {'found' if noticed else 'nothing found':14}", *faults, flush=True)
        if noticed != bool(replacements):
            unnoticed.append(name)
    sys.exit(f"not as it should be: {', '.join(unnoticed)}" if unnoticed else 0)


if __name__ == "__main__":
    main()
