"""``profcov dashboard`` over a small real project, with names that somebody has made to break a page; in a real browser."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from profcov.reading.report.dashboard.page import read_data

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

HOSTILE = {
    "end of script": "<.script><img src=x onerror='document.title=1'>",
    "quotes": "quo\"te's",
    "right to left": "עברית",
    "turned round": "\u202egnp",
}
JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self';"
"""Under which Jenkins serves the files of builds: https://jenkins.io/doc/book/security/configuring-content-security-policy/"""
SHOP = "def pay():\n    return 1\n\n\ndef ship():\n    return 2\n\n\ndef never():\n    return 3\n"
RECORD = """
import importlib, sys
import profcov
sys.path.insert(0, "src")
shop, *others = [importlib.import_module(name) for name in {names!r}]
with profcov.trace("buy"):
    shop.pay()
    [other.שלום() for other in others]
with profcov.trace("look"):
    {look}
"""


@dataclass(frozen=True)
class Site:
    """The directory with the page, and the page's data."""

    page: Path
    data: dict[str, Any] = field(repr=False)


def run(directory: Path, *words: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_"))}
    environ |= {"ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_DIR": "data", "PROFILE_COVERAGE_CONFIG": "cov.ini"}
    done = subprocess.run(
        [sys.executable, *words], cwd=directory, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    root = tmp_path_factory.mktemp("project")
    (root / "cov.ini").write_text("[run]\nsource = src\nrelative_files = true\n")
    for name in ("shop", *HOSTILE.values()):
        path = root / "src" / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(SHOP if name == "shop" else "def שלום():\n    return 1\n", encoding="utf-8")
    names = ["shop", *HOSTILE.values()]
    results = {"schema_version": 2, "profiles": [{"profile": "buy", "seconds": 2.5, "requests": 7}]}
    (root / "played.json").write_text(json.dumps(results))
    for look in ("shop.pay()", "shop.ship()"):
        run(root, "-c", RECORD.format(names=names, look=look))
        run(root, "-m", "profcov", "combine")
        if look == "shop.pay()":
            run(root, "-m", "profcov", "matrix", "--out", "before")
    run(root, "-m", "profcov", "report", "--html", "--out", "site")
    words = ["--out", "site", "--since", "before", "--playback", "played.json", "--title", "The </title> of it"]
    assert run(root, "-m", "profcov", "dashboard", *words) == "site/index.html\n"
    page = root / "site" / "index.html"
    return Site(page, read_data(page.read_text(encoding="utf-8")))


def test_the_data_is_what_the_profiles_have_run(site: Site) -> None:
    buy, look = site.data["profiles"]
    assert (buy["slug"], buy["status"], buy["seconds"], buy["requests"], buy["lines"]) == ("buy", "complete", 2.5, 7, 5)
    assert (look["slug"], look["lines"], look["reached"], look["seconds"]) == ("look", 1, 1, None)
    assert [(site.page.parent / each[link]).is_file() for each in (buy, look) for link in ("html", "json")] == [
        True
    ] * 4
    states = {each["name"]: (each["state"], each["missed"]) for each in site.data["modules"]}
    assert states == {"shop": ("reached", 1), **dict.fromkeys(HOSTILE.values(), ("reached", 0))}
    changes = site.data["changes"]
    assert (changes["gained"], changes["lost"]) == ([["shop:ship", ["look"]]], [["shop:pay", ["look"]]])
    assert dict(site.data["about"])["coverage.py: source"] == "src"


@pytest.mark.parametrize("scripts", ["off", "forbidden by the server"])
def test_without_scripts_it_tells_the_key_figures_and_shows_names_as_text(
    site: Site, chromium: Browser, scripts: str
) -> None:
    tab = chromium.new_page(java_script_enabled=scripts != "off")
    if scripts == "off":
        tab.goto(site.page.as_uri())
    else:
        answer = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": JENKINS}
        tab.route("**", lambda route: route.fulfill(headers=answer, path=site.page))
        tab.goto("http://jenkins.example/index.html")
    assert tab.title() == "The </title> of it"
    text = tab.inner_text("body")
    for words in ("85.7 %", "2 profiles", "Symbols lost since before: 1", "shop:never", "Nearest twins"):
        assert words.lower() in text.lower(), words
    for name in (
        "<.script><img src=x onerror='document.title=1'>:שלום",
        "quo\"te's:שלום",
        "עברית:שלום",
        "\\u202egnp:שלום",
    ):
        assert name in text, name
    assert tab.locator("img").count() == 0
    assert not tab.locator("#app").is_visible()
    assert tab.locator("a[href='html/buy/index.html']").count() == 1
    tab.close()


def test_without_scripts_a_narrow_screen_has_no_sideways_scroll(site: Site, chromium: Any) -> None:
    tab = chromium.new_page(java_script_enabled=False, viewport={"width": 390, "height": 844})
    tab.goto(site.page.as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") == 390
    tab.close()


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_with_scripts_it_loads_nothing_logs_no_error_and_shows_names_as_text(
    site: Site, chromium: Browser, name: str
) -> None:
    tab = chromium.new_page()
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: said.append(request.url))
    symbol = f"{name}:שלום"
    tab.goto(f"{site.page.as_uri()}#/symbol/{quote(symbol, safe='')}")
    tab.locator("html[data-ready]").wait_for()
    assert said == [tab.url.partition("#")[0]]
    assert not tab.locator("#static").is_visible()
    assert tab.locator("#app").is_visible()
    assert tab.locator("img").count() == 0
    shown = tab.inner_text("#app")
    assert "buy" in shown
    assert name.rpartition(".")[2].replace("\u202e", "") in shown.replace("\u202e", "").replace("\\u202e", "")
    tab.close()
