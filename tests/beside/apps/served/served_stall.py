"""``stall.py`` with sentry-sdk, set up before profcov's extension or after it, as ORDER says."""

from __future__ import annotations

import logging
import os
from typing import Any

import sentry_sdk
from sentry_sdk.integrations.flask import FlaskIntegration

from profcov.web.flask import ProfileTrace


def set_up_tools() -> None:
    sentry_sdk.init(
        dsn=os.environ["SENTRY"],
        traces_sample_rate=1.0,
        # Those that it finds to be installed; here there are many more, which it would import.
        auto_enabling_integrations=False,
        integrations=[FlaskIntegration()],
        auto_session_tracking=False,
        release="1",
        shutdown_timeout=20,
        transport_queue_size=10_000,  # or it drops what comes too fast
    )


if os.environ["ORDER"] == "before":
    set_up_tools()
from stall import app as stall  # noqa: E402

ProfileTrace(stall)
if os.environ["ORDER"] == "after":
    set_up_tools()
stall.logger.setLevel(logging.CRITICAL + 1)  # the errors that are meant


def app(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer for the test, or have the application answer."""
    if environ["PATH_INFO"] == "/not-there":
        start_response("200 OK", [("Content-Length", "0")])
        return []
    return stall(environ, start_response)
