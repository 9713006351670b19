"""``profcov demo --serve`` keeps the demo's application running for other commands, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Callable


def test_what_is_served_can_be_measured_and_ends_with_the_command(
    tmp_path: Path, wait_until: Callable[..., None]
) -> None:
    command = [sys.executable, "-m", "profcov"]
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    with subprocess.Popen(
        [*command, "demo", "--serve", "--out", "served"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.PIPE,
    ) as demo:
        try:
            assert demo.stdout is not None
            facts = dict(demo.stdout.readline().rstrip("\n").split("\t") for _ in range(6))
            words = ["--base-url", facts["web_url"], "--var", f"api_url={facts['api_url']}", "--runs", "1"]
            words += ["--redis-url", facts["redis_url"], "--data-dir", facts["data_dir"]]
            measured = subprocess.run(
                [*command, "overhead", str(Path(facts["profiles"]) / "bad-input.yaml"), *words],
                cwd=tmp_path,
                env={**environ, "PROFILE_COVERAGE_CONFIG": facts["config"]},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert measured.returncode == 0, measured.stderr
            assert measured.stdout.startswith("bad-input\t")
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.communicate(timeout=60)
    assert demo.returncode == 0

    def is_gone() -> bool:
        try:
            requests.get(facts["web_url"], timeout=10)
        except requests.ConnectionError:
            return True
        return False

    wait_until(is_gone, "nobody listens any more")
