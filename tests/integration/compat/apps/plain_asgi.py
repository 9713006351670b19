import json

import answers

from profcov.web.asgi import ProfileTraceMiddleware


async def start(send, status=200):
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})


async def bare(scope, receive, send):
    if scope["type"] == "lifespan":
        await live(receive, send)
    elif scope["type"] == "websocket":
        await talk(receive, send)
    else:
        await answer(scope["path"], receive, send)


async def live(receive, send):
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def talk(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    message = await receive()
    await send({"type": "websocket.send", "text": answers.talk(message["text"])})
    await send({"type": "websocket.close"})


async def answer(path, receive, send):
    if path == "/stream":
        await start(send)
        for chunk in answers.chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})
        return
    status, body = 200, b"soon"
    if path.startswith("/runs/"):
        body = json.dumps(answers.pick(int(path[6:]))).encode()
    elif path == "/measure":
        body = answers.measure((await receive())["body"]).encode()
    elif path == "/fail":
        try:
            answers.fail()
        except RuntimeError:
            status, body = 500, b"failed"
    await start(send, status)
    await send({"type": "http.response.body", "body": body})
    if path == "/background":
        answers.after()


app = ProfileTraceMiddleware(bare)
