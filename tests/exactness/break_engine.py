"""Break the monitoring engine on purpose, a way at a time, and see the stress find it: ``make break-engine``.

Each way leaves out one step of the algorithm that looks like too much (docs/explanation/engine.md); one more, walking
the stacks in Python, is found by tests/unit/engine/test_monitoring.py. Works on a copy;
exits 1 if one of them goes unnoticed. Takes some minutes, so it is not part of the tests.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "src"
ENGINE = Path("profcov", "engine", "monitoring.py")
SECONDS = "15"

ARM = """            trace.seen.setdefault(id(state.code), set())
            self._forget_noise(id(state.code))
            state.armed = (state.armed & self._live) | {trace}
"""
ARM_LINES = ARM.splitlines(keepends=True)
DISARM = """            state.armed = before & frozenset(scope.nest()) if scope is not None else NOBODY
            if self._is_running(state.code):
"""
LOOK = "countOf(map(id, map(_get_code, _all_frames())), id(code)) > 1"
WAYS = {
    "disable without looking at the epochs": [
        ("if self._epoch == epoch and state.epoch == state_epoch and self._may_disable", "if self._may_disable"),
        ("if state.epoch == epoch and not state.frozen and self._may_disable", "if self._may_disable"),
    ],
    "re-arm in two Python statements": [
        ("deque(starmap(switch, steps), maxlen=0)", "[switch(*step) for step in steps]")
    ],
    "look at the stacks before publishing": [
        (
            DISARM,
            "            running = self._is_running(state.code)\n"
            + DISARM.replace("self._is_running(state.code)", "running"),
        )
    ],
    "disarm without looking at the stacks": [("if self._is_running(state.code):", "if False:")],
    "publish before the line set is there": [(ARM, "".join([*ARM_LINES[1:], ARM_LINES[0]]))],
    "let the second comer skip entry": [
        (
            "                self._adopt(code, filename)\n",
            "                self._adopt(code, filename)\n                self._on_entry(code, offset)\n",
        ),
        ("like the first has.\n            self._on_entry(code, offset)\n", "like the first has.\n"),
        ("just as the first has.\n            self._on_entry(code, offset)\n", "just as the first has.\n"),
    ],
    "disarm traces that the unit is nested in": [
        ("before & frozenset(scope.nest())", "before & {scope.trace}"),
        (LOOK, f"{LOOK[:-1]}sum(frame.f_code is code for frame, _ in __import__('traceback').walk_stack(None))"),
    ],
    "keep noise that is over": [
        (
            "            self._forget_noise(id(state.code))\n            state.armed = before",
            "            state.armed = before",
        )
    ],
}


def stress(source, *options):
    """Run the stress on a copy of the package and return what it found, or what it died of."""
    words = [sys.executable, str(HERE / "stress.py"), SECONDS, *options]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(source)})
    if done.returncode:
        return {"units": 0, "wrong": [], "logged": [], "errors": [done.stderr.strip().splitlines()[-1]]}
    return json.loads(done.stdout)


def main():
    unnoticed = []
    for name, replacements in {"as it is": [], **WAYS}.items():
        with tempfile.TemporaryDirectory() as directory:
            source = Path(directory, "src")
            shutil.copytree(SOURCE, source)
            text = broken = (source / ENGINE).read_text()
            for old, new in replacements:
                broken = broken.replace(old, new)
            if replacements and broken == text:
                sys.exit(f"{name}: the engine has changed, and the way to break it must, too")
            (source / ENGINE).write_text(broken)
            found = [stress(source), stress(source, "--wide")]
        noticed = any(each["wrong"] or each["errors"] or each["logged"] for each in found)
        counts = ", ".join(f"{each['units']:>6} units {len(each['wrong']):>2} wrong" for each in found)
        logged = ", logged" if any(each["logged"] for each in found) else ""
        print(f"{name:42} {'found' if noticed else 'nothing found':14} {counts}{logged}", flush=True)
        if noticed != bool(replacements):
            unnoticed.append(name)
    sys.exit(f"not as it should be: {', '.join(unnoticed)}" if unnoticed else 0)


if __name__ == "__main__":
    main()
