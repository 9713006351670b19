from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from profcov.store.flock import name_lockers, try_exclusive, try_shared, unlock

if TYPE_CHECKING:
    from pathlib import Path


def test_those_who_share_a_lock_keep_out_who_wants_it_alone_and_not_each_other(tmp_path: Path) -> None:
    one, two, alone = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(3))
    try:
        assert try_shared(one)
        assert try_shared(two)
        assert not try_exclusive(alone)
        unlock(one)
        assert not try_exclusive(alone)
        unlock(two)
        assert try_exclusive(alone)
        assert not try_shared(one)
    finally:
        for fd in (one, two, alone):
            os.close(fd)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells who holds a lock")
def test_who_holds_a_lock_is_named_except_this_process(tmp_path: Path) -> None:
    program = (
        "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with (tmp_path / "lock").open("w") as file:
        words = [sys.executable, "-c", program, file.name]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            assert name_lockers(file.fileno()) == [f"process {holder.pid}"]
            holder.communicate()
        assert try_exclusive(file.fileno())
        assert name_lockers(file.fileno()) == []
