from typing import Annotated

import subject
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse

from profcov.web.asgi import ProfileTraceMiddleware

app = FastAPI()
app.add_middleware(ProfileTraceMiddleware)
router = APIRouter(prefix="/runs")


def find(run: int):  # runs in a pool's thread
    return subject.pick(run)


@router.get("/{run}")
async def show(found: Annotated[dict, Depends(find)]):
    return found


app.include_router(router)


@app.post("/measure")
async def measure(request: Request):
    return PlainTextResponse(subject.measure(await request.body()))


@app.get("/stream")
def stream():
    return StreamingResponse(subject.chunks(), media_type="text/plain")


@app.get("/fail")
async def fail():
    subject.fail()


@app.get("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(subject.after)
    return "soon"


@app.websocket("/ws")
async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(subject.talk(await websocket.receive_text()))
    await websocket.close()
