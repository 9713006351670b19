"""An ordinary site, whose pages do what makes recordings odd: requests that are cancelled or fail, redirects, uploads, a websocket.

Ids and tokens are new for each visitor, so that a recording plays only if they are taken anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus
from uuid import uuid4

import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send
    from starlette.websockets import WebSocket

GRID = bytes(range(256)) * 4
"""What is uploaded: no text in any encoding."""

FORM = (
    "<title>Shop</title><img src=/logo.png><script src=/app.js></script><form method=post action=/login>"
    "<input type=hidden name=csrf value={csrf}><input id=user name=user><input id=password name=password type=password></form>"
)
SESSION = """async ([dead, grid]) => {
  const csrf = document.querySelector('meta[name=csrf]').content;
  const headers = {'X-CSRF-Token': csrf};
  const send = (path, options) => fetch(path, {headers, ...options}).then(answer => answer.json());
  const quiet = promise => promise.catch(() => null);
  const run = (await send('/api/runs', {method: 'POST', headers: {...headers, 'Content-Type': 'application/json'},
                                       body: JSON.stringify({name: 'lämp {1}', size: 3})})).id;
  const bytes = Uint8Array.from(atob(grid), each => each.charCodeAt(0));
  await send(`/api/runs/${run}/raw`, {method: 'PUT', headers: {...headers, 'Content-Type': 'application/octet-stream'}, body: bytes});
  const form = new FormData();
  form.append('units', 'm');
  form.append('dem', new File([bytes], 'dem.bin', {type: 'application/octet-stream'}));
  await send(`/api/runs/${run}/dem`, {method: 'POST', body: form});
  await fetch('/old');
  await fetch(`/lämps/${run}?q=ß x&tag={a}`, {headers});
  const control = new AbortController();
  const slow = quiet(fetch('/api/slow', {headers, signal: control.signal}));
  await new Promise(resolve => setTimeout(resolve, 200));
  control.abort();
  await slow;
  await quiet(fetch(dead));
  const events = new EventSource('/events');
  await new Promise(resolve => { events.onmessage = resolve; setTimeout(resolve, 1000); });  // a proxy may keep them back
  events.close();
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
  await new Promise((resolve, reject) => { socket.onmessage = resolve; socket.onerror = reject; socket.onopen = () => socket.send('a'); });
  socket.close();
  await fetch('/missing');
  await send(`/api/runs/${run}`, {method: 'DELETE'});
  return run;
}"""

PLAYED = [
    "GET /",
    "POST /login",
    "GET /home",
    "POST /api/runs",
    "PUT /api/runs/{run}/raw",
    "POST /api/runs/{run}/dem",
    "GET /old",
    "GET /new",
    "GET /lämps/{run}?q=ß x&tag={a}",
    "GET /missing",
    "DELETE /api/runs/{run}",
]
"""What a recording of the session plays; runs are ``{run}``."""


PIXEL = b"\x89PNG\r\n\x1a\n"


@dataclass
class Site:
    """The site at an address; ``seen`` are the requests that came, with each run as ``{run}``."""

    url: str = ""
    seen: list[str] = field(default_factory=list)
    _tokens: set[str] = field(default_factory=set)
    _runs: set[str] = field(default_factory=set)

    def application(self) -> ASGIApp:
        app = Starlette(
            routes=[
                Route("/", self._start),
                Route("/login", self._log_in, methods=["POST"]),
                Route("/home", self._home),
                Route("/api/runs", self._make, methods=["POST"]),
                Route("/api/runs/{run}/raw", self._take_raw, methods=["PUT"]),
                Route("/api/runs/{run}/dem", self._take_form, methods=["POST"]),
                Route("/api/runs/{run}", self._show, methods=["DELETE"]),
                Route("/lämps/{run}", self._show),
                Route("/old", lambda _: RedirectResponse("/new", 302)),
                Route("/new", lambda _: HTMLResponse("moved here")),
                Route("/api/slow", _never),
                Route("/events", _stream),
                Route("/app.js", lambda _: Response("window.app = 1", media_type="text/javascript")),
                Route("/logo.png", lambda _: Response(PIXEL, media_type="image/png")),
                WebSocketRoute("/ws", _echo),
            ]
        )

        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                self._note(scope)
            await app(scope, receive, send)

        return noted

    def _note(self, scope: Scope) -> None:
        query = unquote_plus(scope["query_string"].decode())
        line = f"{scope['method']} {scope['path']}{'?' if query else ''}{query}"
        for run in self._runs:
            line = line.replace(run, "{run}")
        self.seen.append(line)

    def _new_token(self) -> str:
        token = uuid4().hex
        self._tokens.add(token)
        return token

    def _start(self, _: Request) -> Response:
        return HTMLResponse(FORM.replace("{csrf}", self._new_token()))

    async def _log_in(self, request: Request) -> Response:
        async with request.form() as form:
            is_known = form["csrf"] in self._tokens and form["password"] == "correct horse"
        answer = RedirectResponse("/home", 303) if is_known else Response("who?", 403)
        answer.set_cookie("session", self._new_token())
        return answer

    def _home(self, request: Request) -> Response:
        is_known = request.cookies.get("session") in self._tokens
        return HTMLResponse(f"<meta name=csrf content={self._new_token()}>", 200 if is_known else 403)

    def _make(self, request: Request) -> Response:
        run = uuid4().hex[:12] + "a1"
        self._runs.add(run)
        return JSONResponse({"id": run}, 201) if self._knows(request) else Response(status_code=403)

    async def _take_raw(self, request: Request) -> Response:
        return self._answer(request, await request.body() == GRID)

    async def _take_form(self, request: Request) -> Response:
        async with request.form() as form:
            dem = form["dem"]
            is_right = form["units"] == "m" and not isinstance(dem, str) and await dem.read() == GRID
        return self._answer(request, is_right)

    def _show(self, request: Request) -> Response:
        return self._answer(request, request.path_params["run"] in self._runs)

    def _answer(self, request: Request, is_right: bool) -> Response:
        if not self._knows(request):
            return Response(status_code=403)
        return JSONResponse({"fine": True}) if is_right else Response(status_code=400)

    def _knows(self, request: Request) -> bool:
        return request.headers.get("x-csrf-token") in self._tokens


async def _never(request: Request) -> Response:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


def _stream(_: Request) -> Response:
    async def events() -> AsyncIterator[str]:
        yield "data: one\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(events(), media_type="text/event-stream")


async def _echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()


@contextlib.contextmanager
def serve_site() -> Iterator[Site]:
    """Serve the site in a thread of this process."""
    site = Site()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        site.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(site.application(), log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            while not server.started:
                time.sleep(0.005)
            yield site
        finally:
            server.should_exit = True
            thread.join()
