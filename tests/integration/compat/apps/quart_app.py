import quart
import subject

from profcov.web.quart import ProfileTrace

app = quart.Quart(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = False
ProfileTrace(app)


@app.get("/runs/<int:run>")
async def show(run):
    return quart.jsonify(subject.pick(run))


@app.post("/measure")
async def measure():
    return subject.measure(await quart.request.get_data())


@app.get("/stream")
async def stream():
    async def send():
        for chunk in subject.chunks():
            yield chunk

    return quart.Response(send(), mimetype="text/plain")


@app.get("/fail")
async def fail():
    subject.fail()
    return "not reached"


@app.get("/background")
async def background():
    app.add_background_task(subject.after)
    return "soon"


@app.websocket("/ws")
async def socket():
    await quart.websocket.send(subject.talk(await quart.websocket.receive()))
