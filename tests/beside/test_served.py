"""Two profiles at once in real applications beside their everyday tools: lines equal the oracle's, answers the untraced ones.

FastAPI on SQLAlchemy's asyncio with sentry-sdk and OpenTelemetry under uvicorn and uvloop; Flask with sentry-sdk under
gunicorn's gevent workers. The same requests, in the same numbers, are sent where profcov is off; and each profile's alone
where coverage.py measures. The tools' own work must be the same: spans, and envelopes.
"""

from __future__ import annotations

import collections
import contextlib
import gzip
import http.client
import itertools
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from servers import ASGI, WSGI, serve

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPS = Path(__file__).parent / "apps" / "served"
LAMPS = Path(__file__).parents[1] / "integration" / "database" / "apps"
FEW, MANY = 3, 12
"""How often each client sends its profile; many with ``--full``."""
UVLOOP = (*ASGI["uvicorn"], "--loop=uvloop")
GEVENT = WSGI["gunicorn gevent"]
NEW = sys.version_info >= (3, 12)
GREENLETS = "unsupported; greenlets need the monitoring engine (Python 3.12 or newer)"
BOTH = ("before", "after")
OURS = "X-Profile-Trace-Status"


@dataclass(frozen=True)
class Application:
    """What is served, by which server, what is measured of it, and what each profile asks for; None is nobody's.

    ``unseen`` is what a profile runs and coverage.py alone cannot see.
    """

    name: str
    words: tuple[str, ...]
    measured: tuple[Path, ...]
    concurrency: str
    profiles: dict[str | None, list[tuple[str, str]]]
    unseen: dict[str, dict[str, list[int]]] = field(default_factory=dict)


HOUSE = Application(
    "house",
    UVLOOP,
    (APPS / "house.py", LAMPS / "lamps.py"),
    "greenlet, thread",
    {
        "furnish": [
            ("POST", "/rooms/kitchen?lamps=3"),
            ("GET", "/rooms/kitchen/broken"),
            ("GET", "/rooms/hall/sync"),
            ("GET", "/rooms/kitchen/calls"),
            ("GET", "/rooms/kitchen/fails"),
        ],
        "light": [
            ("GET", "/rooms/cellar/light"),
            ("GET", "/rooms/attic/stream"),
            ("GET", "/rooms/cellar/threads"),
            ("GET", "/rooms/cellar/tasks"),
            ("GET", "/rooms/cellar/told"),
        ],
        None: [("GET", "/rooms/shed/nobody")],
    },
)
STALL = Application(
    "stall",
    GEVENT,
    (APPS / "stall.py", APPS / "native.py"),
    "gevent",
    {
        "buy": [("GET", f"/stalls/apple/{each}") for each in ("greenlets", "calls", "fails", "child")],
        "sell": [("GET", f"/stalls/pear/{each}") for each in ("threads", "stream", "told", "calls")],
        None: [("GET", "/stalls/nut/nobody")],
    },
    {"sell": {"native.py": [7, 8]}},
)


class Collector:
    """A server that answers the applications' calls, and counts what Sentry is sent for each project."""

    def __init__(self) -> None:
        self._counts: collections.Counter[tuple[str, str]] = collections.Counter()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or each answer waits for 40 ms

            def do_GET(self) -> None:
                self._answer(self.path.encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                collector.count(self.path.split("/")[2], body)
                self._answer(b"{}")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def handle(self) -> None:
                with contextlib.suppress(ConnectionError):  # of a server that is stopped
                    super().handle()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.projects = itertools.count(1)

    def count(self, project: str, envelope: bytes) -> None:
        """Count what is in an envelope: after a line of its own, a line of JSON for each item, and so many bytes."""
        rest = envelope.partition(b"\n")[2]
        while rest:
            line, _, rest = rest.partition(b"\n")
            item = json.loads(line)
            self._counts[project, item["type"]] += 1
            rest = rest[item["length"] + 1 :]

    def counted(self, project: str) -> dict[str, int]:
        """Return how many errors and messages, and how many requests, a project was sent."""
        return {kind: self._counts[project, kind] for kind in ("event", "transaction")}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


@dataclass
class Played:
    """What came of the requests of all profiles, or of one."""

    answers: dict[tuple[str, str], set[Any]] = field(default_factory=lambda: collections.defaultdict(set))
    said: dict[str | None, set[str | None]] = field(default_factory=lambda: collections.defaultdict(set))
    spans: Any = None
    envelopes: dict[str, int] = field(default_factory=dict)
    requests: int = 0

    def play(self, connection: http.client.HTTPConnection, requests: list[tuple[str, str]], slug: str | None) -> None:
        """Send requests; keep the answers whole, but for when they were made, and what is said of the trace."""
        for method, path in requests:
            connection.request(method, path, headers={} if slug is None else {"X-Profile-Trace": slug})
            answer = connection.getresponse()
            body = answer.read()
            headers = tuple(pair for pair in answer.getheaders() if pair[0].title() not in {"Date", OURS})
            self.answers[method, path].add((answer.status, headers, body))
            self.said[slug].add(answer.getheader(OURS))
            self.requests += 1
            if answer.status == 500:  # uvicorn closes it then
                connection.close()


def play_all(application: Application, port: int, rounds: int) -> Played:
    """Play all profiles at once, twice each, and their requests untraced beside, as well as nobody's."""
    played = Played()
    players = [(slug, slug) for slug in application.profiles] * 2
    players += [(slug, None) for slug in application.profiles]
    ready = threading.Barrier(len(players))

    def play(whose: str | None, slug: str | None) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        ready.wait(60)
        for _ in range(rounds):
            played.play(connection, application.profiles[whose], slug)
        connection.close()

    with ThreadPoolExecutor(len(players)) as pool:
        for done in [pool.submit(play, *player) for player in players]:
            done.result()
    return played


def ask(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


class Stage:
    """Starts an application's servers, each with a directory, a database and a Sentry project of its own."""

    def __init__(
        self, application: Application, collector: Collector, environ_for: Callable[..., Any], rounds: int
    ) -> None:
        self.application = application
        self._collector = collector
        self._environ_for = environ_for
        self._rounds = rounds

    def environ(self, directory: Path, project: str, **more: str) -> dict[str, str]:
        directory.mkdir(exist_ok=True)
        environ = self._environ_for(directory, APPS, LAMPS)
        config = directory / "measured.ini"
        files = "\n    ".join(map(str, self.application.measured))
        config.write_text(
            f"[run]\ninclude =\n    {files}\nconcurrency = {self.application.concurrency}\n", encoding="utf-8"
        )
        return {
            **environ,
            "CALLED": f"http://{self._collector.address}",
            "SENTRY": f"http://key@{self._collector.address}/{project}",
            "LAMPS_DATABASE": f"sqlite+aiosqlite:///{directory / 'lamps.db'}",
            **more,
        }

    @contextlib.contextmanager
    def serving(self, directory: Path, order: str, **more: str) -> Iterator[Played]:
        """Play all profiles at once; stop the server after the block, and see what the tools have done."""
        project = str(next(self._collector.projects))
        environ = self.environ(directory, project, ORDER=order, **more)
        with serve(self.application.words, f"served_{self.application.name}:app", environ, directory) as served:
            played = play_all(self.application, served.port, self._rounds)
            if self.application is HOUSE:
                played.spans = ask(served.port, "/spans")
            yield played
            served.stop(seconds=40)
        played.envelopes = self._collector.counted(project)

    def play_off(self, directory: Path) -> Played:
        with self.serving(directory, "before", ENABLE_PROFILE_COVERAGE="0") as played:
            pass
        return played

    def play_alone(self, slug: str, directory: Path) -> tuple[Played, Any]:
        """Play a profile alone under coverage.py; return its lines, too."""
        environ = self.environ(directory, "0", ORDER="before", ALONE=str(directory / "measured.ini"))
        environ["ENABLE_PROFILE_COVERAGE"] = "0"
        words = tuple(word.replace("--workers=2", "--workers=1") for word in self.application.words)
        played = Played()
        with serve(words, f"alone_{self.application.name}:app", environ, directory) as served:
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
            for _ in range(2):
                played.play(connection, self.application.profiles[slug], None)
            connection.request("GET", "/lines")  # on the same connection: what follows an answer is done, too
            lines = json.loads(connection.getresponse().read())
            connection.close()
        seen = {file: numbers for file, numbers in lines.items() if numbers}
        return played, {**seen, **self.application.unseen.get(slug, {})}


@dataclass(frozen=True)
class Expected:
    """What the application does where profcov is off, and each profile's lines."""

    stage: Stage
    off: Played
    alone: dict[str, tuple[Played, Any]]


def find_out(application: Application, collector: Collector, request: pytest.FixtureRequest) -> Expected:
    rounds = MANY if request.config.getoption("--full") else FEW
    stage = Stage(application, collector, request.getfixturevalue("environ_for"), rounds)
    slugs = [slug for slug in application.profiles if slug]
    directory = request.getfixturevalue("tmp_path_factory").mktemp(application.name)
    with ThreadPoolExecutor() as pool:
        off = pool.submit(stage.play_off, directory / "off")
        alone = pool.map(stage.play_alone, slugs, [directory / slug for slug in slugs])
        return Expected(stage, off.result(), dict(zip(slugs, alone, strict=True)))


@pytest.fixture(scope="module")
def house(collector: Collector, request: pytest.FixtureRequest) -> Expected:
    return find_out(HOUSE, collector, request)


@pytest.fixture(scope="module")
def stall(collector: Collector, request: pytest.FixtureRequest) -> Expected:
    return find_out(STALL, collector, request)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each engine with the tools set up before and after; without ``--full`` each engine, and each order, once."""
    full = metafunc.config.getoption("--full")
    if "engine" in metafunc.fixturenames:
        some = [("monitoring", "before"), ("ctrace", "after")] if NEW else [("ctrace", "before")]
        every = [*itertools.product(("monitoring", "ctrace") if NEW else ("ctrace",), BOTH)]
        metafunc.parametrize(("engine", "order"), every if full else some)
    elif "order" in metafunc.fixturenames:
        metafunc.parametrize("order", BOTH if full else BOTH[:1])


def compare(expected: Expected, played: Played) -> None:
    """Compare all answers, and what the tools have done, with those where profcov is off."""
    failing = {"broken": {409}, "fails": {500}}
    for (_, path), answers in expected.off.answers.items():
        assert {status for status, *_ in answers} == failing.get(path.rpartition("/")[2], {200}), answers
        assert len(answers) == 1
    assert played.answers == expected.off.answers
    assert (played.requests, played.spans) == (expected.off.requests, expected.off.spans)
    assert played.envelopes == expected.off.envelopes
    assert played.said[None] == {None}


def compare_lines(expected: Expected, made: dict[str, Any]) -> None:
    """Compare what is filed under each slug with what coverage.py has recorded of it alone."""
    lines = {}
    for slug, (alone, theirs) in expected.alone.items():
        assert made[slug].reasons == ()
        lines[slug] = {Path(file).name: sorted(each) for file, each in read_lines(made[slug].path).items() if each}
        apart = {file: set(lines[slug].get(file, ())) ^ set(theirs.get(file, ())) for file in {*lines[slug], *theirs}}
        assert not any(apart.values()), (slug, apart)
        assert alone.answers.items() <= expected.off.answers.items()
    figures = {slug: {file: len(numbers) for file, numbers in files.items()} for slug, files in lines.items()}
    off = expected.off
    print({"requests": off.requests, "lines": figures, "spans": off.spans, "envelopes": off.envelopes})


def test_fastapi_with_sqlalchemy_sentry_opentelemetry_and_uvloop(
    house: Expected, engine: str, order: str, tmp_path: Path
) -> None:
    with house.stage.serving(tmp_path, order, PROFILE_COVERAGE_ENGINE=engine) as played:
        made = {slug: combine(DataDirectory(tmp_path / "data"), Slug(slug)) for slug in house.alone}
    compare_lines(house, made)
    compare(house, played)
    # An answer to an unhandled error comes from outside of what FastAPI adds.
    assert played.said["furnish"] == ({"traced", None} if order == "before" else {"traced"})
    assert played.said["light"] == {"traced"}


@pytest.mark.skipif(not NEW, reason="gevent needs Python 3.12: the next test")
def test_flask_with_sentry_under_gevent(stall: Expected, order: str, tmp_path: Path) -> None:
    with stall.stage.serving(tmp_path, order) as played:
        made = {slug: combine(DataDirectory(tmp_path / "data"), Slug(slug)) for slug in stall.alone}
    compare_lines(stall, made)
    compare(stall, played)
    assert [played.said[slug] for slug in stall.alone] == [{"traced"}, {"traced"}]


def test_where_gevent_cannot_be_followed_all_answers_are_right_and_say_so(
    stall: Expected, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    if NEW and not pytestconfig.getoption("--full"):
        pytest.skip("it can here; with --full it is told not to")
    with stall.stage.serving(tmp_path, "before", PROFILE_COVERAGE_ENGINE="ctrace") as played:
        pass
    compare(stall, played)
    assert [played.said[slug] for slug in stall.alone] == [{GREENLETS}, {GREENLETS}]
