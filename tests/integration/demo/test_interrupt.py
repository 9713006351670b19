from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "PROFCOV_TEST_MARK"
MOMENTS = {
    "as Redis starts": "out/logs/valkey.log",
    "as servers start": "out/logs/uvicorn.log",
    "while profiles are played": "tmp/*/state/shards/*.coverage.*",
}


def find_marked(mark: str) -> list[str]:
    """Return the command lines of all processes that have the mark in their environment."""
    found = []
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdigit() and f"{MARK}={mark}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_demo_leaves_no_process_behind(
    tmp_path: Path, wait_until: Callable[..., None], moment: str, number: signal.Signals
) -> None:
    mark = uuid.uuid4().hex
    (tmp_path / "tmp").mkdir()
    environ = {**os.environ, MARK: mark, "TMPDIR": str(tmp_path / "tmp")}
    environ.pop("REDIS_URL", None)
    with subprocess.Popen(
        [sys.executable, "-m", "profcov", "demo", "--out", str(tmp_path / "out")],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Shells start what is in the background deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no other thread here)
    ) as demo:
        wait_until(lambda: list(tmp_path.glob(MOMENTS[moment])), moment)
        assert demo.poll() is None
        assert find_marked(mark)  # the demo; Redis, too, unless we were faster than its start
        demo.send_signal(number)
        _, told = demo.communicate(timeout=60)
    assert find_marked(mark) == []
    assert demo.returncode == 130
    assert told.splitlines()[-1] == "interrupted"
    assert "Traceback" not in told
    assert list((tmp_path / "tmp").iterdir()) == []
