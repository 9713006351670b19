import answers
import falcon

from profcov.web.falcon import RouteLabels
from profcov.web.wsgi import ProfileTraceMiddleware


class Runs:
    def on_get(self, req, resp, run):
        resp.media = answers.pick(run)


class Measure:
    def on_post(self, req, resp):
        resp.text = answers.measure(req.bounded_stream.read())


class Stream:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = answers.chunks()


class Fail:
    def on_get(self, req, resp):
        answers.fail()


def make():
    app = falcon.App(middleware=[RouteLabels()])
    app.add_route("/runs/{run:int}", Runs())
    app.add_route("/measure", Measure())
    app.add_route("/stream", Stream())
    app.add_route("/fail", Fail())
    return app


app = ProfileTraceMiddleware(make())
