"""A WSGI and an ASGI application whose work goes on after the callable has returned."""

import asyncio

from subject import branches, propagated


def kind_of(path):
    return int(path.strip("/"))


def wsgi(environ, start_response):
    kind = kind_of(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    if kind == 0:
        branches.only_even(kind)
    return Body(kind)


class Body:
    def __init__(self, kind):
        self.kind = kind
        self.left = 3

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            if self.kind == 1:
                branches.only_third(self.kind)
            raise StopIteration
        self.left -= 1
        return b"%d" % branches.hot(self.kind, 3)

    def close(self):
        if self.kind == 2:
            branches.shared(1)
        propagated.task(self.kind, 2)


def wsgi_generator(environ, start_response):
    kind = kind_of(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    try:
        for i in range(3):
            yield b"%d" % branches.rare(kind, i)
    finally:
        propagated.task(kind, 1)


async def asgi(scope, receive, send):
    kind = kind_of(scope["path"])
    if scope["type"] == "websocket":
        await websocket(kind, receive, send)
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    async for chunk in branches.produce_async(kind, 3):
        await send({"type": "http.response.body", "body": b"%d" % chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
    await background(kind)


async def background(kind):
    await asyncio.sleep(0)
    if kind == 0:
        branches.only_even(kind)
    propagated.task(kind, 2)


async def websocket(kind, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            branches.rare(kind, 1)
            return
        await send({"type": "websocket.send", "text": str(branches.hot(kind, 2))})
