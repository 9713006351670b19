"""Fixtures for all tests."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from profcov.demo.valkey import start_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a fresh Redis server of this test session's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with start_server(port, tmp_path_factory.mktemp("redis")) as url:
        yield url
