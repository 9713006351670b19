"""The Flask application for a server: ``gunicorn profcov.demo.wsgi:app``."""

from __future__ import annotations

from profcov.demo.app import create_app
from profcov.queues.rq import install

install()
app = create_app()
