"""`profcov run` with the commands of ddtrace, OpenTelemetry and New Relic, in either order: both see each request.

`nox -s launchers` installs and runs them. With stand-ins for the commands: integration/zero_code/test_launchers.py.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
import pytest
from ports import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif("PROFCOV_LAUNCHERS" not in os.environ, reason="nox -s launchers")

BIN = Path(sys.executable).parent
APP = """import flask, tool
app = flask.Flask(__name__)
@app.get("/a")
def a():
    return tool.state() + " a"
@app.get("/b")
def b():
    return tool.state() + " b"
"""
LINES = {"a": {5}, "b": {8}}
LAUNCHERS = {
    "ddtrace": ["ddtrace-run"],
    "opentelemetry": ["opentelemetry-instrument"],
    "newrelic": ["newrelic-admin", "run-program"],
}
STATES = {
    "ddtrace": "from ddtrace.trace import tracer\ndef state():\n    return 'off' if tracer.current_span() is None else 'on'\n",
    "opentelemetry": "from opentelemetry import trace\ndef state():\n"
    "    return 'on' if trace.get_current_span().get_span_context().is_valid else 'off'\n",
    # Without a collector it begins no transaction: what it has wrapped is to be seen.
    "newrelic": "import flask\ndef state():\n"
    "    return 'on' if type(vars(flask.Flask)['wsgi_app']).__module__.startswith('newrelic') else 'off'\n",
}
QUIET = {  # each its own: ddtrace reads OpenTelemetry's, and is off then
    "ddtrace": {
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
        "DD_REMOTE_CONFIGURATION_ENABLED": "false",
        "DD_TRACE_STARTUP_LOGS": "false",
        "DD_CODE_ORIGIN_FOR_SPANS_ENABLED": "false",
    },
    "opentelemetry": {f"OTEL_{kind}_EXPORTER": "none" for kind in ("TRACES", "METRICS", "LOGS")},
    "newrelic": {
        "NEW_RELIC_DEVELOPER_MODE": "true",
        "NEW_RELIC_LICENSE_KEY": "0" * 40,
        "NEW_RELIC_APP_NAME": "shop",
    },
}


@contextmanager
def serving(folder: Path, command: list[str], more: dict[str, str]) -> Iterator[str]:
    port = find_free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_", "COV"))}
    environ |= more | {"PATH": f"{BIN}{os.pathsep}{environ['PATH']}"}
    with (folder / "log").open("wb") as log:
        words = [word.replace("PORT", str(port)) for word in command]
        process = subprocess.Popen(words, cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    said = (folder / "log").read_text()
                    assert process.poll() is None, said
                    assert time.monotonic() < deadline, said
                    time.sleep(0.02)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def ask(url: str, slug: str) -> tuple[str, str | None]:
    request = urllib.request.Request(f"{url}/{slug}", headers={"X-Profile-Trace": slug})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read().decode(), answer.headers["X-Profile-Trace-Status"]


def read_lines(data_dir: Path, slug: str) -> set[int]:
    done = subprocess.run(
        [sys.executable, "-m", "profcov", "combine", "--data-dir", str(data_dir), "--out", str(data_dir.parent), slug],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data = coverage.CoverageData(str(data_dir.parent / f"{slug}.coverage"))
    data.read()
    found = {line for name in data.measured_files() if Path(name).name == "app.py" for line in data.lines(name) or ()}
    data.close()
    return found


@pytest.mark.parametrize("is_inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("server", ["gunicorn -b 127.0.0.1:PORT --threads 4 app:app", "flask run -p PORT"])
@pytest.mark.parametrize("tool", LAUNCHERS)
def test_both_see_each_request(tmp_path: Path, tool: str, server: str, *, is_inside: bool) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "tool.py").write_text(STATES[tool])
    ours = [sys.executable, "-m", "profcov", "run", "--source", ".", "--data-dir", "data", "--"]
    both = [*ours, *LAUNCHERS[tool]] if is_inside else [*LAUNCHERS[tool], *ours]
    with serving(tmp_path, [*both, *server.split()], QUIET[tool]) as url, ThreadPoolExecutor(4) as pool:
        ask(url, "a")  # while the engine is being started, others would be rejected on a slow machine
        asked = ["a", "b"] * 6
        assert list(pool.map(lambda slug: ask(url, slug), asked)) == [(f"on {slug}", "traced") for slug in asked]
        assert {slug: read_lines(tmp_path / "data", slug) for slug in LINES} == LINES
