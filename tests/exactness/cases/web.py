"""Requests through the middleware: bodies read late, close hooks, background tasks, websockets held open."""

import asyncio

from cases import SIX, case
from cases.threads import in_threads
from harness import KINDS
from subject import application


def environ_of(slug):
    environ = {"PATH_INFO": f"/{KINDS[slug]}", "REQUEST_METHOD": "GET"}
    if slug is not None:
        environ["HTTP_X_PROFILE_TRACE"] = slug
    return environ


def scope_of(slug, kind):
    headers = [] if slug is None else [(b"x-profile-trace", slug.encode())]
    return {"type": kind, "path": f"/{KINDS[slug]}", "headers": headers}


def start_response(status, headers, exc_info=None):
    return lambda data: None


@case(*SIX)
def bodies_read_after_the_application_returned(side):
    app = side.wsgi(application.wsgi)

    def body(slug):
        for _ in range(20):
            chunks = app(environ_of(slug), start_response)
            for chunk in chunks:
                assert chunk
            chunks.close()

    in_threads(side, body)


@case("alpha", "beta", "gamma")
def bodies_interleaved_in_one_thread(side):
    """As a server does that sends several responses from one thread, closing one early."""
    app = side.wsgi(application.wsgi)
    generator_app = side.wsgi(application.wsgi_generator)
    for _ in range(5):
        bodies = [app(environ_of(slug), start_response) for slug in side.slugs]
        bodies += [generator_app(environ_of(slug), start_response) for slug in side.slugs]
        iterators = [iter(body) for body in bodies]
        for _ in range(3):
            for iterator in iterators:
                next(iterator)
        for number, iterator in enumerate(iterators):
            if number >= len(side.slugs):
                continue
            assert list(iterator) == []
        for body in bodies:
            body.close()


@case(*SIX)
def background_work_after_the_response(side):
    app = side.asgi(application.asgi)

    async def body(slug):
        async def send(message):
            await asyncio.sleep(0)

        for _ in range(10):
            await asyncio.create_task(app(scope_of(slug, "http"), None, send))

    async def main():
        await asyncio.gather(*(body(slug) for slug in side.slugs))

    asyncio.run(main())


@case("alpha", "beta", "gamma")
def websockets_held_open_while_others_come_and_go(side):
    app = side.asgi(application.asgi)

    async def body(slug):
        messages = asyncio.Queue()

        async def send(message):
            await asyncio.sleep(0)

        messages.put_nowait({"type": "websocket.connect"})
        held = asyncio.create_task(app(scope_of(slug, "websocket"), messages.get, send))
        for _ in range(5):
            messages.put_nowait({"type": "websocket.receive", "text": ""})
            await asyncio.create_task(app(scope_of(slug, "http"), None, send))
        messages.put_nowait({"type": "websocket.disconnect"})
        await held

    async def main():
        await asyncio.gather(*(body(slug) for slug in side.slugs))

    asyncio.run(main())
