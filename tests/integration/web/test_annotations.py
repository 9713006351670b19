"""Frameworks evaluate the annotations of what they are given."""

from __future__ import annotations

from litestar import Litestar, asgi
from litestar.di import Provide

import profcov
from profcov.web.status import ASGIStatusPage


def test_litestar_takes_the_status_page_and_the_current_slug() -> None:
    app = Litestar(
        [asgi("/profcov", is_mount=True, copy_scope=True)(ASGIStatusPage())],
        dependencies={"slug": Provide(profcov.current_slug, sync_to_thread=False)},
    )
    assert "/profcov" in {route.path for route in app.routes}
