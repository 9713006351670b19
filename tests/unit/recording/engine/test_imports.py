"""The hook of the import system: it is nobody's trouble, whoever else has a hand in there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

START = """
import importlib, importlib._bootstrap as bootstrap, json, pathlib, sys
import profcov
from profcov.recording.context import current
from profcov.recording.engine import imports
sys.path.insert(0, "")

def make(name, text="def work():\\n    return 1\\n"):
    pathlib.Path(f"{name}.py").write_text(text)
    importlib.invalidate_caches()
"""


def test_what_others_put_before_it_stays_when_it_goes(run_python: Callable[..., Any]) -> None:
    is_hooked, stays, calls, works = run_python(
        START
        + """
first = bootstrap._find_and_load
with profcov.trace("demo"):
    pass
ours = bootstrap._find_and_load
calls = []
def theirs(*args):
    calls.append(args[0])
    return ours(*args)
bootstrap._find_and_load = theirs
imports.uninstall()
for name in ("one", "two"):
    make(name)
with profcov.trace("demo"):
    import one
stays = [bootstrap._find_and_load is theirs, bootstrap._exec.__name__]
bootstrap._find_and_load = first
import two
print(json.dumps([first is not ours, stays, sorted({"one", "two"} & set(calls)), one.work() + two.work()]))
"""
    )
    assert is_hooked
    assert stays == [True, "_exec"]
    assert calls == ["one"]
    assert works == 2


def test_what_has_replaced_it_before_may_be_anything_that_can_be_called(run_python: Callable[..., Any]) -> None:
    assert run_python(
        START
        + """
import functools
bootstrap._find_and_load = functools.partial(bootstrap._find_and_load)
make("one")
with profcov.trace("demo") as unit:
    import one
    slug = profcov.current_slug()
    bootstrap._exec(spec=one.__spec__, module=one)
print(json.dumps([slug, one.work()]))
"""
    ) == ["demo", 1]


def test_an_import_near_the_limit_of_recursion_fails_as_ever_and_leaves_the_unit_as_it_was(
    run_python: Callable[..., Any], engine: str
) -> None:
    outcomes, slugs = run_python(
        START
        + """
def dig(depth, name):
    if depth:
        return dig(depth - 1, name)
    importlib.import_module(name)
    return "imported"

def attempt(depth, name):
    try:
        return dig(depth, name)
    except RecursionError:
        return "recursion"

sys.setrecursionlimit(300)
for number in range(60):
    make(f"module_{number}")
outcomes, slugs = [], []
with profcov.trace("demo"):
    for number in range(60):
        outcomes.append(attempt(230 + number, f"module_{number}"))
        slugs.append(profcov.current_slug())
sys.setrecursionlimit(1000)
print(json.dumps([outcomes, slugs]))
""",
        engine=engine,
    )
    assert set(slugs) == {"demo"}
    turn = outcomes.index("recursion")
    assert 0 < turn < len(outcomes) - 1
    assert set(outcomes[:turn]) == {"imported"}
    assert set(outcomes[turn:]) == {"recursion"}


def test_threads_that_import_at_once_keep_their_slugs(run_python: Callable[..., Any]) -> None:
    slugs, works = run_python(
        START
        + """
import threading
sys.setswitchinterval(1e-6)
for number in range(20):
    make(f"module_{number}", f"import module_{number + 1 if number < 19 else 0}\\ndef work():\\n    return {number}\\n")
start, slugs, works = threading.Barrier(6), [], set()
def load(slug):
    with profcov.trace(slug):
        start.wait()
        for number in range(20):
            works.add(importlib.import_module(f"module_{number}").work())
        slugs.append(profcov.current_slug() == slug)
threads = [threading.Thread(target=load, args=(f"slug-{number}",)) for number in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps([slugs, sorted(works)]))
"""
    )
    assert slugs == [True] * 6
    assert works == list(range(20))


@pytest.mark.skipif(sys.version_info < (3, 15), reason="-X lazy_imports is new in Python 3.15")
def test_lazy_imports_of_everything_make_no_difference(run_python: Callable[..., Any], engine: str) -> None:
    assert run_python(
        START
        + """
assert sys.get_lazy_imports() == "all"
from profcov.web.asgi import ProfileTraceMiddleware as Asgi
from profcov.web.wsgi import ProfileTraceMiddleware as Wsgi
import asyncio, decimal, fractions, wsgiref.util
make("one", "import uuid, statistics\\ndef work():\\n    return statistics.mean([len(str(uuid.uuid4()))] * 2)\\n")
import one

def app(environ, start_response):
    start_response("200 OK", [])
    return [str(decimal.Decimal(one.work())).encode()]

async def asgi(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(fractions.Fraction(one.work())).encode()})

said = []
for slug in ("", "alpha", "beta"):
    environ = {"HTTP_X_PROFILE_TRACE": slug} if slug else {}
    wsgiref.util.setup_testing_defaults(environ)
    body = Wsgi(app)(environ, lambda status, headers, *_: said.append(dict(headers).get("X-Profile-Trace-Status")))
    said.append(b"".join(body).decode())
    getattr(body, "close", str)()
    headers = [(b"x-profile-trace", slug.encode())] if slug else []
    async def send(event):
        said.append(dict(event["headers"]).get(b"x-profile-trace-status", b"").decode() if "status" in event else event["body"].decode())
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers, "query_string": b""}
    asyncio.run(Asgi(asgi)(scope, None, send))
print(json.dumps(said))
""",
        engine=engine,
        PYTHON_LAZY_IMPORTS="all",
    ) == [None, "36", "", "36", *["traced", "36", "traced", "36"] * 2]
