import answers
import falcon
import falcon.asgi

from profcov.web.asgi import ProfileTraceMiddleware
from profcov.web.falcon import RouteLabels


class Runs:
    async def on_get(self, req, resp, run):
        resp.media = answers.pick(run)


class Measure:
    async def on_post(self, req, resp):
        resp.text = answers.measure(await req.stream.read())


class Stream:
    async def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = self.send()

    async def send(self):
        for chunk in answers.chunks():
            yield chunk


class Fail:
    async def on_get(self, req, resp):
        answers.fail()


class Background:
    async def on_get(self, req, resp):
        resp.text = "soon"
        resp.schedule_sync(answers.after)


class Socket:
    async def on_websocket(self, req, ws):
        await ws.accept()
        await ws.send_text(answers.talk(await ws.receive_text()))
        await ws.close()


def make():
    app = falcon.asgi.App(middleware=[RouteLabels()])
    for path, resource in {
        "/runs/{run:int}": Runs(),
        "/measure": Measure(),
        "/stream": Stream(),
        "/fail": Fail(),
        "/background": Background(),
        "/ws": Socket(),
    }.items():
        app.add_route(path, resource)
    return app


app = ProfileTraceMiddleware(make())
