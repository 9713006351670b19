"""Replays of mutated trees: which profiles behave differently."""

from __future__ import annotations

import compileall
import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutation import Change

PROGRAM: Final = Path(__file__).with_name("warm_replay.py")
LONG_AGO: Final = 946684800
"""The time of the files that are not mutated: their bytecode stays valid, and that of no mutated file is."""


@dataclass
class Replayer:
    """A process that has imported the libraries, and what the unchanged demo does."""

    process: subprocess.Popen[str]
    base: Path
    tree: Path
    unchanged: dict[str, Any]

    def differing(self, change: Change) -> list[str]:
        """Return the profiles that behave differently with a change."""
        found = self.play(change)
        return sorted(slug for slug, behaviour in self.unchanged.items() if found.get(slug) != behaviour)

    def play(self, change: Change, *, whole: bool = False) -> dict[str, Any]:
        """Return what each profile does with a change."""
        write_tree(self.base, self.tree, change)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"tree": str(self.tree), "whole": whole}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextlib.contextmanager
def start_replayer(demo: Path, directory: Path, redis_url: str) -> Iterator[Replayer]:
    """Start a process that replays, and have it play the unchanged demo twice.

    Raises:
        AssertionError: a profile does not behave twice in the same way.
    """
    base, tree = directory / "base", directory / "tree"
    shutil.copytree(demo, base / "profcov" / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    for path in base.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    compileall.compile_dir(base, quiet=2)
    environ = {**os.environ, "PYTHONHASHSEED": "0", "ENABLE_PROFILE_COVERAGE": "0"}
    words = [sys.executable, str(PROGRAM), redis_url]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        replayer = Replayer(process, base, tree, {})
        try:
            replayer.unchanged = replayer.play({})
            again = replayer.play({})
            noise = [slug for slug, behaviour in replayer.unchanged.items() if again[slug] != behaviour]
            assert not noise, f"these behave differently each time, without any change: {noise}"
            assert all(each["end"] == "passed" for each in replayer.unchanged.values()), replayer.unchanged
            yield replayer
        finally:
            assert process.stdin is not None
            process.stdin.close()


def write_tree(base: Path, tree: Path, change: Change) -> None:
    """Make a tree: what does not change is linked, with its bytecode."""
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(base, tree, copy_function=os.link)
    for name, content in change.items():
        path = tree / "profcov" / "demo" / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
