"""What propagation replaces, it replaces once, only when profcov is on, and puts back."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, concurrent.futures, json, multiprocessing.pool, multiprocessing.process, os, subprocess, sys, threading

def look():
    return [
        id(vars(owner)[name])
        for owner, name in (
            (threading.Thread, "start"),
            (concurrent.futures.ThreadPoolExecutor, "submit"),
            (concurrent.futures.ProcessPoolExecutor, "submit"),
            (multiprocessing.pool.Pool, "__init__"),
            (multiprocessing.pool.Pool, "apply_async"),
            (multiprocessing.pool.Pool, "_map_async"),
            (multiprocessing.pool.Pool, "imap"),
            (multiprocessing.pool.Pool, "imap_unordered"),
            (multiprocessing.process.BaseProcess, "start"),
            (subprocess.Popen, "__init__"),
            (os, "posix_spawn"),
            (os, "posix_spawnp"),
            (os, "execv"),
            (os, "execve"),
            (os, "_exit"),
            (asyncio.Handle, "_run"),
        )
    ]

before = look()
from profcov import propagation
propagation.open_recorder()
first = look()
propagation.open_recorder()
second = look()
propagation.uninstall()
print(json.dumps([before, first, second, look()]))
"""


@pytest.mark.parametrize("enabled", ["0", "1"])
def test_what_is_replaced_is_put_back_and_nothing_is_replaced_where_profcov_is_off(enabled, tmp_path):
    environment = {"ENABLE_PROFILE_COVERAGE": enabled, "PROFILE_COVERAGE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    before, first, second, after = json.loads(done.stdout)
    assert after == before
    assert second == first, "installed twice"
    replaced = [old != new for old, new in zip(before, first, strict=True)]
    # Event loops are followed from the first traced coroutine on.
    assert replaced == ([True] * 15 if enabled == "1" else [False] * 15) + [False]


def test_what_somebody_else_has_patched_on_top_stays():
    from profcov.propagation.patches import Patches

    class Owner:
        def method(self):
            return "original"

    patches = Patches()
    patches.wrap(Owner, "method", lambda original, self: original(self) + " ours")
    ours = Owner.method
    Owner.method = lambda self: ours(self) + " theirs"
    patches.restore()
    assert Owner().method() == "original ours theirs"
    assert not patches
