"""Names that would be markup, or turn the text beside them round, are shown as the text that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from dashboard_shop import HOSTILE, make_hostile
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_name_is_text_on_every_page(open_page: Open, name: str) -> None:
    page = open_page(make_hostile(), f"#/symbol/{quote(f'app.{name}:{name}', safe='')}")
    expect(page.locator("#app h1")).to_have_text(f"app.{name}:{name}")
    assert page.title() == f"app.{name}:{name} · {HOSTILE['script']}".replace("\n", " ")
    page.locator("#app .card").first.get_by_role("link").click()
    expect(page.locator("#app h1 bdi")).to_have_text(name)
    expect(page.locator(".reasons bdi")).to_have_text(name)
    for address in ("profiles", "symbols", "gaps", "about", "overview", "overlap"):
        page.goto(f"{page.url.split('#')[0]}#/{address}")
        expect(page.locator("nav [aria-current=page]")).to_have_text(address.title())
        if address not in ("gaps", "overview"):
            expect(page.locator("#app")).to_contain_text(name)
        assert page.locator("#app script, #app b").count() == 0
    around = (
        page.locator("#app")
        .get_by_text(name, exact=True)
        .evaluate_all("nodes => nodes.map(node => getComputedStyle(node).unicodeBidi)")
    )
    assert set(around) <= {"isolate", "normal"}


def test_a_hostile_symbol_is_found_by_its_name(open_page: Open) -> None:
    page = open_page(make_hostile(), "#/symbols")
    page.get_by_role("searchbox").fill('"</script><script>" kind:function')
    expect(page.locator(".filter [role=status]")).to_have_text("1 symbol")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#app h1")).to_have_text(f"app.{HOSTILE['script']}:{HOSTILE['script']}")
