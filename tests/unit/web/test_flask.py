from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

VIEWS = """
import flask
from measured import *
from play import *
from profcov.web.flask import ProfileTrace
def add_views(app):
    app.add_url_rule("/red", view_func=red)
    app.add_url_rule("/stream", endpoint="stream", view_func=lambda: flask.Response(chunks()))
    @app.route("/late")
    def with_late():
        response = flask.Response("late")
        response.call_on_close(late)
        return response
    @app.route("/error")
    def error():
        blue()
        raise ZeroDivisionError
    return app
def get(app, path, slug=None):
    headers = {} if slug is None else {"X-Profile-Trace": slug}
    answer = app.test_client().get(path, headers=headers)
    got = [answer.status_code, answer.get_data(as_text=True)[:8], answer.headers.getlist("X-Profile-Trace-Status")]
    answer.close()
    return got
"""
WAYS = {
    "at once": "app = add_views(flask.Flask('one')); ProfileTrace(app)",
    "in a factory": """
profile_trace = ProfileTrace()
def create_app(name):
    app = add_views(flask.Flask(name))
    profile_trace.init_app(app)
    return app
app, other = create_app("one"), create_app("two")
assert get(other, "/red", "other") == [200, "red", ["traced"]]
""",
    "twice": "app = add_views(flask.Flask('one')); ProfileTrace(app).init_app(app); ProfileTrace(app)",
    "twice by other means": """
from profcov.web.wsgi import ProfileTraceMiddleware
app = add_views(flask.Flask('one'))
ProfileTrace(app)
app.wsgi_app = ProfileTraceMiddleware(app.wsgi_app)
""",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_an_application_is_traced_however_the_extension_is_put_in(run_python: Run, engine: str, way: str) -> None:
    answers, lines = run_python(
        VIEWS
        + way
        + """
paths = ["red", "stream", "late", "error"]
plain = [get(app, f"/{path}") for path in paths]
traced = [get(app, f"/{path}", path) for path in paths]
logging.getLogger("one").disabled = True
tell([[plain, traced], [shards(path) for path in paths]])
""",
        engine=engine,
        stderr="ZeroDivisionError",
    )
    bodies = [[200, "red"], [200, "redblue"], [200, "late"], [500, "<!doctyp"]]
    assert answers == [[[*body, []] for body in bodies], [[*body, ["traced"]] for body in bodies]]
    assert lines == [["red"], ["blue", "chunks", "red"], ["late"], ["blue"]]


def test_settings_can_be_given(run_python: Run) -> None:
    assert run_python(
        VIEWS
        + """
from dataclasses import replace
app = add_views(flask.Flask("one"))
ProfileTrace(app, replace(recorder.settings, enabled=False))
tell([get(app, "/red", "demo"), DATA.exists()])
"""
    ) == [[200, "red", ["disabled"]], False]
