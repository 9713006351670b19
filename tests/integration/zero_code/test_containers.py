"""The example for containers, without Docker: the same commands, in the same order, with the same variables."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ports import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[3] / "examples" / "docker"
COMPOSE: Any = yaml.safe_load((EXAMPLE / "compose.yaml").read_text(encoding="utf-8"))["services"]


def instruction(target: str, name: str) -> list[str]:
    """Return the words of a Dockerfile's instruction in one of its targets, the last one."""
    stage = (EXAMPLE / "Dockerfile").read_text(encoding="utf-8").partition(f" AS {target}\n")[2].partition("\nFROM ")[0]
    found = [line.partition(" ")[2] for line in stage.splitlines() if line.startswith(f"{name} ")]
    words: list[str] = json.loads(found[-1])
    return words


def words_of(service: str) -> list[str]:
    """Return the command line that a service starts."""
    described = COMPOSE[service]
    target = described["build"]["target"]
    entry = described.get("entrypoint", instruction(target, "ENTRYPOINT") if target == "measured" else [])
    return [*entry, *described.get("command", instruction(target, "CMD"))]


def translate(words: list[str], directory: Path, port: int, redis_url: str) -> list[str]:
    """Put this machine's names in the place of the containers'."""
    names = {
        "0.0.0.0:8000": f"127.0.0.1:{port}",
        "web-measured:8000": f"127.0.0.1:{port}",
        "redis://redis:6379/1": redis_url,
        "/srv/": f"{EXAMPLE}/",
        "/scenarios": f"{EXAMPLE}/scenarios",
        "/out": f"{directory}/out",
    }
    translated = []
    for word in words:
        for theirs, ours in names.items():
            word = word.replace(theirs, ours) if theirs in word and ours not in word else word  # noqa: PLW2901
        translated.append(word)
    return translated


@contextlib.contextmanager
def started(words: list[str], environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(words, env=environ, cwd=EXAMPLE, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def test_the_twins_of_the_example_measure_what_the_scenario_runs(tmp_path: Path, redis_url: str) -> None:
    port = find_free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_", "REDIS"))}
    environ = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
        "REDIS_URL": redis_url,
        "PROFILE_COVERAGE_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(EXAMPLE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    words = {
        service: translate(words_of(service), tmp_path, port, redis_url)
        for service in ("web-measured", "worker-measured", "playback")
    }
    with (
        started(words["web-measured"], environ, tmp_path / "web.log") as web,
        started(words["worker-measured"], environ, tmp_path / "worker.log"),
    ):
        deadline = time.monotonic() + 30
        while True:
            assert web.poll() is None, (tmp_path / "web.log").read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert time.monotonic() < deadline
        played = subprocess.run(words["playback"], env=environ, capture_output=True, text=True, timeout=90, check=False)
    assert played.returncode == 0, played.stderr + (tmp_path / "worker.log").read_text()
    sidecar = json.loads((tmp_path / "out" / "order.profile.json").read_text())
    assert sidecar["status"] == "complete"
    assert {Path(name).name for name in sidecar["sources"]} == {"app.py", "jobs.py"}


def test_production_knows_nothing_of_profcov() -> None:
    for service in ("web", "worker"):
        described = COMPOSE[service]
        assert described["build"]["target"] == "production"
        assert "profcov" not in shlex.join(words_of(service))
    production = (EXAMPLE / "Dockerfile").read_text(encoding="utf-8").partition("FROM production")[0]
    assert not [line for line in production.splitlines() if "profcov" in line and not line.startswith("#")]
