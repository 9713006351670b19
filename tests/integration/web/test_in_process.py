"""Applications driven without a socket: by the frameworks' test clients and httpx, and hand to hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

WSGI_APP = """
        from measured import *
        from play import *
        from profcov.web.wsgi import ProfileTraceMiddleware
        def inner(environ, start_response):
            start_response("200 OK", [("Content-Type", "text/plain")])
            yield red().encode()
            yield blue().encode()
        app = ProfileTraceMiddleware(inner)
        HEADER = {"X-Profile-Trace": "demo"}
        def show(status, text, header):
            tell([status, text, header, shards("demo")])
"""
ASGI_APP = """
        import asyncio, contextlib, warnings
        from measured import *
        from play import *
        from profcov.web.asgi import ProfileTraceMiddleware
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.base import BaseHTTPMiddleware
        from starlette.responses import PlainTextResponse, StreamingResponse
        from starlette.routing import Mount, Route
        HEADER = {"X-Profile-Trace": "demo"}
        async def home(request):
            return PlainTextResponse(red() + await pause())
        async def fails(request):
            raise ValueError(red())
        async def stream(request):
            async def body():
                yield red()
                yield await pause()
                yield blue()
            return StreamingResponse(body())
        async def broken(request):
            def body():
                yield red()
                raise ValueError(blue())
            return StreamingResponse(body())
        ROUTES = [Route("/", home), Route("/fails", fails), Route("/stream", stream), Route("/broken", broken)]
        class Around(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                response = await call_next(request)
                green()
                response.headers["X-Around"] = "1"
                return response
        def client(app):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of using httpx
                from starlette.testclient import TestClient
            return TestClient(app)
"""


@pytest.mark.parametrize(
    "drive",
    [
        """
        from werkzeug.test import Client
        answer = Client(app).get("/", headers=HEADER)
        show(answer.status_code, answer.text, answer.headers.get("X-Profile-Trace-Status"))
        """,
        """
        import httpx
        with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://here") as client:
            answer = client.get("/", headers=HEADER)
        show(answer.status_code, answer.text, answer.headers.get("X-Profile-Trace-Status"))
        """,
    ],
    ids=["werkzeug", "httpx"],
)
def test_clients_that_drive_wsgi_applications_are_traced(
    run_python: Callable[..., Any], engine: str, drive: str
) -> None:
    answer = run_python(WSGI_APP + drive, engine=engine)
    assert answer == [200, "redblue", "traced", ["blue", "red"]]


@pytest.mark.parametrize(
    "drive",
    [
        """
        answer = client(ProfileTraceMiddleware(Starlette(routes=ROUTES))).get("/", headers=HEADER)
        """,
        """
        import httpx
        async def main():
            transport = httpx.ASGITransport(app=ProfileTraceMiddleware(Starlette(routes=ROUTES)))
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.get("/", headers=HEADER)
        answer = asyncio.run(main())
        """,
    ],
    ids=["Starlette", "httpx"],
)
def test_clients_that_drive_asgi_applications_are_traced(
    run_python: Callable[..., Any], engine: str, drive: str
) -> None:
    show = """
        tell([answer.status_code, answer.text, answer.headers.get("X-Profile-Trace-Status"), shards("demo")])
    """
    assert run_python(ASGI_APP + drive + show, engine=engine) == [200, "redred", "traced", ["pause", "red"]]


@pytest.mark.parametrize(
    "order", ["[Middleware(ProfileTraceMiddleware), Middleware(Around)]", "OTHER"], ids=["under", "over"]
)
def test_starlettes_own_middleware_above_and_below(run_python: Callable[..., Any], engine: str, order: str) -> None:
    """Whether it is inside or outside of ours: a stream that breaks ends in the error that it ends in without us."""
    order = order.replace("OTHER", "[Middleware(Around), Middleware(ProfileTraceMiddleware)]")
    told = run_python(
        ASGI_APP
        + f"""
        traced = client(Starlette(routes=ROUTES, middleware={order}))
        plain = client(Starlette(routes=ROUTES, middleware=[Middleware(Around)]))
        def ask(client, path, headers):
            try:
                answer = client.get(path, headers=headers)
            except Exception as error:
                return repr(error)
            said = answer.headers.pop("X-Profile-Trace-Status", None)
            return [answer.status_code, answer.text, sorted(answer.headers.items()), said]
        for path in ("/", "/stream", "/fails", "/broken"):
            slug = "home" if path == "/" else path[1:]
            one, two = ask(traced, path, {{"X-Profile-Trace": slug}}), ask(plain, path, {{}})
            if path in ("/", "/stream"):
                assert one.pop() == "traced" and two.pop() is None
            assert one == two, (path, one, two)
        tell([shards(slug) for slug in ("home", "stream", "fails", "broken")])
        """,
        engine=engine,
    )
    around = {"green"} if "Around), Middleware(Profile" not in order else set()
    assert [set(functions) for functions in told] == [
        {"red", "pause"} | around,
        {"red", "pause", "blue"} | around,
        {"red"},
        {"red", "blue"} | around,
    ]


def test_a_body_begins_anew_as_often_as_it_does_without_us_and_goes_on_where_it_was(
    run_python: Any, engine: str
) -> None:
    """New Relic's is no iterator; who asks an iterator for its own, as werkzeug's test client does, goes on with it."""
    source = """
        class Anew:
            def __iter__(self):
                yield red()
                yield blue()
        class Once(Anew):
            __next__ = lambda self: next(self.chunks)
            def __iter__(self):
                self.chunks = getattr(self, "chunks", None) or super().__iter__()
                return self
        def read(body):
            body = app(body)
            chunks = iter(body)
            return [next(chunks), *chunks, *chunks, *iter(chunks)], list(body)
        def app(body):
            return body
        plain = [read(cls()) for cls in (Anew, Once)]
        def app(body):
            return ProfileTraceMiddleware(lambda *_: body)({"HTTP_X_PROFILE_TRACE": "demo"}, None)
        traced = [read(cls()) for cls in (Anew, Once)]
        tell([plain == traced, traced, shards("demo")])
    """
    anew, once = [["red", "blue"], ["red", "blue"]], [["red", "blue"], []]
    assert run_python(WSGI_APP + source, engine=engine) == [True, [anew, once], ["blue", "red"]]


def test_a_mounted_application_with_the_middleware_is_no_unit_of_its_own(
    run_python: Callable[..., Any], engine: str
) -> None:
    status, said, others, units, functions = run_python(
        ASGI_APP
        + """
        inner = Starlette(routes=ROUTES, middleware=[Middleware(ProfileTraceMiddleware)])
        routes = [Mount("/inside", inner), Mount("/wrapped", ProfileTraceMiddleware(inner)), *ROUTES]
        outer = client(Starlette(routes=routes, middleware=[Middleware(ProfileTraceMiddleware)]))
        begun = []
        original = type(recorder).begin_request
        def count(self, *args, **options):
            begun.append(args)
            return original(self, *args, **options)
        type(recorder).begin_request = count
        answer = outer.get("/inside/", headers=HEADER)
        again = outer.get("/wrapped/", headers=HEADER)
        said = [answer.headers.get_list("X-Profile-Trace-Status"), again.headers.get_list("X-Profile-Trace-Status")]
        alone = client(inner).get("/", headers=HEADER).headers.get_list("X-Profile-Trace-Status")
        tell([answer.status_code, said, alone, len(begun), shards("demo")])
        """,
        engine=engine,
    )
    assert (status, said, others, units) == (200, [["traced"], ["traced"]], ["traced"], 3)
    assert functions == ["pause", "red"]


def test_what_is_no_start_of_an_answer_passes_as_it_is_and_so_does_what_the_application_returns(
    run_python: Callable[..., Any], engine: str
) -> None:
    same, returned, scope_is_same, received, lines = run_python(
        """
        import asyncio
        from measured import *
        from play import *
        from profcov.web.asgi import ProfileTraceMiddleware
        MESSAGES = [
            {"type": "http.response.debug", "info": {"a": 1}},
            {"type": "http.response.early_hint", "links": [b"</x>"]},
            {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")], "trailers": True},
            {"type": "http.response.pathsend", "path": "/nowhere"},
            {"type": "http.response.zerocopysend", "file": object(), "count": 3},
            {"type": "http.response.push", "path": "/x", "headers": []},
            {"type": "http.response.body", "body": b"", "more_body": False},
            {"type": "http.response.trailers", "headers": [(b"c", b"d")]},
            {"type": "of.the.future"},
        ]
        async def app(scope, receive, send):
            received.append(await receive())
            seen.append(scope)
            for message in MESSAGES:
                await send(message)
            received.append(await receive())
            red()
            return {"back": 1}
        seen, received, sent = [], [], []
        incoming = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]
        async def receive():
            return incoming.pop(0)
        async def send(message):
            sent.append(message)
        scope = {"type": "http", "path": "/", "method": "GET", "headers": [(b"x-profile-trace", b"demo")]}
        returned = asyncio.run(ProfileTraceMiddleware(app)(scope, receive, send))
        same = [one is two for one, two in zip(sent, MESSAGES, strict=True)]
        assert sent[2] == {**MESSAGES[2], "headers": [(b"a", b"b"), (b"x-profile-trace-status", b"traced")]}
        assert MESSAGES[2]["headers"] == [(b"a", b"b")]
        tell([same, returned, seen[0] is scope, [each["type"] for each in received], shards("demo")])
        """,
        engine=engine,
    )
    assert same == [True, True, False, True, True, True, True, True, True]
    assert returned == {"back": 1}
    assert scope_is_same is True
    assert received == ["http.request", "http.disconnect"]
    assert lines == ["red"]


INVENTED = """
        from coverage import CoverageData
        from profcov.store.layout import list_shards
        def contexts(slug):
            found = set()
            for path in list_shards(DATA, slug):
                data = CoverageData(basename=str(path))
                data.read()
                found |= data.measured_contexts()
            return sorted(found)
"""


def test_invented_methods_make_one_label(run_python: Callable[..., Any]) -> None:
    wsgi = """
        import flask
        app = flask.Flask("app")
        @app.before_request
        def any_method():
            return red()
        @app.get("/")
        def home():
            return blue()
        from profcov.web.flask import ProfileTrace
        ProfileTrace(app)
        client = app.test_client()
        for method in ("GET", "PROPFIND", *(f"M{number}" for number in range(30))):
            client.open("/", method=method, headers={"X-Profile-Trace": "demo"})
        tell(contexts("demo"))
    """
    asgi = """
        async def inner(scope, receive, send):
            scope["profcov.route"] = "/"
            red()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body"})
        app = ProfileTraceMiddleware(inner)
        async def main():
            async def nothing(*args):
                pass
            for method in ("GET", "PROPFIND", *(f"M{number}" for number in range(30)), None):
                scope = {"type": "http", "method": method, "path": "/", "headers": [(b"x-profile-trace", b"other")]}
                await app(scope, nothing, nothing)
            del scope["method"]
            await app(scope, nothing, nothing)
        asyncio.run(main())
        tell([contexts("other"), len(said)])
    """
    route = {"PROFILE_COVERAGE_CONTEXT": "route"}
    told = run_python(WSGI_APP + INVENTED + wsgi, **route)
    assert [each for each in told if "OTHER" in each] == ["profile:demo|OTHER (no route)"]
    assert len(told) == 3, told
    told, logged = run_python(ASGI_APP + INVENTED + asgi, **route)
    names = [f"profile:other|{each} /" for each in ("GET", "OTHER", "PROPFIND", "WEBSOCKET")]
    assert (told, logged) == (["profile:other", *names], 1)


def test_under_wsgiref_a_header_with_underscores_is_not_the_header(run_python: Callable[..., Any]) -> None:
    assert run_python(
        WSGI_APP
        + """
        import http.client, threading
        from wsgiref.simple_server import WSGIRequestHandler, make_server
        class Quiet(WSGIRequestHandler):
            def log_message(self, *args):
                pass
        def ask(name):
            connection = http.client.HTTPConnection(*server.server_address)
            connection.request("GET", "/", headers={name: "demo"})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            return answer.getheader("X-Profile-Trace-Status")
        with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            told = [ask(name) for name in ("X_Profile_Trace", "X-Profile_Trace", "x-profile-trace")]
            server.shutdown()
            thread.join()
        tell(told)
    """
    ) == [None, None, "traced"]


def test_headers_that_are_added_before_the_first_bytes_are_sent_and_the_applications_list_stays_its_own(
    run_python: Callable[..., Any],
) -> None:
    late, status = ["X-Late", "1"], "X-Profile-Trace-Status"
    assert run_python(
        """
        import io, wsgiref.handlers, wsgiref.util
        from measured import *
        from play import *
        from profcov.web.wsgi import ProfileTraceMiddleware
        CONSTANT = [("Content-Type", "text/plain")]
        def start(start_response):
            headers = [*CONSTANT]
            return headers, start_response("200 OK", headers)
        def whole(environ, start_response):
            headers, _ = start(start_response)
            headers.append(("X-Late", "1"))
            return [b"x"]
        def stream(environ, start_response):
            headers, _ = start(start_response)
            headers.insert(0, ("X-Late", "1"))
            yield b"x"
        def write(environ, start_response):
            headers, write = start(start_response)
            headers.append(("X-Late", "1"))
            write(b"x")
            return ()
        def constant(environ, start_response):
            start_response("200 OK", CONSTANT)
            return [b"x"]
        def ask(app, slug):
            environ = {"HTTP_X_PROFILE_TRACE": slug}
            wsgiref.util.setup_testing_defaults(environ)
            out = io.BytesIO()
            handler = wsgiref.handlers.SimpleHandler(io.BytesIO(), out, io.StringIO(), environ, multithread=False)
            handler.run(ProfileTraceMiddleware(app))
            lines = out.getvalue().decode().split("\\r\\n\\r\\n")[0].splitlines()
            return sorted(line.split(": ") for line in lines if line.startswith("X-"))
        tell([*(ask(app, "demo") for app in (whole, stream, write, constant)), ask(whole, "no/slug"), CONSTANT])
        """
    ) == [
        *[[late, [status, "traced"]]] * 3,
        [[status, "traced"]],
        [late, [status, "rejected; invalid slug"]],
        [["Content-Type", "text/plain"]],
    ]
