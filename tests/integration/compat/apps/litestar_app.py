from typing import Any

import answers
from litestar import Litestar, Request, WebSocket, get, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.response import Response, Stream

from profcov.web.asgi import ProfileTraceMiddleware


@get("/runs/{run:int}")
async def show(run: int) -> dict[str, object]:
    return answers.pick(run)


@post("/measure", status_code=200, media_type="text/plain")
async def measure(request: Request[Any, Any, Any]) -> str:
    return answers.measure(await request.body())


@get("/stream", sync_to_thread=True)
def stream() -> Stream:
    return Stream(answers.chunks(), media_type="text/plain")


@get("/fail")
async def fail() -> None:
    answers.fail()


@get("/background")
async def background() -> Response[str]:
    return Response("soon", media_type="text/plain", background=BackgroundTask(answers.after))


@websocket("/ws")
async def socket(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    await socket.send_text(answers.talk(await socket.receive_text()))
    await socket.close()


app = ProfileTraceMiddleware(Litestar([show, measure, stream, fail, background, socket], openapi_config=None))
