"""A server on a thread of its own that is told what applications and other tools send."""

from __future__ import annotations

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_OWNER = os.getpid()
seen: list[tuple[str, str | None]] = []
"""The path of each request, and the slug that it carried."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if os.getpid() != _OWNER:  # forked, gevent's loop goes on in the child: who has called does so again
            self.close_connection = True
            return
        if self.headers.get("Transfer-Encoding") == "chunked":
            while int(self.rfile.readline(), 16):
                self.rfile.readline()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen.append((self.path, self.headers.get("X-Profile-Trace")))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_PUT = do_GET  # noqa: N815 (their names in http.server)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


_server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("COLLECTOR_PORT", "0"))), _Handler)
_server.daemon_threads = True
threading.Thread(target=_server.serve_forever, daemon=True).start()
PORT = _server.server_port
CALLED = f"http://127.0.0.1:{PORT}"
"""For calls of the application's: slugs are carried on to this host."""
TOLD = f"http://localhost:{PORT}"
"""For other tools: they are not carried on to this one."""
