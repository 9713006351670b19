"""The route of each framework stands in the context label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
APPS = HERE.parent / "compat" / "apps"
ROUTES = {
    ("flask_app", "/runs/1"): "/runs/<int:run>",
    ("django_wsgi", "/runs/1"): "/runs/<int:run>",
    ("django_asgi", "/runs/1"): "/runs/<int:run>",
    ("django_wsgi", "/site/runs/1"): "/site/runs/<int:run>",
    ("django_asgi", "/site/old/1"): "/site/old/(?P<run>[0-9]+)$",
    ("falcon_wsgi", "/runs/1"): "/runs/{run:int}",
    ("falcon_asgi", "/runs/1"): "/runs/{run:int}",
    ("starlette_app", "/runs/1"): "/runs/{run:int}",
    ("starlette_app", "/mounted/runs/1"): "/mounted/runs/{run:int}",
    ("fastapi_app", "/runs/1"): "/runs/{run}",
    ("fastapi_app", "/mounted/runs/1"): "/mounted/runs/{run}",
    ("quart_app", "/runs/1"): "/runs/<int:run>",
    ("litestar_app", "/runs/1"): "/runs/{run}",
}


@pytest.mark.parametrize(("module", "path"), ROUTES)
def test_the_route_of_the_framework_is_in_the_label(
    tmp_path: Path, environ_for: Any, tell_of: Any, module: str, path: str
) -> None:
    environ = environ_for(tmp_path, APPS, HERE, PROFILE_COVERAGE_CONTEXT="route")
    labels = tell_of([str(HERE / "frameworks.py"), module, path], tmp_path, environ)
    assert labels == [f"profile:demo|GET {ROUTES[module, path]}"]
