"""The Flask application: its factory, what it shares, and how it answers errors."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flask import Flask, jsonify
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from werkzeug.exceptions import HTTPException

from profcov.demo.pages import pages
from profcov.demo.routes import QUEUE_KEY, RUNS_KEY, routes
from profcov.demo.runs import DEFAULT_URL, QUEUE, RunMissingError, Runs, StepMissingError
from profcov.demo.watershed.errors import ModelError
from profcov.web.flask import ProfileTrace

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

MAX_UPLOAD = 4 * 1024 * 1024


def create_app(*, trace: bool = True, redis_url: str | None = None) -> Flask:
    """Make the application; Redis is at ``redis_url``, else at ``REDIS_URL``. Without ``trace`` it knows nothing of profcov."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD
    redis = Redis.from_url(redis_url or os.environ.get("REDIS_URL") or DEFAULT_URL)
    app.extensions[RUNS_KEY] = Runs(redis)
    app.extensions[QUEUE_KEY] = Queue(QUEUE, connection=redis)
    app.register_blueprint(routes)
    app.register_blueprint(pages)
    app.register_error_handler(ModelError, _answer(400))
    app.register_error_handler(RunMissingError, _answer(404))
    app.register_error_handler(StepMissingError, _answer(409))
    app.register_error_handler(RedisConnectionError, _answer(503))
    app.register_error_handler(HTTPException, _answer_http)
    if trace:
        ProfileTrace(app)
    return app


def _answer(status: int) -> Any:
    """Return a handler that answers an error with its message and this status."""

    def handle(error: Exception) -> ResponseReturnValue:
        return jsonify(error=str(error)), status

    return handle


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    return jsonify(error=error.description), error.code or 500
