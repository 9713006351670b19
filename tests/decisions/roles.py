"""The demo's three kinds of process, each forked from one that has imported the libraries: web, API, worker.

A role imports its part of a tree of the demo, and then forks for each profile, so that no profile sees what another left.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

import ids
import rq
from redis import Redis
from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_CPU_SECONDS: Final = 4
"""For one profile in one process; the unchanged demo needs a tenth. What runs on is ended, and its profile behaves differently."""

MAX_BYTES: Final = 2 << 30
ENTRIES: Final = {"web": "profcov.demo.wsgi", "api": "profcov.demo.asgi", "worker": "profcov.demo.jobs"}
QUEUE: Final = "profcov-demo"


@dataclass(frozen=True)
class Sent:
    """A request, as it goes to a role."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass
class Came:
    """What an application answers; ``broken`` if it raised, which a client may see as a body that is cut off."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    broken: bool = False


class Role:
    """A process of one kind with one tree; ``connect`` gives a session for a profile."""

    def __init__(self, kind: str, tree: Path, redis_url: str) -> None:
        self._address = f"\0profcov-oracle-{os.getpid()}-{kind}-{os.urandom(4).hex()}"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._address)
        listener.listen()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                _serve(kind, tree, redis_url, listener)
            finally:
                traceback.print_exc()
                os._exit(1)
        listener.close()

    def connect(self) -> Session:
        """Return a session, in a process of its own."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(90)
        connection.connect(self._address)
        return Session(connection)

    def close(self) -> None:
        """End the process, and all that it has forked."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


class Session:
    """A connection to one profile's process of a role."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file = connection.makefile("rwb")

    def ask(self, question: Any) -> Any:
        """Send something and return the answer.

        Raises:
            EOFError, OSError: the process has ended.
        """
        pickle.dump(question, self._file)
        self._file.flush()
        return pickle.load(self._file)

    def close(self) -> None:
        """End the session's process."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._connection.close()


def _serve(kind: str, tree: Path, redis_url: str, listener: socket.socket) -> None:
    """Import a part of the demo, and fork for each connection."""
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    silent = os.open(os.environ.get("PROFCOV_ORACLE_LOG", os.devnull), os.O_RDWR | os.O_APPEND)
    for number in (0, 1, 2):
        os.dup2(silent, number)
    ids.begin(kind)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(tree))
    sys.modules["profcov"].__path__.insert(0, str(tree / "profcov"))
    os.environ["REDIS_URL"] = redis_url
    entry: Any = None
    try:
        entry = importlib.import_module(ENTRIES[kind])
    except BaseException:  # noqa: BLE001 (whatever a changed module raises, SystemExit too)
        traceback.print_exc()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _converse(connection, _ANSWERERS[kind](entry, redis_url))
            os._exit(0)
        connection.close()


def _converse(connection: socket.socket, answer: Callable[[Any], Any]) -> None:
    with connection.makefile("rwb") as file, contextlib.suppress(EOFError):
        while True:
            pickle.dump(answer(pickle.load(file)), file)
            file.flush()


def _answer_web(entry: Any, _redis_url: str) -> Callable[[Sent], Came | None]:
    """Return what calls the WSGI application; it answers None if there is none, because its import failed."""

    def answer(sent: Sent) -> Came | None:
        app = getattr(entry, "app", None)
        if app is None:
            return None
        try:
            body, status, headers = run_wsgi_app(app, _environ(sent), buffered=True)
            return Came(int(status.split()[0]), list(headers), b"".join(body))
        except Exception:  # noqa: BLE001 (a server logs it, and answers 500)
            return Came(500, broken=True)

    return answer


def _environ(sent: Sent) -> dict[str, Any]:
    url = urlsplit(sent.url)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
        "QUERY_STRING": url.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(sent.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in sent.headers:
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ


def _answer_api(entry: Any, _redis_url: str) -> Callable[[Sent], Came | None]:
    """Return what calls the ASGI application, in a loop of its own that stays, after its lifespan has begun."""
    runner = asyncio.Runner()
    app = getattr(entry, "app", None)
    if app is None or not runner.run(_start_lifespan(app)):
        return lambda _: None
    return lambda sent: runner.run(_request(app, sent))


async def _start_lifespan(app: Any) -> bool:
    """Begin the lifespan, and leave it as it is; return whether the application has started."""
    started: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    asked = iter([{"type": "lifespan.startup"}])

    async def receive() -> Any:
        return next(asked, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        started.set_result(message["type"] == "lifespan.startup.complete")

    _lifespans.append(
        asyncio.ensure_future(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
    )
    await asyncio.wait([started, _lifespans[-1]], return_when=asyncio.FIRST_COMPLETED)
    return started.done() and started.result()


_lifespans: Final[list[asyncio.Future[Any]]] = []


async def _request(app: Any, sent: Sent) -> Came:
    url, came = urlsplit(sent.url), Came()
    messages = iter([{"type": "http.request", "body": sent.body, "more_body": False}])
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": sent.method,
        "scheme": "http",
        "path": unquote_to_bytes(url.path).decode(),
        "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in sent.headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8001),
    }

    async def receive() -> Any:
        return next(messages, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            came.status = message["status"]
            came.headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        else:
            came.body += message.get("body", b"")

    try:
        await app(scope, receive, send)
    except Exception:  # noqa: BLE001 (a server logs it)
        came.broken = True
        came.status = came.status or 500
    return came


def _answer_worker(entry: Any, redis_url: str) -> Callable[[str], list[list[Any]]]:
    """Return what does all jobs that wait and those that they enqueue, and answers what came of each."""
    redis = Redis.from_url(redis_url)
    runs = sys.modules.get("profcov.demo.runs")
    name = getattr(runs, "QUEUE", QUEUE) if entry is not None else QUEUE
    done: list[list[Any]] = []

    class Worker(rq.SimpleWorker):
        def perform_job(self, job: Any, queue: Any) -> bool:
            passed: bool = super().perform_job(job, queue)
            result = job.latest_result()
            error = (getattr(result, "exc_string", None) or "").strip().rpartition("\n")[2]
            value = getattr(result, "return_value", None)
            done.append([job.func_name, passed, type(value).__name__, repr(value), error])
            return passed

    worker = Worker([name], connection=redis)

    def answer(_: str) -> list[list[Any]]:
        done.clear()
        # Not worker.work(): its subscription to commands costs more than the jobs.
        while found := rq.Queue.dequeue_any(worker.queues, None, connection=redis):
            worker.execute_job(*found)
        return list(done)

    return answer


_ANSWERERS: Final[dict[str, Callable[[Any, str], Callable[[Any], Any]]]] = {
    "web": _answer_web,
    "api": _answer_api,
    "worker": _answer_worker,
}
assert threading.active_count() == 1, "forks from here must find one thread"
