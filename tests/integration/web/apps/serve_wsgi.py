"""Serve ``wsgi_app``: ``serve_wsgi.py SERVER VARIANT FD``, on a socket that listens already."""

from __future__ import annotations

import socket
import sys
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.validate import validator

import wsgi_app

from profcov.web.wsgi import ProfileTraceMiddleware

VARIANTS: dict[str, Any] = {
    "once": ProfileTraceMiddleware,
    "twice": lambda app: ProfileTraceMiddleware(ProfileTraceMiddleware(app)),
    "validated": lambda app: validator(ProfileTraceMiddleware(validator(app))),
    "tried again": lambda app: try_again(ProfileTraceMiddleware(app)),
}


def try_again(app: Any) -> Any:
    """Call an application again with the same environment after an error, as some transaction managers do."""

    def middleware(environ: Any, start: Any) -> Any:
        try:
            return app(environ, start)
        except wsgi_app.OnPurposeError:
            environ["PATH_INFO"] = "/list"
            return app(environ, start)

    return middleware


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    server, variant, fd = sys.argv[1], sys.argv[2], int(sys.argv[3])
    app = VARIANTS[variant](wsgi_app.app)
    if server == "wsgiref":
        listener = socket.socket(fileno=fd)
        made = WSGIServer(listener.getsockname(), Quiet, bind_and_activate=False)
        made.socket.close()
        made.socket = listener
        made.server_bind = lambda: None  # type: ignore[method-assign]
        made.server_name, made.server_port = "127.0.0.1", listener.getsockname()[1]
        made.setup_environ()
        made.set_app(app)
        made.serve_forever()
    else:
        import logging

        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        make_server("127.0.0.1", 0, app, threaded=True, fd=fd).serve_forever()


if __name__ == "__main__":
    main()
else:  # gunicorn
    app = VARIANTS["once"](wsgi_app.app)
