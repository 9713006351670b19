"""The grid of symbols: filtered, sorted, walked by keys, and only as much of it in the page as is seen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dashboard_page import imagine
from dashboard_shop import make_shop
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    Open = Callable[..., Page]


NAME = 2
REACH = 6


def cells(page: Page, place: int) -> Locator:
    return page.locator(f"tbody:not(.space) tr td:nth-child({place})")


def column(page: Page, place: int) -> list[str]:
    return cells(page, place).all_inner_texts()


def count(page: Page) -> Locator:
    return page.locator(".filter [role=status]")


def test_symbols_are_listed_with_their_figures_and_profiles(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols?q=cart.t")
    assert page.locator("tbody:not(.space) tr").first.inner_text().split("\t")[:7] == [
        "shop.cart",
        "Cart.total",
        "method",
        "6",
        "2",
        "66.7 %",
        "1",
    ]
    assert page.locator("tbody:not(.space) tr").first.locator("td.on").evaluate_all(
        "cells => cells.map(cell => cell.title)"
    ) == ["checkout"]
    expect(count(page)).to_have_text("2 symbols")
    expect(page.get_by_role("grid")).to_have_attribute("aria-rowcount", "3")


def test_a_filter_narrows_the_list_as_it_is_typed_and_is_kept_in_the_address(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols")
    expect(count(page)).to_have_text("12 symbols · 3 baseline hidden")
    page.get_by_role("searchbox").press_sequentially("kind:method !p:refund")
    expect(count(page)).to_have_text("2 symbols")
    assert column(page, NAME) == ["Cart.total", "Cart.clear"]
    expect(page).to_have_url(re.compile(r"#/symbols\?q=kind%3Amethod\+%21p%3Arefund$"))
    page.reload()
    expect(count(page)).to_have_text("2 symbols")


def test_what_the_filter_does_not_understand_is_reported(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols?q=foo:bar+kind:thing+cart")
    expect(page.get_by_role("alert")).to_contain_text("“foo:” is no operator")
    expect(page.get_by_role("alert")).to_contain_text("kind: takes module, class, function or method, and not “thing”.")
    expect(count(page)).to_have_text("4 symbols · 3 baseline hidden")


def test_baseline_symbols_are_hidden_until_they_are_asked_for(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols?q=load")
    expect(count(page)).to_have_text("0 symbols · 1 baseline hidden")
    page.keyboard.press("b")
    expect(count(page)).to_have_text("1 symbol")
    page.goto(f"{page.url.split('#')[0]}#/symbols?q=is:baseline")
    expect(cells(page, NAME)).to_have_text(["shop.cart", "Cart", "load"])  # the address is there before the page is


def test_a_click_on_a_header_sorts_and_another_turns_it_round(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols?q=kind:function+-locals")
    header = page.get_by_role("columnheader", name="reach")
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    assert column(page, REACH) == ["88.9 %", "0 %", "0 %", "0 %"]
    expect(page).to_have_url(re.compile("&sort=-reach$"))
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert column(page, REACH) == ["0 %", "0 %", "0 %", "88.9 %"]
    expect(header.get_by_role("button")).to_be_focused()


def test_rows_are_walked_and_opened_by_keys(open_page: Open) -> None:
    page = open_page(make_shop(), "#/symbols")
    grid = page.get_by_role("grid")
    page.keyboard.press("j")
    expect(grid).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("ArrowDown")
    selected = page.locator("tr[aria-selected=true]")
    expect(selected).to_contain_text("Cart.total")
    assert grid.get_attribute("aria-activedescendant") == selected.get_attribute("id")
    page.keyboard.press("Escape")
    expect(selected).to_have_count(0)
    page.keyboard.press("End")
    expect(selected).to_contain_text("shop")
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page.locator("#app h1")).to_have_text("shop.cart:Cart.add")


def test_of_many_symbols_and_profiles_only_those_in_sight_are_in_the_page(open_page: Open) -> None:
    data = imagine(20_000, 150)
    page = open_page(data, "#/symbols?sort=-profiles")
    grid = page.get_by_role("grid")
    page.keyboard.press("b")
    expect(grid).to_have_attribute("aria-rowcount", "20001")
    assert page.locator("tbody:not(.space) tr").count() < 60
    assert page.locator("tbody:not(.space) tr").nth(5).locator("td").count() < 90
    grid.focus()
    page.keyboard.press("End")  # from no row at all
    last = page.locator("tr[aria-selected=true]")
    expect(last).to_have_attribute("aria-rowindex", "20001")
    expect(last).to_be_in_viewport()
    page.locator(".rows").evaluate("rows => { rows.scrollLeft = rows.scrollWidth }")
    header = page.get_by_role("columnheader", name=data["profiles"][-1]["slug"])
    expect(header).to_be_in_viewport()
    expect(header).to_have_attribute("aria-colindex", "157")
    assert page.locator("tbody:not(.space) tr").count() < 60


def test_a_narrow_screen_scrolls_the_grid_and_not_the_page(open_page: Open) -> None:
    page = open_page(imagine(500, 30), "#/symbols", viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert column(page, 1)[0].startswith("app"), "the name comes first where there is little room"
