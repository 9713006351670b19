"""Fixtures for all tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from profcov.recording.context import current
from profcov.recording.engine.builds import is_free_threaded
from profcov.store.own_file import close_dropped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warm import Commands

SUPPORT = Path(__file__).parent / "support"
ENGINES = ("monitoring", "ctrace") if sys.version_info >= (3, 12) else ("ctrace",)
if is_free_threaded():
    ENGINES = ("monitoring",)

os.environ.pop("GITHUB_STEP_SUMMARY", None)  # `profcov playback` appends to it, and what tests play is no news
# Or each of the many programs that tests start, and each run of pytest, would compile all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Containers have it, users' terminals do not: a full disk is met at another moment.
os.environ.pop("PYTHONUNBUFFERED", None)
sys.dont_write_bytecode = False
hypothesis.settings.register_profile("profcov", deadline=None)  # no test looks at a clock: others run meanwhile
hypothesis.settings.load_profile("profcov")
sys.path.insert(0, str(SUPPORT))  # for `seen`, which tests and the programs that they start share


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--full",
        action="store_true",
        help="what takes minutes, too: each framework on each server, thousands of requests",
    )

    parser.addoption("--quick", action="store_true", help="skip each test at the moment it starts a process")


STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
"""The audit events of a process that is started."""
starting_skips = False


def skip_at_a_process(event: str, _: object) -> None:
    if starting_skips and event in STARTS and not is_importing():
        pytest.skip("starts a process: `make test` runs it")


def is_importing() -> bool:
    """Tell whether a module is being imported: croniter asks `file` about the interpreter, and an import cut off stays broken."""
    frame = sys._getframe()
    while frame := frame.f_back:  # type: ignore[assignment]  # None at the end
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
    return False


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("quick"):
        sys.addaudithook(skip_at_a_process)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[Any]:
    global starting_skips  # noqa: PLW0603 (an audit hook is the process's, and stays)
    starting_skips = True
    try:
        return (yield)
    finally:
        starting_skips = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Say what ``-n auto`` is: a process for each core, and one more, since tests wait; with ``-s`` this one, which can print."""
    return 0 if config.getoption("capture") == "no" else min(os.cpu_count() or 1, 8) + 1


NO_MATTER_WHICH_PYTHON = (
    "tests/integration/bench/",
    "tests/integration/celery/",
    "tests/integration/dashboard/",
    "tests/integration/demo/test_bytes.py",
    "tests/integration/demo/test_interrupt.py",
    "tests/integration/demo/test_serve.py",
    "tests/integration/documentation/",
    "tests/integration/nightly/",
    "tests/integration/playback/",
    "tests/integration/rq/test_command.py",
    "tests/integration/rq/test_enqueue.py",
    "tests/integration/rq/test_wait.py",
    "tests/unit/nightly/",
    "tests/unit/playback/",
    "tests/unit/reading/report/",
)
"""What hardly depends on the Python: CI runs it on the first of its three only, and says so; `make test` runs all."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("PROFCOV_NO_REPEATS"):
        repeats = [item for item in items if item.nodeid.startswith(NO_MATTER_WHICH_PYTHON)]
        config.hook.pytest_deselected(items=repeats)
        items[:] = [item for item in items if not item.nodeid.startswith(NO_MATTER_WHICH_PYTHON)]


def pytest_report_header() -> list[str]:
    left = ", ".join(NO_MATTER_WHICH_PYTHON)
    return (
        [f"left to another Python, as PROFCOV_NO_REPEATS says: {left}"] if os.environ.get("PROFCOV_NO_REPEATS") else []
    )


def read_interpreter_state() -> tuple[object, ...]:
    monitoring: Any = getattr(sys, "monitoring", None)
    tools = [] if monitoring is None else [monitoring.get_tool(number) for number in range(6)]
    return sys.gettrace(), tools, current.get()


@pytest.fixture(autouse=True)
def interpreter_state() -> Iterator[None]:
    """Fail a test that leaves a trace function, a monitoring tool id or a scope behind, or takes one away."""
    before = read_interpreter_state()
    yield
    close_dropped()  # as the recorder's own thread does, of which there is none here
    assert read_interpreter_state() == before, "the trace function, the tool ids or the scope changed"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh Redis server of this test session's own."""
    from ports import find_free_port  # beside, in support/

    from profcov.demo.valkey import start_server

    with start_server(find_free_port(), tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """What runs commands of profcov at a fraction of the cost: ``commands.run(words, directory, environ)``."""
    from warm import serve_commands  # beside, in support/

    with serve_commands() as served:
        yield served


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine that runs on this Python."""
    return str(request.param)


def clean_environ() -> dict[str, str]:
    """Return this process's environment without any of profcov's variables."""
    ours = ("PROFILE_", "ENABLE_PROFILE_COVERAGE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def recording_environ(directory: Path, *measured: Path, **more: str) -> dict[str, str]:
    """Return the environment of a program that records into ``directory / "data"``.

    What is measured is ``measured.py``, and what is in the directories given.
    """
    config = directory / "measured.ini"
    patterns = [str(SUPPORT / "measured.py"), *(f"{path}/*.py" for path in measured)]
    config.write_text("\n    ".join(["[run]\ninclude =", *patterns]) + "\n", encoding="utf-8")
    environ = clean_environ()
    paths = [str(SUPPORT), *map(str, measured), environ.get("PYTHONPATH", "")]
    return {
        **environ,
        "ENABLE_PROFILE_COVERAGE": "1",
        "PROFILE_COVERAGE_DIR": str(directory / "data"),
        "PROFILE_COVERAGE_CONFIG": str(config),
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        **more,
    }


@pytest.fixture(scope="session")
def environ_for() -> Callable[..., dict[str, str]]:
    """Make the environment of a program that records: ``environ_for(directory, *measured_directories, **more)``."""
    return recording_environ


def run_program(words: list[str], directory: Path, environ: dict[str, str], seconds: float = 60) -> tuple[Any, str]:
    """Run Python with arguments; return what it printed last, read as JSON, and what it wrote to standard error."""
    done = subprocess.run(
        [sys.executable, *words],
        env=environ,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    from said import without_start_line

    return json.loads(done.stdout.splitlines()[-1]), without_start_line(done.stderr)


@pytest.fixture(scope="session")
def tell_of() -> Callable[..., Any]:
    """Run a program: ``tell_of(words, directory, environ, seconds)``; return what it printed last, read as JSON."""
    return lambda *args, **kwargs: run_program(*args, **kwargs)[0]


@pytest.fixture
def run_python(tmp_path: Path) -> Callable[..., Any]:
    """Run a piece of Python in a process of its own that may record; return what it printed last, read as JSON.

    What it writes to standard error must equal ``stderr``, or contain it if that is not empty.
    """

    def run(source: str, *, engine: str = "auto", stderr: str = "", **environ: str) -> Any:
        script = tmp_path / "script.py"
        script.write_text(textwrap.dedent(source), encoding="utf-8")
        words = ["-W", "error", str(script)]
        told, said = run_program(
            words, tmp_path, recording_environ(tmp_path, PROFILE_COVERAGE_ENGINE=engine, **environ)
        )
        assert stderr in said if stderr else not said, said
        return told

    return run


@pytest.fixture(scope="session")
def wait_until() -> Callable[..., None]:
    """Wait until a condition holds; fail with its description after half a minute."""

    def wait(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"did not happen: {what}"
            time.sleep(0.005)

    return wait
