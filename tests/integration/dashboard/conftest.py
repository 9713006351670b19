from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from browser import find_chromium
from dashboard_page import write_page
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

READY = "html[data-ready]"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start one browser for all tests of a file; not of the session, since asyncio does not work in this thread meanwhile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open dashboards of data, each in a context of its own; at the end, none may have asked for anything or complained."""
    numbers = itertools.count()
    complaints: list[str] = []
    contexts = []

    def open_one(data: dict[str, Any], address: str = "", *, edit: Callable[[str], str] = str, **options: Any) -> Page:
        file = write_page(tmp_path / f"page{next(numbers)}.html", data)
        file.write_text(edit(file.read_text("utf-8")), "utf-8")
        contexts.append(chromium.new_context(**options))
        contexts[-1].set_default_timeout(10_000)
        page = contexts[-1].new_page()
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((file.as_uri(), "data:")) else complaints.append(request.url)
            ),
        )
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(file.as_uri() + address)
        page.wait_for_selector(READY, state="attached")
        return page

    open_one.complaints = complaints  # type: ignore[attr-defined]
    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []
