from typing import Annotated

import answers
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse

from profcov.web.asgi import ProfileTraceMiddleware

app = FastAPI()
app.add_middleware(ProfileTraceMiddleware)
router = APIRouter(prefix="/runs")


def find(run: int):  # runs in a pool's thread
    return answers.pick(run)


@router.get("/{run}")
async def show(found: Annotated[dict[str, object], Depends(find)]):
    return found


app.include_router(router)


@app.post("/measure")
async def measure(request: Request):
    return PlainTextResponse(answers.measure(await request.body()))


@app.get("/stream")
def stream():
    return StreamingResponse(answers.chunks(), media_type="text/plain")


@app.get("/fail")
async def fail():
    answers.fail()


@app.get("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(answers.after)
    return "soon"


@app.websocket("/ws")
async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(answers.talk(await websocket.receive_text()))
    await websocket.close()
