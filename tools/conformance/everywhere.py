"""A pytest plugin that puts the middleware around every application of Flask's and Starlette's own tests.

``PROFCOV_CONFORMANCE`` says how: ``installed`` (no request carries a slug), ``default`` (each is filed under the default
slug), ``claimed`` (each is as if it carried a slug, so that its answer has the status header).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest

from profcov.web.asgi import ProfileTraceMiddleware
from profcov.web.classes import trace_wsgi_class
from profcov.wire.carrier import Carriers, Claim

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW: Final = os.environ["PROFCOV_CONFORMANCE"]
answered: list[str] = []


def claim(*_: object) -> Claim:
    """Say that a request carries a slug, without changing it."""
    answered.append(HOW)
    return Claim("conformance", is_default=HOW == "default")


def pytest_configure() -> None:
    """Patch the classes, before any test module is imported."""
    if HOW != "installed":
        Carriers.from_environ = claim  # type: ignore[assignment, method-assign]
        Carriers.from_headers = claim  # type: ignore[assignment, method-assign]
    wrap_flask()
    wrap_starlette()


def wrap_flask() -> None:
    """Have each Flask application answer through the middleware."""
    try:
        from flask import Flask  # noqa: PLC0415 (each suite has its own framework)
    except ImportError:
        return
    trace_wsgi_class(Flask)


def wrap_starlette() -> None:
    """Have Starlette's test client wrap whatever it is given: applications, routers, functions."""
    try:
        from starlette import testclient  # noqa: PLC0415
    except ImportError:
        return
    original = testclient.TestClient.__init__

    def init(self: Any, app: Any, *args: Any, **kwargs: Any) -> None:
        original(self, ProfileTraceMiddleware(app) if testclient._is_asgi3(app) else app, *args, **kwargs)  # noqa: SLF001

    testclient.TestClient.__init__ = init  # type: ignore[method-assign]


@pytest.fixture(scope="session", autouse=True)
def count_requests() -> Iterator[None]:
    """Fail a run in which nothing was traced."""
    yield
    if HOW != "installed":
        assert answered, "no request came through the middleware"
