"""Run by every Python below RQ's tests: they look for Redis on its usual port, and find the server of their run."""

from __future__ import annotations

import os
import socket
from typing import Any, Final

USUAL: Final = 6379
PORT: Final = int(os.environ["PROFCOV_CONFORMANCE_REDIS"])
_connect = socket.socket.connect


def connect(self: socket.socket, address: Any) -> None:
    """Connect to the run's own server in place of one on the usual port."""
    if self.family == socket.AF_INET and address[1] == USUAL:
        address = ("127.0.0.1", PORT)
    elif self.family == socket.AF_INET6 and address[1] == USUAL:
        raise ConnectionRefusedError  # localhost has two addresses, and somebody's own server may listen there
    _connect(self, address)


socket.socket.connect = connect  # type: ignore[method-assign, assignment]
