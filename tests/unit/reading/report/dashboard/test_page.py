"""The page: its parts, what it says without a script, and names that somebody has made to break it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profcov.reading.analysis.drift import compare_matrices, take_snapshot
from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.overview import Overview
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.page import (
    SCRIPT,
    STYLE,
    make_page,
    pack,
    read_data,
    read_static,
    unpack_document,
    write_page,
)
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.line_sets import to_bits
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.conftest import Tree

HOSTILE = [
    "</script><b onclick='x()'>.py",
    "<!--.py",
    "quo\"te's & {{ 7*7 }}.py",
    "\u202egnp.py",
    "עברית.py",
    "\u2028line.py",
]
SCRIPT_LIMIT = 80_000


class Elements(HTMLParser):
    """The elements of a page, their attributes, and the text in each kind."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._last = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._last = tag

    def handle_data(self, data: str) -> None:
        self.texts.setdefault(self._last, []).append(data)

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _ in self.found)


def recorded(slug: str, lines: dict[str, list[int]], status: str = "complete") -> Recorded:
    content = Content({(f"profile:{slug}", file): to_bits(each) for file, each in lines.items()}, files=set(lines))
    return Recorded(
        Slug(slug), content, {"status": status, "reasons": [], "imported": [*lines, "idle.py", "constants.py"]}
    )


def make_edition(tree: Tree, *profiles: Recorded, **more: Any) -> Edition:
    matrix = build_matrix(tree.inventory(), profiles)
    given = {"directory": Path("out"), "generated": "2026-01-02T00:00:00+00:00", **more}
    return Edition(overview=Overview(matrix), **given)


@pytest.fixture
def edition(tree: Tree) -> Edition:
    """One in which every list has a row, and some more than are shown."""
    tree.write("shop.py", "".join(f"def f{number}():\n    return 1\n" for number in range(30)))
    tree.write("idle.py", "def a():\n    return 1\n")
    tree.write("unseen.py", "def a():\n    return 1\n")
    tree.write("constants.py", "X = 1\n")
    tree.write("out/html/one/index.html", "")
    before = make_edition(tree, recorded("one", {"shop.py": [2, 6]}), recorded("two", {"shop.py": [2]})).overview.matrix
    one = recorded("one", {"shop.py": list(range(2, 50, 2))})
    two, again = (recorded(slug, {"shop.py": [4]}, "partial") for slug in ("two", "two-again"))
    after = make_edition(tree, one, two, again)
    drift = compare_matrices(take_snapshot(before), take_snapshot(after.overview.matrix))
    return make_edition(tree, one, two, again, since=("monday", drift), left_out=["html/two is left out."])


def test_without_a_script_there_are_key_figures_and_all_lists(edition: Edition) -> None:
    page = make_page(edition)
    elements = Elements(page)
    assert [text.partition(":")[0] for text in elements.texts["caption"] if text.strip()] == [
        "Artifacts not known to be complete",
        "Symbols lost since monday",
        "Symbols gained since monday",
        "Profiles",
        "Modules never imported",
        "Modules imported, but never called",
        "Functions and methods never called, in modules that are reached",
        "Lines that only one profile runs",
        "Profiles that add no line",
        "Nearest twins",
    ]
    assert "Symbols gained since monday: 22, the first 20 of them" in elements.texts["caption"]
    rows = [table.count("<tr>") - 1 for table in re.findall(r"<tbody>.*?</tbody>", page, re.DOTALL)]
    assert max(rows) <= 20
    figures = dict(zip(elements.texts["dt"], (text for text in elements.texts["dd"] if text.strip()), strict=False))
    assert figures["statements of functions and methods reached"] == "75.0 %"
    assert figures["symbols reached"] == "25 / 36"
    assert figures["modules never reached"] == "2 / 3"
    assert figures["profiles that add no line"] == "2"
    assert ("a", {"href": "html/one/index.html"}) in elements.found
    assert "html/two is left out." in elements.texts["li"]


def test_without_a_script_nothing_to_reach_is_no_hundred_percent(tree: Tree) -> None:
    tree.write("constants.py", "X = 1\n")
    nothing = Recorded(Slug("one"), Content({}, files=set()), None)
    elements = Elements(make_page(make_edition(tree, nothing)))
    assert elements.texts["dd"][0] == "\N{EN DASH}"
    assert "1 symbol \u00d7 1 profile" in "".join(elements.texts["span"])
    assert "it has no sidecar" in elements.texts["bdi"]


def test_without_a_script_all_changes_count_though_a_thousand_are_named(tree: Tree) -> None:
    tree.write("many.py", "".join(f"def f{number:04}():\n    return 1\n" for number in range(1002)))
    before = make_edition(tree, recorded("p", {"many.py": [2]})).overview.matrix
    after = make_edition(tree, recorded("p", {"many.py": list(range(2, 2005, 2))}))
    drift = compare_matrices(take_snapshot(before), take_snapshot(after.overview.matrix))
    page = make_page(make_edition(tree, recorded("p", {"many.py": [2]}), since=("monday", drift)))
    assert "Symbols gained since monday: 1,001, the first 20 of them" in Elements(page).texts["caption"]
    assert "1 symbol gained or lost: counted, but not named." in Elements(page).texts["li"]


def test_its_parts_are_where_the_script_looks_for_them(edition: Edition) -> None:
    page = make_page(edition)
    elements = Elements(page)
    assert ("body", {"class": "static"}) in elements.found
    assert [attributes for tag, attributes in elements.found if tag == "main"] == [
        {"id": "static"},
        {"id": "app", "hidden": None},
    ]
    assert [attributes for tag, attributes in elements.found if tag == "script"] == [
        {"type": "application/octet-stream", "id": "data"},
        {},
    ]
    sources = [value for _, attributes in elements.found for name, value in attributes.items() if name == "src"]
    assert sources == []
    assert [attributes for tag, attributes in elements.found if tag == "link"] == [{"rel": "icon", "href": "data:,"}]


def test_its_policy_lets_its_own_script_run_and_nothing_else(edition: Edition) -> None:
    page = make_page(edition)
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (attributes["content"] for tag, attributes in Elements(page).found if "http-equiv" in attributes)
    assert str(policy).startswith(f"default-src 'none'; script-src 'sha256-{digest}';")
    assert script == read_static(SCRIPT)


def test_two_pages_of_one_edition_are_the_same(edition: Edition, tree: Tree) -> None:
    write_page(edition)
    write_page(edition, "other.html")
    assert (tree.root / "out/index.html").read_bytes() == (tree.root / "out/other.html").read_bytes()


def test_the_data_comes_back_as_it_was() -> None:
    document = {"names": ["</script>", "עברית", '"'], "numbers": [0, 1.5, None]}
    packed = pack(document)
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", packed)
    assert base64.b64decode(packed)[4:8] == bytes(4), "gzip notes when it was packed"
    assert unpack_document(packed) == document
    assert read_data(f'<script id="data">{packed}</script>') == document


def test_hostile_names_are_text_in_the_page_and_whole_in_the_data(tree: Tree) -> None:
    names = [*HOSTILE, os.fsdecode(b"\xff.py")]
    for name in names:
        (tree.root / name).parent.mkdir(exist_ok=True)  # a slash is one, wherever it stands
        (tree.root / name).write_text("def שלום(): return 1\ndef never(): return 2\n", encoding="utf-8")
    profile = recorded("p", {name: [1] for name in names[::2]})
    edition = make_edition(tree, profile, title="</title><script>x</script>", profiles=["</script>\u202e\udcff"])
    page = make_page(edition)
    elements = Elements(page)
    assert (elements.count("script"), elements.count("b"), elements.count("title")) == (2, 0, 1)
    assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)
    assert not {"\u202e", "\u2028"} & set(page)
    assert "</script><b onclick='x()'>.py:2" in elements.texts["bdi"]
    assert "quo\"te's & {{ 7*7 }}.py" in html.unescape(page)
    assert any("עברית:" in text for text in elements.texts["bdi"])
    document = read_data(page)
    files = {each["file"] for each in document["modules"]}
    assert files == set(HOSTILE)
    assert "\\udcff.py" in elements.texts["bdi"], "it cannot be measured"
    assert any("שלום" in name for name in document["symbols"]["name"])
    assert document["title"] == "</title><script>x</script>"
    json.dumps(document, ensure_ascii=False).encode("utf-8")  # so that encodeURIComponent takes all of it


@pytest.mark.parametrize("name", [SCRIPT, STYLE])
def test_what_is_put_into_the_page_cannot_end_its_element(name: str) -> None:
    text = read_static(name)
    assert not re.search(r"</(script|style)|<!--|\r|\0", text, re.IGNORECASE)
    assert "\ufeff" not in text


def test_the_script_is_small() -> None:
    assert len(read_static(SCRIPT).encode()) <= SCRIPT_LIMIT
