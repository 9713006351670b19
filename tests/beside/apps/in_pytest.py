"""Tests of somebody's application that records while they run; collected by the pytest that one of ours starts."""

from __future__ import annotations

import threading
from typing import Any

import flask
import pytest
import work

from profcov.web.flask import ProfileTrace


@pytest.fixture
def client() -> Any:
    app = flask.Flask(__name__)
    ProfileTrace(app)

    @app.get("/")
    def page() -> str:
        work.one_in_request()
        for target in (work.one_in_thread, lambda: int("no number")):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        return "page"

    return app.test_client()


@pytest.mark.parametrize("headers", [{}, {"X-Profile-Trace": "one"}])
def test_page(client: Any, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", noted)
    assert client.get("/", headers=headers).text == "page"
    assert len(started) == 2
