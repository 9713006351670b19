"""Ask an application of the compatibility table for one page: ``frameworks.py MODULE`` prints the labels that it got."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import warnings
from pathlib import Path

import coverage
import requests_of
import truth

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory


def main(module: str, path: str) -> None:
    logging.disable()
    warnings.simplefilter("ignore")
    app = importlib.import_module(module).app
    if path.startswith("/mounted"):
        from starlette.applications import Starlette
        from starlette.routing import Mount

        app = Starlette(routes=[Mount("/mounted", app)])
    kind = "wsgi" if module in requests_of.WSGI.values() else "asgi"
    client = truth.open_client(app, kind)
    if kind == "wsgi":
        answer = client.get(path, headers={"X-Profile-Trace": "demo"})
        answer.get_data()
        answer.close()
    else:
        answer = client.get(path, headers={"X-Profile-Trace": "demo"})
    assert answer.headers["X-Profile-Trace-Status"] == "traced", answer.headers
    artifact = combine(DataDirectory(Path(os.environ["PROFILE_COVERAGE_DIR"])), parse_slug("demo"))
    data = coverage.CoverageData(basename=str(artifact.path))
    data.read()
    print(json.dumps(sorted(data.measured_contexts())))


if __name__ == "__main__":
    main(*sys.argv[1:])
