"""Wrapping the applications that servers are given: for those that no framework makes.

An application that a framework makes is then wrapped twice, and the outer middleware traces the request.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.propagation.on_import import when_imported
from profcov.recording.propagation.patches import INSTALLED
from profcov.web.asgi import ProfileTraceMiddleware as ASGIMiddleware
from profcov.web.wsgi import ProfileTraceMiddleware as WSGIMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def install() -> None:
    """Wrap what gunicorn, uvicorn, hypercorn, waitress, werkzeug and wsgiref are given to serve."""
    for module, (owner, name, wrapper) in _HOOKS.items():
        when_imported(module, _hook(owner, name, wrapper))


def _hook(owner: str, name: str, wrapper: Callable[..., Any]) -> Callable[[ModuleType], None]:
    def hook(module: ModuleType) -> None:
        INSTALLED.wrap_once(getattr(module, owner), name, wrapper)

    return hook


def _is_asgi(app: Any) -> bool:
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__)


def _trace_wsgi(app: Any) -> Any:
    """Wrap a WSGI application; leave one that is wrapped already, or is ASGI (gunicorn serves that, too)."""
    return app if isinstance(app, WSGIMiddleware) or _is_asgi(app) or not callable(app) else WSGIMiddleware(app)


def _trace_asgi(app: Any) -> Any:
    return app if isinstance(app, ASGIMiddleware) or not _is_asgi(app) else ASGIMiddleware(app)


def _gunicorn(original: Callable[..., Any], application: Any) -> Any:
    application.callable = _trace_wsgi(original(application))
    return application.callable


def _uvicorn(original: Callable[..., Any], config: Any) -> None:
    original(config)
    config.loaded_app = _trace_asgi(config.loaded_app)


def _hypercorn_asgi(original: Callable[..., Any], wrapper: Any, app: Any, /, *args: Any, **kwargs: Any) -> None:
    original(wrapper, _trace_asgi(app), *args, **kwargs)


def _first_argument(original: Callable[..., Any], server: Any, app: Any, /, *args: Any, **kwargs: Any) -> Any:
    return original(server, _trace_wsgi(app), *args, **kwargs)


def _third_argument(
    original: Callable[..., Any], server: Any, host: Any, port: Any, app: Any, /, *args: Any, **kwargs: Any
) -> Any:
    return original(server, host, port, _trace_wsgi(app), *args, **kwargs)


_HOOKS: Final[dict[str, tuple[str, str, Callable[..., Any]]]] = {
    "gunicorn.app.base": ("BaseApplication", "wsgi", _gunicorn),
    "uvicorn.config": ("Config", "load", _uvicorn),
    "hypercorn.app_wrappers": ("ASGIWrapper", "__init__", _hypercorn_asgi),
    "waitress.server": ("BaseWSGIServer", "__init__", _first_argument),
    "werkzeug.serving": ("BaseWSGIServer", "__init__", _third_argument),
    "wsgiref.simple_server": ("WSGIServer", "set_app", _first_argument),
}
