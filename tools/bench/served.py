"""The servers: gunicorn with one process and four threads, or uvicorn, on a free port of 127.0.0.1."""

from __future__ import annotations

import os
import socket
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

    from rig import Rig

KEEP_SECONDS = 3600  # a connection waits while the other variants have their turn
THREADS = 4


def serve(workload: str, rig: Rig, say: Callable[[dict[str, Any]], None]) -> None:
    """Serve a workload until a signal comes; say port and process id when the server listens."""
    if workload == "starlette":
        _run_uvicorn(rig, say)
    else:
        _run_gunicorn(workload, rig, say)


def _run_gunicorn(workload: str, rig: Rig, say: Callable[[dict[str, Any]], None]) -> None:
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            options = {"bind": "127.0.0.1:0", "workers": 1, "worker_class": "gthread", "threads": THREADS}
            for name, value in {**options, "keepalive": KEEP_SECONDS, "loglevel": "warning"}.items():
                self.cfg.set(name, value)
            self.cfg.set("post_worker_init", _announce)

        def load(self) -> WSGIApplication:
            rig.switch_on()
            return rig.wrap_wsgi(_load_wsgi(workload, rig))

    def _announce(worker: Any) -> None:
        say({"port": worker.sockets[0].getsockname()[1], "pid": os.getpid()})

    Server().run()


def _load_wsgi(workload: str, rig: Rig) -> WSGIApplication:
    if workload == "empty-served":
        from workload.handlers import answer_nothing  # noqa: PLC0415

        return answer_nothing
    from workload import page  # noqa: PLC0415

    database = rig.directory / "runs.sqlite"
    page.app.config["DATABASE"] = str(database)
    connection = sqlite3.connect(database)
    page.fill(connection)
    connection.close()
    return page.app


def _run_uvicorn(rig: Rig, say: Callable[[dict[str, Any]], None]) -> None:
    import uvicorn  # noqa: PLC0415

    rig.switch_on()
    from workload import endpoint  # noqa: PLC0415

    config = uvicorn.Config(
        rig.wrap_asgi(endpoint.app),
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_keep_alive=KEEP_SECONDS,
    )
    # IPPROTO_TCP, said: asyncio sets TCP_NODELAY only then, and without it every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    say({"port": listener.getsockname()[1], "pid": os.getpid()})
    uvicorn.Server(config).run(sockets=[listener])
