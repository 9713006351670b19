"""What each slug's requests run, alone: ``truth.py MODULE`` prints lines by slug and file, as coverage.py's C tracer has them.

The requests go through the framework's callable in this process, once to import what is imported late, then under
coverage.py.
"""

import importlib
import json
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import coverage
import requests_of

HERE = Path(__file__).parent


def open_client(app: Any, kind: str) -> Any:
    if kind == "wsgi":
        from werkzeug.test import Client

        return Client(app)
    from starlette.testclient import TestClient

    return TestClient(app, raise_server_exceptions=False)


def send(client: Any, kind: str, request: Any) -> object:
    if request.method == "WS":
        with client.websocket_connect(request.path) as socket:
            socket.send_text("hello")
            return socket.receive_text()
    if kind == "wsgi":
        answer = client.open(request.path, method=request.method, data=request.body)
        try:
            return answer.status_code, answer.get_data()
        finally:
            answer.close()
    answer = client.request(request.method, request.path, content=request.body)
    return answer.status_code, answer.content


def main(module: str) -> None:
    logging.disable()
    warnings.simplefilter("ignore")  # the test client's advice
    app = importlib.import_module(module).app
    kind = "wsgi" if module in requests_of.WSGI.values() else "asgi"
    print(json.dumps({slug: measure(app, kind, requests_of.list_requests(module, slug)) for slug in requests_of.SLUGS}))


def measure(app: Any, kind: str, plan: Any) -> dict[str, list[int]]:
    client = open_client(app, kind)
    for request in plan:
        assert send(client, kind, request)
    client = open_client(app, kind)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["COVERAGE_CORE"] = "ctrace"
        ours = [__file__, requests_of.__file__]
        tool = coverage.Coverage(data_file=f"{directory}/data", include=[f"{HERE}/*.py"], omit=ours)
        tool.start()
        for request in plan:
            assert send(client, kind, request)
        tool.stop()
        found = tool.get_data()
        return {Path(name).name: sorted(lines) for name in found.measured_files() if (lines := found.lines(name))}


if __name__ == "__main__":
    main(*sys.argv[1:])
