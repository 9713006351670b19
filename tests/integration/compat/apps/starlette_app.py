import answers
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from profcov.web.asgi import ProfileTraceMiddleware


async def show(request):
    return JSONResponse(answers.pick(request.path_params["run"]))


async def measure(request):
    return PlainTextResponse(answers.measure(await request.body()))


def stream(request):  # both run in a pool's threads
    return StreamingResponse(answers.chunks(), media_type="text/plain")


async def fail(request):
    answers.fail()


async def background(request):
    return PlainTextResponse("soon", background=BackgroundTask(answers.after))


async def socket(websocket):
    await websocket.accept()
    await websocket.send_text(answers.talk(await websocket.receive_text()))
    await websocket.close()


app = Starlette(
    routes=[
        Route("/runs/{run:int}", show),
        Route("/measure", measure, methods=["POST"]),
        Route("/stream", stream),
        Route("/fail", fail),
        Route("/background", background),
        WebSocketRoute("/ws", socket),
    ]
)
app.add_middleware(ProfileTraceMiddleware)
