import answers
import quart

from profcov.web.quart import ProfileTrace

app = quart.Quart(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = False
ProfileTrace(app)


@app.get("/runs/<int:run>")
async def show(run):
    return quart.jsonify(answers.pick(run))


@app.post("/measure")
async def measure():
    return answers.measure(await quart.request.get_data())  # type: ignore[arg-type]  # bytes, unless text is asked for


@app.get("/stream")
async def stream():
    async def send():
        for chunk in answers.chunks():
            yield chunk

    return quart.Response(send(), mimetype="text/plain")


@app.get("/fail")
async def fail():
    answers.fail()
    return "not reached"


@app.get("/background")
async def background():
    app.add_background_task(answers.after)
    return "soon"


@app.websocket("/ws")
async def socket():
    await quart.websocket.send(answers.talk(str(await quart.websocket.receive())))
