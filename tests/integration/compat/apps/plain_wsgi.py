import json

import answers

from profcov.web.wsgi import ProfileTraceMiddleware


def respond(start_response, status, kind):
    start_response(status, [("Content-Type", kind)])


def bare(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/runs/"):
        respond(start_response, "200 OK", "application/json")
        return [json.dumps(answers.pick(int(path[6:]))).encode()]
    if path == "/measure":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        respond(start_response, "200 OK", "text/plain")
        return [answers.measure(body).encode()]
    if path == "/stream":
        respond(start_response, "200 OK", "text/plain")
        return answers.chunks()
    try:
        answers.fail()
    except RuntimeError:
        respond(start_response, "500 Internal Server Error", "text/plain")
        return [b"failed"]


app = ProfileTraceMiddleware(bare)
