from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HEAVY = {
    *("flask", "werkzeug", "starlette", "django", "rq", "redis", "anyio", "gunicorn", "uvicorn"),
    *("click", "rich", "requests", "jinja2", "yaml", "jmespath", "coverage", "sqlite3"),
}


@pytest.mark.parametrize("module", ["profcov", "profcov.web.wsgi", "profcov.web.asgi", "profcov.startup"])
def test_importing_it_imports_no_framework_no_tool_of_ours_and_not_coverage(
    run_python: Callable[..., list[str]], module: str
) -> None:
    loaded = run_python(f"import json, sys, {module}\nprint(json.dumps(sorted(sys.modules)))")
    assert module in loaded
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in loaded)


def test_wrapping_an_application_where_profcov_is_off_imports_no_coverage_either(
    run_python: Callable[..., list[str]],
) -> None:
    loaded = run_python(
        """
        import json, sys
        from profcov.web.wsgi import ProfileTraceMiddleware
        app = ProfileTraceMiddleware(lambda environ, start: start("200 OK", []) and [] or [b""])
        assert app({"HTTP_X_PROFILE_TRACE": "demo"}, lambda *_: None) == [b""]
        print(json.dumps(sorted(sys.modules)))
        """,
        ENABLE_PROFILE_COVERAGE="",
    )
    assert HEAVY.isdisjoint(name.partition(".")[0] for name in loaded)
    assert "multiprocessing" not in loaded


def test_what_help_prints_imports_no_command(run_python: Callable[..., list[str]]) -> None:
    loaded = run_python(
        """
        import json, sys
        from profcov.cli.main import main
        try:
            main(["--help"])
        except SystemExit as done:
            assert done.code == 0
        print(json.dumps(sorted(sys.modules)))
        """
    )
    assert HEAVY - {"click"} == HEAVY - {"click"} - {name.partition(".")[0] for name in loaded}
