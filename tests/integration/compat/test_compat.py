"""Each framework on each server: several slugs at once, and each has exactly the lines that it has alone."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import servers
from websockets.sync.client import connect

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.holders import list_holders
from profcov.store.layout import list_slugs
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable

APPS = Path(__file__).parent / "apps"
TABLE = Path(__file__).parents[3] / "docs" / "reference" / "compatibility.md"
sys.path.insert(0, str(APPS))

import requests_of as plan  # noqa: E402 (it is beside the applications, which import it by this name)

ROUNDS = 2
CELLS = [
    (kind, framework, server)
    for kind in ("WSGI", "ASGI")
    for framework in getattr(plan, kind)
    for server in getattr(servers, kind)
]
NO_GREENLETS = "unsupported; greenlets need the monitoring engine (Python 3.12 or newer)"


def own_third(minor: int) -> set[tuple[str, str, str]]:
    """Return a third of the cells, with each framework and each server in it; three Pythons in a row have them all.

    What needs the monitoring engine and would be 3.11's is 3.12's, too.
    """
    chosen = set()
    for kind in ("WSGI", "ASGI"):
        for row, framework in enumerate(getattr(plan, kind)):
            for column, server in enumerate(getattr(servers, kind)):
                third = (row + column) % 3
                if third == minor % 3 or (minor == 12 and third == 11 % 3 and "gevent" in server):
                    chosen.add((kind, framework, server))
    return chosen


def test_three_pythons_in_a_row_run_every_cell() -> None:
    thirds = [own_third(minor) for minor in (11, 12, 13)]
    assert set().union(*thirds) == set(CELLS)
    for third in thirds:
        assert {cell[:2] for cell in third} == {cell[:2] for cell in CELLS}
        assert {(kind, server) for kind, _, server in third} == {(kind, server) for kind, _, server in CELLS}
    assert {cell for cell in CELLS if "gevent" in cell[2]} <= thirds[1] | thirds[2]


@pytest.fixture(scope="session")
def truth_of() -> Callable[[str], dict[str, dict[str, list[int]]]]:
    """What each slug's requests to an application run, alone, as coverage.py's own C tracer has it."""
    known: dict[str, Any] = {}

    def find(module: str) -> Any:
        if module not in known:
            done = subprocess.run(
                [sys.executable, str(APPS / "truth.py"), module],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            known[module] = json.loads(done.stdout.splitlines()[-1])
        return known[module]

    return find


def send(server: servers.Served, request: Any, slug: str | None) -> str | None:
    """Send a request, check its answer, and return what it says about tracing."""
    headers = {} if slug is None else {"X-Profile-Trace": slug}
    if request.method == "WS":
        with connect(f"ws://127.0.0.1:{server.port}{request.path}", additional_headers=headers) as socket:
            socket.send("hello")
            assert socket.recv() == "HELLO"
            assert socket.response is not None
            return socket.response.headers.get("X-Profile-Trace-Status")
    connection = server.connect()
    try:
        connection.request(request.method, request.path, request.body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == request.status
        return answer.getheader("X-Profile-Trace-Status")
    finally:
        connection.close()


def play_at_once(server: servers.Served, module: str) -> dict[tuple[str | None, Any], set[str | None]]:
    """Play all slugs, and untraced traffic beside them, at the same time; return what was said to each request."""
    said: dict[tuple[str | None, Any], set[str | None]] = collections.defaultdict(set)
    errors: list[BaseException] = []

    def play(slug: str | None) -> None:
        try:
            for _ in range(ROUNDS):
                for each in plan.SLUGS if slug is None else (slug,):
                    for request in plan.list_requests(module, each):
                        said[slug, request].add(send(server, request, slug))
        except BaseException as error:  # noqa: BLE001 (for the test's own thread to raise)
            errors.append(error)

    threads = [threading.Thread(target=play, args=(slug,)) for slug in (*plan.SLUGS, None)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise AssertionError(server.log.read_text()) from error
    return said


def expect_status(framework: str, server: str, request: Any) -> str | None:
    """Return what an answer to a traced request says."""
    if server == "granian" and request.method == "WS":
        return None  # granian leaves out the headers of an accepted websocket
    if framework in {"Starlette", "FastAPI"} and request.status == 500:
        return None  # what answers unhandled errors is around all middleware of `add_middleware`
    return NO_GREENLETS if is_untraced(server) else "traced"


def is_untraced(server: str) -> bool:
    """Tell whether nothing is recorded there: greenlets need the monitoring engine."""
    return "gevent" in server and sys.version_info < (3, 12)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run this Python's third of the cells, or all with ``--full``."""
    if "cell" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--full")
        third = own_third(sys.version_info.minor)
        cells = [cell for cell in CELLS if everything or cell in third]
        metafunc.parametrize("cell", cells, ids=["-".join(cell) for cell in cells])


def test_each_slug_has_exactly_its_lines(
    cell: tuple[str, str, str],
    tmp_path: Path,
    *,
    environ_for: Any,
    truth_of: Any,
    record_property: Any,
    wait_until: Any,
) -> None:
    kind, framework, server = cell
    module = getattr(plan, kind)[framework]
    environ = environ_for(tmp_path, APPS)
    with servers.serve(getattr(servers, kind)[server], f"{module}:app", environ, tmp_path) as served:
        said = play_at_once(served, module)
        wait_until(lambda: list_holders(tmp_path / "data") == [], "no request is in its last step any more")
        if "gevent" not in server:  # gunicorn's gevent workers often do not stop by SIGTERM, with and without profcov
            served.stop()
    for (slug, request), told in said.items():
        assert told == {None if slug is None else expect_status(framework, server, request)}, (slug, request)
    data = tmp_path / "data"
    if is_untraced(server):
        assert list_slugs(data) == []
        record_property("cell", json.dumps([*cell, "untraced"]))
        return
    found = {}
    for slug in plan.SLUGS:
        artifact = combine(DataDirectory(data), parse_slug(slug), config_file=tmp_path / "measured.ini", timeout=5)
        assert artifact.complete
        found[slug] = {Path(name).name: sorted(lines) for name, lines in read_lines(artifact.path).items()}
    truth = truth_of(module)
    for slug, files in truth.items():
        others = {(file, line) for other in set(truth) - {slug} for file in truth[other] for line in truth[other][file]}
        assert {(file, line) for file in files for line in files[file]} - others, (
            f"the truth is none: {slug} has no line"
        )
    assert found == truth
    record_property("cell", json.dumps([*cell, "exact"]))


def test_the_table_has_just_the_cells_that_are_tested() -> None:
    cells_only = TABLE.read_text(encoding="utf-8").partition("## Versions that ran")[0]
    rows = [line.split("|")[1:-1] for line in cells_only.splitlines() if line.startswith("|")]
    claimed = set()
    heads: list[str] = []
    for row in rows:
        cells = [cell.strip() for cell in row]
        if cells[0] in {"WSGI", "ASGI"}:
            heads = cells
        elif heads and not set(cells[0]) <= {"-"}:
            claimed |= {
                (heads[0], cells[0].split(" ")[0], head)
                for head, cell in zip(heads[1:], cells[1:], strict=True)
                if cell
            }
    assert claimed == set(CELLS)
