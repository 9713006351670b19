"""Beside tools that patch what profcov patches: every answer is right, every line is filed, and the tool does its own work.

Each runs in a process of its own with a Flask and a FastAPI application: ``apps/program.py``. Those that are not among the
packages for development are tested by ``nox -s beside``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import seen
from ports import find_free_port

APPS = Path(__file__).parent / "apps"
WAYS = ("bare_thread", "pool", "process", "request", "task", "thread", "timer")
LIBRARIES = ("httpx", "httpx_async", "requests", "urllib3")
BOTH = ("before", "after")
NEW = sys.version_info >= (3, 12)

WRAPPED = (
    "AsyncHTTPTransport.handle_async_request BaseProcess.start HTTPConnectionPool.urlopen HTTPTransport.handle_request"
    " Thread._bootstrap Thread.run Thread.start ThreadPoolExecutor.submit Timer.run Timer.start"
)
INSTANCES = {name: ["True"] for name in WRAPPED.split()}
# Sentry's patch takes what wrapt's wrapper of `run` wraps, and goes past the wrapper.
BESIDE_SENTRY = {name: seen for name, seen in INSTANCES.items() if not name.endswith(".run")}
SPANS = {"requests": 6, "calls": 12, "calls in requests": 12}
EVENTS = 12
ALL = "sentry+otel+wrapt"
EACH = {"nothing", "sentry", "otel", "wrapt"}
"""What every run tests all at once, and `make full` each by itself, too."""


@dataclass(frozen=True)
class Tool:
    """What to run a program beside: the modules that must be there, and what the tool tells of its own work."""

    modules: tuple[str, ...]
    told: Any = None
    command: tuple[str, ...] = ()
    orders: tuple[str, ...] = BOTH
    environ: dict[str, str] = field(default_factory=dict)


TOOLS = {
    "nothing": Tool((), orders=("before",)),
    "wrapt": Tool(("wrapt",), INSTANCES),
    "sentry": Tool(("sentry_sdk",), EVENTS),
    "otel": Tool(("opentelemetry.sdk",), SPANS),
    ALL: Tool(("sentry_sdk", "opentelemetry.sdk", "wrapt"), [EVENTS, SPANS, BESIDE_SENTRY]),
    "opentelemetry-instrument": Tool(
        ("opentelemetry.sdk",),
        SPANS,
        ("opentelemetry-instrument",),
        ("before",),
        {
            **{f"OTEL_{each}_EXPORTER": "none" for each in ("TRACES", "METRICS", "LOGS")},
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "sqlalchemy",  # it says that SQLAlchemy is too new for it
        },
    ),
    "gevent": Tool(("gevent",), orders=("before",) if NEW else ()),  # greenlets need the monitoring engine
    "ddtrace": Tool(
        ("ddtrace",),
        True,
        ("ddtrace-run",),
        ("before",) if NEW else (),  # 4.16 breaks anyio's task groups on 3.11, with profcov switched off as well
        {"DD_INSTRUMENTATION_TELEMETRY_ENABLED": "0", "DD_REMOTE_CONFIGURATION_ENABLED": "0"},
    ),
    "newrelic": Tool(
        ("newrelic",),
        [False, True, True, True, True, True],  # its first transaction is that before it has made its application
        ("newrelic-admin", "run-program"),
        ("before",),
        {"NEW_RELIC_DEVELOPER_MODE": "true", "NEW_RELIC_LICENSE_KEY": "0" * 40, "NEW_RELIC_APP_NAME": "demo"},
    ),
    "elastic": Tool(("elasticapm",), True),
}


def is_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each tool in each order: all that are installed, or the one that the session is about."""
    if "name" not in metafunc.fixturenames:
        return
    asked = os.environ.get("PROFCOV_BESIDE")
    left_out = set() if metafunc.config.getoption("--full") else EACH
    runs = []
    for name in [asked] if asked else [each for each in TOOLS if each not in left_out]:
        missing = [] if asked else [module for module in TOOLS[name].modules if not is_here(module)]
        if missing:
            skip = pytest.mark.skip(reason=f"{', '.join(missing)} is not installed here: nox -s beside")
            runs.append(pytest.param(name, "", id=name, marks=skip))
        else:
            runs += [pytest.param(name, order, id=f"{name}-{order}") for order in TOOLS[name].orders]
    metafunc.parametrize(("name", "order"), runs)


def test_beside_another_tool_answers_lines_and_calls_are_right_and_the_tool_does_its_work(
    name: str, order: str, tell_of: Any, environ_for: Any, tmp_path: Path
) -> None:
    tool = TOOLS[name]
    port = str(find_free_port())
    environ = environ_for(
        tmp_path,
        APPS / "measured",
        PROFILE_COVERAGE_PROPAGATE="127.0.0.1",
        COLLECTOR_PORT=port,
        DD_TRACE_AGENT_URL=f"http://127.0.0.1:{port}",
        **tool.environ,
    )
    told = tell_of([*start(tool.command), str(APPS / "program.py"), name, order], tmp_path, environ, 120)

    kinds = {"untraced": None, "one": "one", "two": "two"}
    assert told["flask"] == [answer(kind, "{0} {0} {0} {0} {0} 0 {{}} {{}} {{}}") for kind in kinds]
    assert told["fastapi"] == [answer(kind, '"{0} {0} {{}} {0}"') for kind in kinds]
    assert told["ran"] == {slug: [f"{slug}_in_{way}" for way in WAYS] for slug in ("one", "two")}
    assert told["calls"] == [[f"/{kind}/{library}", kinds[kind]] for kind in sorted(kinds) for library in LIBRARIES]
    # With its threads alive: a tool's own, that a request has started, keep nobody waiting.
    assert told["combined"] == [[slug, str(len(WAYS)), "1", "complete"] for slug in ("one", "two")]
    assert told["carried to others"] == []
    assert told["tool"] == tool.told


def start(command: tuple[str, ...]) -> list[str]:
    """Return the arguments with which Python starts a program by a tool's command."""
    if not command:
        return []
    program = shutil.which(command[0], path=str(Path(sys.executable).parent))
    assert program, command
    return [program, *command[1:], sys.executable]


def answer(kind: str, text: str) -> list[Any]:
    """Return what a client is told, which is the same traced and untraced but for one header."""
    status = None if kind == "untraced" else "traced"
    return [200, text.format("one" if kind == "untraced" else kind), status]


def test_in_a_test_run_of_pytests_its_patches_and_what_it_says_of_threads_that_fail_are_as_without_us(
    environ_for: Any, tmp_path: Path
) -> None:
    file = shutil.copy(APPS / "in_pytest.py", tmp_path)  # away from our own conftest.py
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    environ = environ_for(tmp_path, APPS / "measured")
    done = subprocess.run([*words, file], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.count("PytestUnhandledThreadExceptionWarning: Exception in thread") == 2, done.stdout
    assert "2 passed, 2 warnings" in done.stdout
    assert seen.in_shards(tmp_path / "data", "one") == {"one_in_request", "one_in_thread"}
