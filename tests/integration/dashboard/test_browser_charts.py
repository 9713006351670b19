"""The charts of the dashboard in a real browser: what they say, how they look, and who can use them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from dashboard_page import imagine, make_data, make_profile, write_page
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Literal

    from playwright.sync_api import Browser, Locator, Page

NONE = "\N{EN DASH}"
FRONTEND = Path(__file__).parents[3] / "frontend"
AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
LONG = "us-east-very-long-profile-name-that-nobody-would-type-twice-with-storm-and-stochastic-climate"
PAGES = (
    "overview",
    "profiles",
    f"profile/{LONG}",
    "symbols",
    "symbol/shop.cart%3Aadd",
    "gaps",
    f"overlap?p={LONG},b,c",
    "about",
)
COLOURS = """canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const {data} = copy.getImageData(0, 0, canvas.width, canvas.height);
  const found = {};
  for (let at = 0; at < data.length; at += 4) {
    const colour = '#' + [data[at], data[at + 1], data[at + 2]].map(each => each.toString(16).padStart(2, '0')).join('');
    if (data[at + 3] === 255) found[colour] = (found[colour] ?? 0) + 1;
  }
  return found;
}"""
SERIOUS = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter(({impact}) => impact === 'serious' || impact === 'critical')
  .flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html.slice(0, 200)} ${failureSummary}`))"""


def make_shop() -> dict[str, Any]:
    """Return four profiles and three modules, small enough to be counted by hand."""
    profiles = [make_profile(slug, reached=reached) for slug, reached in ((LONG, 7), ("b", 5), ("c", 7), ("d", 2))]
    modules = [
        {"name": "shop.cart", "file": "shop/cart.py", "state": "reached", "missed": 6},
        {"name": "shop.mail", "file": "shop/mail.py", "state": "reached", "missed": 0},
        {"name": "shop.audit.log", "file": "shop/audit/log.py", "state": "never imported", "missed": 6},
    ]
    data = make_data(
        profiles,
        modules,
        [
            ("", 0, "module", 1, 40, 4, 4, []),
            ("add", 0, "function", 3, 7, 3, 1, [0, 1]),
            ("remove", 0, "function", 9, 12, 2, 0, [0]),
            ("total", 0, "function", 14, 20, 5, 5, []),
            ("home", 0, "function", 22, 25, 2, 0, [0, 1, 2, 3]),
            ("", 1, "module", 1, 20, 3, 3, []),
            ("send", 1, "function", 3, 8, 4, 0, [2]),
            ("retry", 1, "function", 10, 12, 1, 0, [0, 1, 2]),
            ("", 2, "module", 1, 20, 2, 2, []),
            ("write", 2, "function", 3, 10, 6, 6, []),
        ],
    )
    data["changes"] = {
        "since": "last-week", "gained": [["shop.mail:send", ["c"]]], "lost": [["shop.cart:total", ["b"]]],
        "new_profiles": ["c"], "gone_profiles": [], "counts": {"gained": 1, "lost": 1}, "partial": [],
    }  # fmt: skip
    return data


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_page(tmp_path_factory.mktemp("shop") / "index.html", make_shop()).as_uri()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Yield a page at which nothing goes wrong: no error, and no refusal of the content security policy."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("console", lambda message: wrong.append(message.text))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened
    context.close()
    assert not wrong


def visit(page: Page, url: str, place: str) -> None:
    page.goto("about:blank")
    page.goto(f"{url}#/{place}")
    page.locator("html[data-ready]").wait_for()


def visit_charts(page: Page, url: str) -> None:
    """Open the overview, and wait for its charts: the second makes room for itself, and the first is laid out again then."""
    visit(page, url, "overview")
    page.locator("canvas").nth(1).wait_for()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def card(page: Page, title: str) -> Locator:
    return page.get_by_role("region", name=title, exact=True).filter(has=page.locator("h2"))


def read_table(box: Locator) -> list[list[str]]:
    """Open a chart's table, and return its rows without the header."""
    box.get_by_text("As a table").click()
    rows = box.locator(".as-table tbody tr")
    expect(rows.first).to_be_visible()
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def test_overview_says_what_was_reached(page: Page, shop: str) -> None:
    visit(page, shop, "overview")
    figures = dict(
        zip(page.locator(".figures dt").all_inner_texts(), page.locator(".figures dd").all_inner_texts(), strict=True)
    )
    assert figures == {
        "statements reached": "47.8 %",
        "symbols reached": "5 / 10",
        "modules never reached": "1 / 3",
        "profiles": "4",
        "profiles with no unique line": "2",
        "artifacts not known to be complete": "0",
    }
    assert card(page, "Modules never reached").locator("tbody tr").all_inner_texts() == [
        "shop.audit.log\tnever imported\t6"
    ]
    assert card(page, "Never called in reached modules").locator("tbody tr").all_inner_texts() == ["shop.cart:total\t5"]
    changes = card(page, "Since last time").locator("tbody tr").all_inner_texts()
    assert changes == ["shop.cart:total\tlost\tb", "shop.mail:send\tgained\tc"]


def test_treemap_and_its_table_tell_the_reach_of_each_module(page: Page, shop: str) -> None:
    visit_charts(page, shop)
    box = card(page, "Reach by module")
    canvas = box.locator("canvas")
    found = canvas.evaluate(COLOURS)
    areas = {
        name: found.get(colour, 0)
        for name, colour in (("0 %", "#a63603"), ("26-50 %", "#fdd0a2"), ("100 %", "#08519c"))
    }
    assert areas["26-50 %"] > areas["100 %"] > 1000  # 12 statements, and 5
    assert areas["0 %"] > 1000
    assert found["#6b2200"] > 500, "what nobody reaches is not hatched"
    assert read_table(box) == [
        ["shop.cart", "50.0 %", "12", "6"],
        ["shop.audit.log", "0 %", "6", "6"],
        ["shop.mail", "100 %", "5", "0"],
    ]


def test_heatmap_leaves_baseline_symbols_out_until_they_are_asked_for(page: Page, shop: str) -> None:
    visit(page, shop, "overview")
    box = card(page, "Profiles by package")
    expect(box).to_contain_text("1 baseline symbol (reached by 90 % of profiles or more) is hidden.")
    assert read_table(box) == [
        [LONG, "66.7 %", "50.0 %", "0 %"],
        ["b", "33.3 %", "50.0 %", "0 %"],
        ["c", "0 %", "100 %", "0 %"],
        ["d", "0 %", "0 %", "0 %"],
    ]
    page.locator("#app h1").focus()
    page.keyboard.press("b")
    expect(box).not_to_contain_text("hidden")
    assert [row[1] for row in read_table(box)] == ["75.0 %", "50.0 %", "25.0 %", "25.0 %"]


def test_charts_are_walked_and_opened_with_keys(page: Page, shop: str) -> None:
    visit_charts(page, shop)
    page.locator("canvas").first.focus()
    page.keyboard.press("Home")
    expect(page.locator("[role=status]").last).to_have_text("shop.cart, 50.0 % of 12 statements reached")
    expect(page.locator(".tip").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{shop}#/symbols?q=shop.cart")
    page.go_back()
    page.locator("canvas").nth(1).focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[role=status]").last).to_have_text(f"{LONG}, 4 symbols")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.locator("[role=status]").last).to_have_text("b, shop.mail, 50.0 %: 1 of 2 functions and methods")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{shop}#/symbols?q=p%3Ab+shop.mail")


def test_the_place_in_a_chart_outlasts_another_size_and_other_figures(page: Page, shop: str) -> None:
    visit_charts(page, shop)
    canvas = page.locator("canvas").nth(1)
    canvas.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    status = page.locator("[role=status]").last
    expect(status).to_have_text("b, shop.cart, 33.3 %: 1 of 3 functions and methods")
    width = canvas.evaluate("canvas => canvas.width")
    page.set_viewport_size({"width": 1100, "height": 900})
    expect(canvas).not_to_have_attribute("width", str(width))
    page.keyboard.press("ArrowRight")
    expect(status).to_have_text("b, shop.mail, 50.0 %: 1 of 2 functions and methods")
    page.keyboard.press("b")
    page.keyboard.press("ArrowLeft")
    expect(status).to_have_text("b, shop.cart, 50.0 %: 2 of 4 functions and methods")


def test_pointer_shows_the_figures_and_a_click_opens_them(page: Page, shop: str) -> None:
    visit_charts(page, shop)
    canvas = page.locator("canvas").first
    canvas.hover(position={"x": 40, "y": 60})
    expect(page.locator(".tip").first).to_contain_text("of 12 statements reached")
    canvas.click(position={"x": 40, "y": 60})
    expect(page).to_have_url(f"{shop}#/symbols?q=shop.cart")


def test_charts_follow_the_theme_and_the_width(page: Page, shop: str, wait_until: Callable[..., None]) -> None:
    visit_charts(page, shop)
    canvas = page.locator("canvas").nth(1)
    assert "#f1f4f7" in canvas.evaluate(COLOURS)
    page.emulate_media(color_scheme="dark")
    wait_until(lambda: "#1c2128" in canvas.evaluate(COLOURS), "it is painted dark")
    wide = canvas.evaluate("canvas => canvas.width")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(canvas).not_to_have_attribute("width", str(wide))
    wait_until(lambda: len(canvas.evaluate(COLOURS)) > 1, "it is painted again")


def test_overlap_keeps_its_choice_in_the_address(page: Page, shop: str) -> None:
    visit(page, shop, f"overlap?p={LONG},b,c")
    chosen = page.get_by_role("list", name="Chosen profiles").locator("li bdi")
    expect(chosen).to_have_text([LONG, "b", "c"])
    page.get_by_role("button", name="Remove b", exact=True).click()
    expect(page).to_have_url(f"{shop}#/overlap?p={LONG}%2Cc")
    page.get_by_label("Add a profile").fill("nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("There is no profile “nobody”.")
    page.get_by_label("Add a profile").fill("d")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{shop}#/overlap?p={LONG}%2Cc%2Cd")
    expect(page.get_by_label("Add a profile")).to_be_focused()
    page.reload()
    expect(chosen).to_have_text([LONG, "c", "d"])


def test_overlap_shows_exclusive_intersections_likeness_owners_and_cover(page: Page, shop: str) -> None:
    visit(page, shop, f"overlap?p={LONG},b,c")
    box = card(page, "Intersections")
    expect(box.locator("svg a")).to_have_count(4)
    assert sorted(read_table(box)) == sorted(
        [
            [LONG, "1", "2", "1"],
            ["c", "1", "4", "1"],
            [f"{LONG} + b", "2", "2", "1"],
            [f"{LONG} + b + c", "3", "1", "1"],
        ]
    )
    pairs = [
        row.locator("td").all_inner_texts() for row in card(page, "Likeness of each pair").locator("tbody tr").all()
    ]
    assert pairs == [[NONE, "71.4 %", "27.3 %"], ["71.4 %", NONE, "33.3 %"], ["27.3 %", "33.3 %", NONE]]
    owners = card(page, "Sole owners")
    expect(owners.locator("summary")).to_have_text([f"{LONG} 2", "b 0", "c 4"])
    owners.locator("summary").first.click()
    expect(owners.locator("li")).to_have_text(["shop.cart:remove 2 lines"])
    cover = card(page, "How few would do")
    expect(cover).to_contain_text("2 of 4 profiles run every line that all of them run: greedy, not proven minimal.")
    assert [row[1:] for row in read_table(cover)] == [
        [LONG, "7", "7", "63.6 %"],
        ["c", "4", "11", "100 %"],
        ["b", "0", "11", "100 %"],
        ["d", "0", "11", "100 %"],
    ]


def test_bar_of_an_intersection_leads_to_its_symbols(page: Page, shop: str) -> None:
    visit(page, shop, "overlap?p=b,c")
    page.get_by_role("link", name="4 lines, 1 symbol: exactly c").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-row], .sheet tbody tr").filter(has_text="send")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_have_value("!p:b p:c")


def test_many_profiles_are_grouped_and_no_more_than_eight_are_compared(page: Page, tmp_path: Path) -> None:
    data = imagine(600, 90)
    url = write_page(tmp_path / "many.html", data).as_uri()
    visit(page, url, "overview")
    box = card(page, "Profiles by package")
    expect(box).to_contain_text("90 profiles in ")
    rows = read_table(box)
    assert len(rows) <= 60
    assert sum(int(row[0].rpartition("(")[2].rstrip(")")) if "… (" in row[0] else 1 for row in rows) == 90
    slugs = [profile["slug"] for profile in data["profiles"]]
    visit(page, url, f"overlap?p={','.join(slugs[:9])}")
    expect(page.get_by_role("list", name="Chosen profiles").locator("li bdi")).to_have_text(slugs[:8])
    expect(page.get_by_role("button", name="Add", exact=True)).to_be_disabled()


def test_where_there_is_nothing_to_reach_each_page_says_so(page: Page, tmp_path: Path) -> None:
    profiles = [make_profile("a", status="unknown", reached=0, unknown_files=1)]
    modules = [{"name": "a", "file": "a.py", "state": "empty", "missed": 0}]
    url = write_page(tmp_path / "a.html", make_data(profiles, modules, [("", 0, "module", 1, 1, 1, 0, [])])).as_uri()
    visit(page, url, "overview")
    for title in ("Reach by module", "Profiles by package"):
        expect(card(page, title)).to_contain_text("No module has a function or method with a statement.")
    expect(card(page, "Modules never reached")).to_contain_text("No module has a statement to reach.")
    expect(card(page, "Never called in reached modules")).to_contain_text("No module is reached.")
    visit(page, url, "profile/a")
    expect(page.locator(".page")).to_contain_text("It runs no line.")
    visit(page, url, "about")
    expect(page.locator("caption")).to_have_text("1 of 1 profile")
    for place in ("profiles", "profile/a", "symbols", "symbol/a", "gaps", "overlap"):
        visit(page, url, place)
        expect(page.locator("main#app h1")).to_be_visible()
        assert "NaN" not in page.locator("main#app").inner_text()


def test_cells_print_their_share_rounded_and_none_where_all_is_baseline(page: Page, tmp_path: Path) -> None:
    modules = [{"name": name, "file": f"{name}.py", "state": "reached", "missed": 0} for name in ("a", "b")]
    rows = [("", 0, "module", 1, 9, 1, 0, [0, 1, 2]), ("f", 0, "function", 1, 9, 1, 0, [0, 1, 2])]
    rows += [
        ("", 1, "module", 1, 9, 1, 0, [0]),
        *((name, 1, "function", 1, 9, 1, 0, [0] * (name != "h")) for name in "fgh"),
    ]
    data = make_data([make_profile(slug) for slug in ("p", "q", "r")], modules, rows)
    page.add_init_script(
        "const fill = CanvasRenderingContext2D.prototype.fillText;"
        "window.written = [];"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {"
        " window.written.push(text); return fill.call(this, text, ...more); };"
    )
    visit(page, write_page(tmp_path / "a.html", data).as_uri(), "overview")
    assert read_table(card(page, "Profiles by package"))[0] == ["p", NONE, "66.7 %"]
    written = page.evaluate("window.written")
    assert {NONE, "67"} <= set(written)


def test_long_names_are_read_without_sideways_scroll(chromium: Browser, tmp_path: Path) -> None:
    name, slug = "n" * 200, "s" * 100
    modules = [{"name": f"m.{name}", "file": f"m/{name}.py", "state": "reached", "missed": 1}]
    rows = [
        ("", 0, "module", 1, 9, 1, 0, [0]),
        (f"{name}1", 0, "function", 2, 3, 1, 1, []),
        (f"{name}2", 0, "function", 4, 5, 1, 0, [0]),
    ]
    data = make_data([make_profile(slug), make_profile("b")], modules, rows)
    url = write_page(tmp_path / "long.html", data).as_uri()
    for width in (390, 1280):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        opened = context.new_page()
        for place in ("overview", "profiles", f"profile/{slug}", "symbols", "gaps", f"overlap?p={slug},b", "about"):
            visit(opened, url, place)
            assert opened.evaluate("document.documentElement.scrollWidth") <= width, place
            for table in opened.locator(".scroller:has(> table.grid)").all():
                hidden = table.evaluate("box => box.scrollWidth - box.clientWidth")
                assert hidden <= 0 or width == 390, place
        context.close()


def test_narrow_screen_has_no_sideways_scroll(chromium: Browser, shop: str, tmp_path: Path) -> None:
    large = write_page(tmp_path / "large.html", imagine(1500, 40)).as_uri()
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    wide = []
    for url, places in ((shop, PAGES), (large, ("overview", "profiles", "symbols", "gaps", "overlap"))):
        for place in places:
            visit(page, url, place)
            if place.startswith("over"):
                page.locator("canvas, svg.curve").last.wait_for()
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 390:
                wide.append((place, width))
    context.close()
    assert not wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(chromium: Browser, shop: str, scheme: Literal["light", "dark"]) -> None:
    if not AXE.exists():
        reason = "axe-core is not installed: run `npm ci` in frontend/"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    found = {}
    for place in PAGES:
        visit(page, shop, place)
        if place.startswith("over"):
            page.locator("canvas, svg.curve").last.wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        page.add_script_tag(path=AXE)
        if serious := page.evaluate(SERIOUS):
            found[place] = serious
    context.close()
    assert not found
