"""A port for a server that cannot be given a listening socket."""

from __future__ import annotations

import contextlib
import random
import socket

OURS = range(10_000, 30_000)
"""Below those that systems choose for port 0 and for outgoing connections: what they hand out meanwhile is none of these."""


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that nobody has, and that only another call of this might choose before it is taken."""
    chance = random.SystemRandom()  # processes of tests run side by side, and some tests seed the usual one
    while True:
        port = chance.choice(OURS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
