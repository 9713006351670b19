"""Start servers that have no command line that takes a socket: ``launch.py SERVER FD MODULE:ATTRIBUTE``."""

from __future__ import annotations

import importlib
import logging
import os
import socket
import sys


def main() -> None:
    server, fd, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    module, _, attribute = target.partition(":")
    app = getattr(importlib.import_module(module), attribute)
    listener = socket.socket(fileno=fd)
    if server == "waitress":
        import waitress

        waitress.serve(app, sockets=[listener], threads=4)
    else:
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
        host, port = listener.getsockname()
        make_server(host, port, app, threaded=True, fd=os.dup(fd)).serve_forever()


if __name__ == "__main__":
    main()
