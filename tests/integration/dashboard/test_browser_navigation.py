"""Pages and the ways between them: addresses, back and forward, keys, and what is said where there is nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from dashboard_page import write_page
from dashboard_shop import make_shop
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    Open = Callable[..., Page]

EXAMPLE = Path(__file__).parents[3] / "artifacts" / "example" / "index.html"
METHOD = "shop.cart:Cart.add"
PAGES = {
    "overview": "Overview",
    "profiles": "Profiles",
    "symbols": "Symbols",
    "gaps": "Gaps",
    "overlap": "Overlap",
    "about": "About",
}


def heading(page: Page, words: str) -> None:
    expect(page.locator("#app h1")).to_have_text(words)


def symbol(name: str) -> str:
    return f"#/symbol/{quote(name, safe='')}"


def test_each_page_opens_by_its_address_and_its_key(open_page: Open) -> None:
    page = open_page(make_shop())
    expect(page.locator("#static")).to_be_hidden()
    for key, (name, title) in zip("opsgva", PAGES.items(), strict=True):
        page.goto(f"{page.url.split('#')[0]}#/{name}")
        heading(page, title)
        expect(page.locator("nav [aria-current=page]")).to_have_text(title)
        assert page.title() == f"{title} · profcov"
        page.keyboard.press("?" if name == "about" else "g")
        if name == "about":
            page.keyboard.press("Escape")
            page.keyboard.press("g")
        page.keyboard.press(key)
        heading(page, title)
        expect(page).to_have_url(re.compile(f"#/{name}$"))


def test_the_demo_s_profiles_are_read_whole_on_a_laptop(chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{EXAMPLE.as_uri()}#/profiles")
    grid = page.get_by_role("grid", name="Profiles")
    links = grid.locator("tbody:not(.space) td:first-child")
    expect(links.first).to_be_visible()
    cut = links.evaluate_all(
        "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
    )
    assert (links.count(), cut) == (7, [])
    expect(grid.locator("tbody:not(.space) td:last-child").first).to_be_in_viewport(ratio=1)
    expect(grid.locator("tbody:not(.space) td:last-child").first).to_contain_text(re.compile(r"^\d+\.\d %"))
    page.close()


def test_a_profile_shows_what_it_runs(open_page: Open) -> None:
    page = open_page(make_shop(), "#/profile/checkout")
    heading(page, "checkout complete")
    figures = page.locator("#app .figures > div").all_inner_texts()
    assert [text.split("\n") for text in figures[:5]] == [
        ["of statements reached", "39.2 %"],
        ["lines in 3 files", "40"],
        ["unique lines", "6"],
        ["symbols", "6"],
        ["unique symbols", "2"],
    ]
    expect(page.get_by_role("link", name="Coverage HTML")).to_have_attribute("href", "html/checkout/index.html")
    expect(page.get_by_role("link", name="Report as JSON")).to_have_attribute("href", "checkout-coverage.json")
    assert page.locator(".context").all_inner_texts() == ["web\n30 lines · 75.0 %", "jobs\n15 lines · 37.5 %"]
    expect(page.locator(".leaf", has_text="cart")).to_contain_text("4 of 5")
    unique = page.get_by_role("grid", name="Symbols with lines that only this profile runs")
    assert unique.locator("tbody:not(.space) tr td:first-child").all_inner_texts() == [
        "shop.cart:Cart.total",
        "shop.cart:Cart.total.<locals>.tax",
    ]


def test_a_symbol_shows_who_runs_it_and_how_to_run_them_again(open_page: Open) -> None:
    page = open_page(make_shop(), symbol(METHOD), permissions=["clipboard-read", "clipboard-write"])
    heading(page, METHOD)
    expect(page.locator("#app")).to_contain_text("shop/cart.py, lines 7 to 15")
    reach, others, siblings = page.locator("#app .card").all()
    assert reach.get_by_role("link").all_inner_texts() == ["checkout", "refund"]
    assert others.get_by_role("link").all_inner_texts() == ["invite", "search"]
    assert siblings.get_by_role("link").all_inner_texts() == ["Cart.total", "Cart.clear"]
    reach.get_by_role("button", name="Copy profcov playback refund").click()
    expect(page.locator("#app > [role=status]")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "profcov playback refund"
    page.get_by_role("link", name="Cart", exact=True).click()
    heading(page, "shop.cart:Cart")


def test_gaps_tell_what_was_never_imported_from_what_was_never_called(open_page: Open) -> None:
    page = open_page(make_shop(), "#/gaps")
    rows = {
        grid.get_attribute("aria-label"): grid.locator("tbody:not(.space) tr").all_inner_texts()
        for grid in page.get_by_role("grid").all()
    }
    assert rows == {
        "Never imported": ["shop.old\t13"],
        "Imported, never called": ["shop.idle\t4"],
        "Missed in modules that are reached": [
            "shop.cart:Cart.clear\tshop/cart.py:27\t4",
            "shop.users.invite:forget\tshop/users/invite.py:14\t3",
        ],
    }
    page.get_by_role("searchbox").fill("invite")
    expect(page.locator(".filter [role=status]")).to_have_text("1 of 4 gaps")


def test_startup_code_is_no_gap_but_has_a_list_of_its_own(open_page: Open) -> None:
    page = open_page(make_shop(startup=[9], outside=[13]), "#/gaps")
    missed, startup = (
        page.get_by_role("grid", name=name).locator("tbody:not(.space) tr")
        for name in ("Missed in modules that are reached", "Ran at start-up, or never")
    )
    assert missed.all_inner_texts() == ["shop.cart:Cart.clear\tshop/cart.py:27\t4"]
    assert startup.all_inner_texts() == ["shop.users.invite:forget\tshop/users/invite.py:14\t3"]
    outside = page.get_by_role("grid", name="Ran, but for no profile").locator("tbody:not(.space) tr")
    assert outside.all_inner_texts() == ["shop.idle:wait\tshop/idle.py:3\t4"]
    page.get_by_role("searchbox").fill("invite")
    expect(page.locator(".filter [role=status]")).to_have_text("0 of 3 gaps")
    page.get_by_role("link", name="forget").click()
    expect(page.locator("#app")).to_contain_text("ran at start-up, or never")
    expect(page.locator("#app")).to_contain_text("start-up code belongs to no profile")
    expect(page.locator("#app")).not_to_contain_text("a change here is not exercised")


def test_profiles_are_sorted_by_a_click_on_a_header(open_page: Open) -> None:
    page = open_page(make_shop(), "#/profiles")
    names = page.get_by_role("grid").locator("tbody:not(.space) tr td:first-child")
    assert names.all_inner_texts() == ["checkout", "refund", "invite", "search"]
    page.get_by_role("button", name="duration").click()
    expect(page.get_by_role("columnheader", name="duration")).to_have_attribute("aria-sort", "descending")
    assert names.all_inner_texts()[-1] == "search", "a duration that is not known comes last"
    expect(page).to_have_url(re.compile("sort=-seconds$"))
    expect(page.get_by_role("row", name="invite").first).to_contain_text("1 of 3 failed")


def test_back_and_forward_go_through_pages_and_keep_filters_and_rows(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols")
    page.keyboard.press("/")
    page.keyboard.type("cart.t")
    page.keyboard.press("Enter")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    heading(page, "shop.cart:Cart.total.<locals>.tax")
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("cart.t")
    expect(page.locator("tr[aria-selected=true]")).to_contain_text("Cart.total.<locals>.tax")
    page.go_forward()
    heading(page, "shop.cart:Cart.total.<locals>.tax")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("#/nowhere", "There is no page “nowhere”."),
        ("#/constructor", "There is no page “constructor”."),
        ("#/profile/nobody", "There is no profile “nobody”."),
        (symbol("shop.cart:Cart.gone"), "There is no symbol “shop.cart:Cart.gone”"),
        ("#/symbol/%E0%A4", "There is no symbol “%E0%A4”"),
    ],
)
def test_an_address_of_nothing_says_so_and_leads_back(open_page: Open, address: str, sentence: str) -> None:
    page = open_page(make_shop(), address)
    heading(page, "Not found")
    expect(page.locator("#app")).to_contain_text(sentence)
    page.get_by_role("link", name="All symbols").click()
    heading(page, "Symbols")


def test_keys_are_not_heard_where_something_is_typed_nor_with_a_modifier(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols")
    for key in ("Control+b", "Alt+b", "Meta+b"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Show baseline")).to_be_visible()
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="Hide baseline")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("gobj?")
    expect(page.get_by_role("searchbox")).to_have_value("gobj?")
    heading(page, "Symbols")
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).not_to_be_focused()


def test_help_can_turn_the_keys_of_one_letter_off(open_page: Open) -> None:
    page = open_page(make_shop(), "#/about")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("o")
    heading(page, "About")
    page.get_by_role("checkbox").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.get_by_role("button", name="Keys").click()
    heading(page, "About")


def test_the_filter_key_leads_to_the_symbols_from_a_page_without_a_filter(open_page: Open) -> None:
    page = open_page(make_shop(), "#/about")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Filter symbols")).to_be_focused()


def test_the_theme_is_the_systems_until_one_is_chosen(open_page: Open) -> None:
    page = open_page(make_shop(), "#/about", color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="Theme: auto").click()
    assert page.evaluate(background) != dark
    page.get_by_role("button", name="Theme: light").click()
    assert page.evaluate(background) == dark
    page.reload()
    page.get_by_role("button", name="Theme: dark").click()


def test_the_skip_link_is_first_and_leads_to_the_page(open_page: Open) -> None:
    page = open_page(make_shop(), "#/gaps")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#app h1")).to_be_focused()
    expect(page).to_have_url(re.compile("#/gaps$"))


def test_data_that_cannot_be_read_leave_the_summary_and_say_so(chromium: Browser, tmp_path: Path) -> None:
    file = write_page(tmp_path / "index.html", make_shop() | {"version": 2})
    page = chromium.new_page()
    page.goto(file.as_uri())
    expect(page.get_by_role("alert")).to_contain_text("its version is 2, and this script reads 1")
    expect(page.locator("#static")).to_be_visible()
    expect(page.locator("#app")).to_be_hidden()
    page.close()


def test_a_sandbox_that_keeps_nothing_and_sends_no_forms_is_enough(chromium: Browser, tmp_path: Path) -> None:
    text = write_page(tmp_path / "index.html", make_shop()).read_text("utf-8")
    page = chromium.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    headers = {"Content-Security-Policy": "sandbox allow-scripts", "Content-Type": "text/html"}
    page.route("**/*", lambda route: route.fulfill(body=text, headers=headers))
    page.goto("http://ci.invalid/job/index.html#/symbols")
    page.get_by_role("searchbox").fill("load kind:function")
    expect(page.locator(".filter [role=status]")).to_have_text("0 symbols · 1 baseline hidden")
    page.get_by_role("button", name="Theme: auto").click()
    page.get_by_role("button", name="Keys").click()
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="Gaps").click()
    heading(page, "Gaps")
    page.close()
    assert complaints == []
