"""A Flask application with profcov, for gunicorn to serve."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, abort

from profcov.web.flask import ProfileTrace

app = Flask(__name__)
ProfileTrace(app)


@app.get("/red")
def red() -> dict[str, Any]:
    return {"colour": "red", "pid": os.getpid()}


@app.get("/blue")
def blue() -> dict[str, Any]:
    return {"colour": "blue", "pid": os.getpid()}


@app.get("/broken")
def broken() -> None:
    abort(409, "no such luck")
