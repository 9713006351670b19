"""Send hostile values in all three carriers to a WSGI and an ASGI application: ``fuzz.py HOW_MANY SEED``.

Each answer must be the one of the bare application, apart from the status header; nothing may be raised, logged or
written outside the data directory. Prints what the answers' status headers said.
"""

from __future__ import annotations

import collections
import json
import logging
import os
import random
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asgi_app
import wsgi_app

from profcov.slug import parse_slug
from profcov.store.layout import list_slugs
from profcov.web.asgi import ProfileTraceMiddleware as TracedASGI
from profcov.web.wsgi import ProfileTraceMiddleware as TracedWSGI

DATA = os.environ["PROFILE_COVERAGE_DIR"]
STATUS = re.compile(r"traced|rejected; (invalid slug|signature|not allowed|too many profiles)")
PIECES = [
    *("..", "/", "\\", "\0", "\n", "\r\n", "\r\nSet-Cookie: a=b", "%00", "%0d%0a", "%2e%2e%2f", "%", "%zz", "%s%n{0}"),
    *(
        ".coverage",
        ".profile.json",
        ".lock",
        "paused",
        "quarantine",
        "previous",
        "~root",
        "-",
        "_",
        ".",
        "a",
        "A9",
        "demo",
    ),
    *("'", '"', ";", ",", "=", " ", "\t", "<script>", "$(id)", "`id`", "|", "*", "?", "[a-z]", "${jndi:ldap://x}"),
    *("é", "\xff", "\x80", "\x7f", "\x1b[31m", "A" * 99, "A" * 101, "profcov.slug=", "profile_trace=", "CON", "NUL"),
]


class Raised(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        raise SystemExit(f"logged: {record.getMessage()}")


def forbid_writing_elsewhere(event: str, args: tuple[Any, ...]) -> None:
    """An audit hook: whatever is opened to write, made, renamed or removed must be in the data directory."""
    paths: list[Any] = []
    if (event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) or event in {
        "os.mkdir",
        "os.remove",
        "os.rmdir",
        "os.truncate",
        "os.chmod",
        "sqlite3.connect",
        "os.symlink",
    }:
        paths = [args[0]]
    elif event in {"os.rename", "os.link"}:
        paths = [*args[:2]]
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            real = os.path.realpath(os.fsdecode(path).removeprefix("file:").removesuffix("?mode=ro"))  # SQLite's URI
            if real != DATA and not real.startswith(DATA + os.sep) and not real.startswith("/dev/"):
                os.write(2, f"{event} outside the data directory: {real!r}\n".encode())
                os._exit(9)


def make_value(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.15:
        return f"valid-{rng.randrange(400)}"
    if kind < 0.3:
        return "".join(chr(rng.randrange(256)) for _ in range(rng.randrange(40)))
    return "".join(rng.choice(PIECES) for _ in range(rng.randrange(1, 6)))


def carry(rng: random.Random, value: str) -> dict[str, str]:
    """Put a value into one carrier, sometimes into more."""
    written = quote(value, safe="") if rng.random() < 0.5 else value
    headers = {
        "x-profile-trace": value,
        "baggage": rng.choice(["profcov.slug={}", "a=b,profcov.slug={};p=q,c", "{}", "{}=profcov.slug"]).format(
            written
        ),
        "cookie": rng.choice(["profile_trace={}", 'a=b; profile_trace="{}"; c', "{}", "{}=profile_trace"]).format(
            value
        ),
        "x-profile-trace-token": value,
    }
    chosen = rng.sample(["x-profile-trace", "baggage", "cookie"], rng.choice([1, 1, 1, 2, 3]))
    return {
        name: headers[name] for name in headers if name in chosen or (name.endswith("token") and rng.random() < 0.1)
    }


def ask_wsgi(app: Any, headers: dict[str, str]) -> tuple[Any, ...]:
    said: list[Any] = []

    def start(status: str, given: list[tuple[str, str]], exc_info: object = None) -> Any:
        said[:] = [status, given]
        return said.append

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/list", "SERVER_NAME": "x", "SERVER_PORT": "1"}
    environ.update((f"HTTP_{name.upper().replace('-', '_')}", value) for name, value in headers.items())
    body = app(environ, start)
    content = b"".join(body)
    if hasattr(body, "close"):
        body.close()
    return said[0], said[1], content


def ask_asgi(app: Any, headers: dict[str, str]) -> tuple[Any, ...]:
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "path": "/plain", "query_string": b""}
    scope["headers"] = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    running = app(scope, receive, send)
    try:
        while True:
            running.send(None)
    except StopIteration:
        pass
    start = messages[0]
    return start["status"], [(n.decode(), v.decode("latin-1")) for n, v in start["headers"]], messages[1:]


def main(how_many: int, seed: int) -> None:
    rng = random.Random(seed)
    logging.getLogger("profcov").addHandler(Raised())
    doors = [
        (ask_wsgi, wsgi_app.app, TracedWSGI(wsgi_app.app), "X-Profile-Trace-Status"),
        (ask_asgi, asgi_app.app, TracedASGI(asgi_app.app), "x-profile-trace-status"),
    ]
    said: collections.Counter[str] = collections.Counter()
    for ask, _, traced, _ in doors:
        ask(traced, {"x-profile-trace": "warm-up"})  # what is imported late is imported now
    sys.addaudithook(forbid_writing_elsewhere)
    for number in range(how_many):
        headers = carry(rng, make_value(rng))
        ask, bare, traced, name = doors[number % 2]
        status, answered, content = ask(traced, headers)
        ours = [value for header, value in answered if header == name]
        rest = [(header, value) for header, value in answered if header != name]
        assert (status, rest, content) == ask(bare, headers), headers
        assert len(ours) <= 1, headers
        assert not ours or STATUS.fullmatch(ours[0]), (headers, ours)
        said[ours[0] if ours else "none"] += 1
    for path in Path(DATA).rglob("*") if Path(DATA).exists() else ():
        name = path.relative_to(DATA).as_posix()
        if name in {".gitignore", "CACHEDIR.TAG", "state", "state/shards", "state/processes", "state/new-slug"}:
            continue
        assert path.is_file(), path
        own = re.fullmatch(r"state/(?:(.*)\.lock|shards/(.*)\.coverage\..*|processes/[\w-]+\.\d+\.\d+)", name)
        assert own, path
        assert not any(own.groups()) or parse_slug(own[1] or own[2]), path
    print(json.dumps({"said": said, "slugs": len(list_slugs(Path(DATA)))}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
