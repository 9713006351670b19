"""Replay the demo's profiles on a tree: ``python warm_replay.py REDIS_URL`` reads paths of trees and prints what each profile did.

It has imported the libraries, so that a replay costs what the demo's own code costs.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import ids  # isort: skip  (first)

import requests
import roles
from redis import Redis
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

from profcov.errors import ProfcovError
from profcov.playback.client.client import Client
from profcov.playback.loading import load_profiles
from profcov.playback.player.steps import play_steps

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from profcov.playback.scenario.model import Profile

WEB: Final = "http://127.0.0.1:8000"
API: Final = "http://127.0.0.1:8001"
LIBRARIES: Final = (
    "asyncio", "bisect", "collections", "csv", "dataclasses", "flask", "heapq", "importlib.resources", "itertools", "math",
    "operator", "random", "redis.asyncio", "rq", "rq.job", "rq.registry", "starlette.applications", "starlette.background",
    "starlette.middleware.errors", "starlette.responses", "starlette.routing", "profcov.web.flask", "profcov.web.asgi",
    "profcov.queues.rq", "multipart", "encodings.idna",
)  # fmt: skip
_MAX_IDLE: Final = 3
"""How often a profile waits without any job done, before it has waited for nothing."""


class Replay:
    """One profile's play on one tree: what its requests and jobs did, in order."""

    def __init__(self, running: dict[str, roles.Role]) -> None:
        self.running = running
        self.sessions: dict[str, roles.Session] = {}
        self.seen: list[Any] = []
        self.idle = 0

    def session(self, kind: str) -> roles.Session:
        if kind not in self.sessions:
            self.sessions[kind] = self.running[kind].connect()
        return self.sessions[kind]

    def ask(self, kind: str, question: Any) -> Any:
        """Ask a role, or return None if its process has died of it."""
        try:
            return self.session(kind).ask(question)
        except (EOFError, OSError):
            self.seen.append([kind, "died"])
            return None

    def work(self) -> None:
        """Have the worker do what waits."""
        done = self.ask("worker", "work")
        self.seen += done or []
        self.idle = 0 if done else self.idle + 1

    # A profcov.playback.player.polling.Stop: between two polls the worker works.
    def is_set(self) -> bool:
        return self.idle >= _MAX_IDLE

    def wait(self, timeout: float | None = None) -> bool:
        self.work()
        return self.is_set()

    def close(self) -> None:
        for session in self.sessions.values():
            session.close()


class Adapter(BaseAdapter):
    """The transport of requests, into the roles."""

    def __init__(self, replay: Replay) -> None:
        super().__init__()
        self._replay = replay
        self._builder = HTTPAdapter()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        kind = "api" if (request.url or "").startswith(API) else "web"
        body = request.body or b""
        headers = [(name, value) for name, value in request.headers.items()]
        body = body.encode() if isinstance(body, str) else body
        came = self._replay.ask(kind, roles.Sent(request.method or "", request.url or "", headers, body))
        asked = [kind, request.method, request.path_url]
        if came is None:
            self._replay.seen.append([*asked, "no answer"])
            raise requests.ConnectionError
        self._replay.seen.append([*asked, came.status, came.headers, came.body.decode("latin-1"), came.broken])
        raw = HTTPResponse(io.BytesIO(came.body), HTTPHeaderDict(came.headers), came.status, preload_content=False)
        return self._builder.build_response(request, raw)

    def close(self) -> None:
        pass


def replay(tree: Path, redis_url: str) -> dict[str, list[Any]]:
    """Play the profiles of a tree; return what each did: answers, jobs, and whether it passed."""
    demo = tree / "profcov" / "demo"
    running = {kind: roles.Role(kind, tree, redis_url) for kind in roles.ENTRIES}
    try:
        return {
            slug: seen
            for path in sorted((demo / "profiles").glob("*.yaml"))
            for slug, seen in _play(path, running, redis_url)
        }
    finally:
        for role in running.values():
            role.close()


def _play(path: Path, running: dict[str, roles.Role], redis_url: str) -> Iterator[tuple[str, list[Any]]]:
    try:
        (profile,) = load_profiles([path], {"api_url": API})
    except ProfcovError as error:
        yield path.stem, [["no profile", type(error).__name__]]
        return
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
    play = Replay(running)
    try:
        passed = _play_steps(profile, play)
        play.work()
    finally:
        play.close()
    yield profile.slug, [*_name_ids(play.seen), ["passed" if passed else "failed"]]


def _play_steps(profile: Profile, play: Replay) -> bool:
    client = Client(WEB, None, (), timeout=60)
    client._session.mount("http://", Adapter(play))
    try:
        play_steps(profile, client, timeout=1e9, stop=play)
    except ProfcovError:
        return False
    return True


def _name_ids(seen: list[Any]) -> list[Any]:
    """Return what was seen with each id replaced by how many came before it, and how long it is."""
    order: dict[str, int] = {}

    def name(found: re.Match[str]) -> str:
        digits = found[0].replace("-", "")[: ids.OWN_CHARS]
        return f"<id {order.setdefault(digits, len(order))}, {len(found[0])}>"

    named: list[Any] = json.loads(ids.PATTERN.sub(name, json.dumps(seen)))
    return named


def shorten(seen: list[Any]) -> dict[str, Any]:
    """Return what tells one behaviour from another."""
    digest = hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
    return {"digest": digest, "requests": sum(each[0] in {"web", "api"} for each in seen), "end": seen[-1][0]}


def main(redis_url: str) -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    importlib.import_module("profcov")
    gc.freeze()
    for line in sys.stdin:
        question = json.loads(line)
        found = replay(Path(question["tree"]), redis_url)
        answer = found if question.get("whole") else {slug: shorten(seen) for slug, seen in found.items()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
