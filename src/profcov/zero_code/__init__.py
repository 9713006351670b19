"""Zero code: wrap applications and workers when their libraries make them, in processes below ``profcov run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from profcov.recording.propagation import open_recorder
from profcov.recording.propagation.on_import import when_imported
from profcov.web.classes import trace_asgi_class, trace_wsgi_class
from profcov.zero_code import servers

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

SITE: Final = Path(__file__).resolve().parent / "site"
"""The directory to put first on ``PYTHONPATH``."""

_CLASSES: Final[dict[str, tuple[str, Callable[[type], None]]]] = {
    "flask.app": ("Flask", trace_wsgi_class),
    "django.core.handlers.wsgi": ("WSGIHandler", trace_wsgi_class),
    "django.core.handlers.asgi": ("ASGIHandler", trace_asgi_class),
    "falcon.app": ("App", trace_wsgi_class),
    "falcon.asgi.app": ("App", trace_asgi_class),
    "starlette.applications": ("Starlette", trace_asgi_class),
    "quart.app": ("Quart", trace_asgi_class),
    "litestar.app": ("Litestar", trace_asgi_class),
}
_installed: list[bool] = []


def install() -> None:
    """Wrap frameworks, servers and RQ when they are imported from now on; do nothing if profcov is off, or a second time."""
    if _installed or not open_recorder().settings.enabled:
        return
    _installed.append(True)
    for module, (name, trace) in _CLASSES.items():
        when_imported(module, _trace_class(name, trace))
    when_imported("django.core.handlers.base", _label_django)
    when_imported("quart.ctx", _label_quart)
    when_imported("rq", _hook_rq)
    servers.install()


def _trace_class(name: str, trace: Callable[[type], None]) -> Callable[[ModuleType], None]:
    return lambda module: trace(getattr(module, name))


def _label_django(_module: ModuleType) -> None:
    from profcov.web.django import install_routes  # noqa: PLC0415 (now that Django is there)

    install_routes()


def _label_quart(_module: ModuleType) -> None:
    from profcov.web.quart import install_routes  # noqa: PLC0415

    install_routes()


def _hook_rq(_module: ModuleType) -> None:
    from profcov.queues.rq import install, install_workers  # noqa: PLC0415

    install()
    install_workers()
