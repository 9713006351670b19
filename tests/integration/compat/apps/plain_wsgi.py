import json

import subject

from profcov.web.wsgi import ProfileTraceMiddleware


def respond(start_response, status, kind):
    start_response(status, [("Content-Type", kind)])


def bare(environ, start_response):
    path = environ["PATH_INFO"]
    if path.startswith("/runs/"):
        respond(start_response, "200 OK", "application/json")
        return [json.dumps(subject.pick(int(path[6:]))).encode()]
    if path == "/measure":
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        respond(start_response, "200 OK", "text/plain")
        return [subject.measure(body).encode()]
    if path == "/stream":
        respond(start_response, "200 OK", "text/plain")
        return subject.chunks()
    try:
        subject.fail()
    except RuntimeError:
        respond(start_response, "500 Internal Server Error", "text/plain")
        return [b"failed"]


app = ProfileTraceMiddleware(bare)
