"""The data of the dashboard against matrices made by hand."""

from __future__ import annotations

from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING

from profcov.reading.analysis.drift import Snapshot, compare_matrices, take_snapshot
from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.notes import Played, read_note
from profcov.reading.analysis.overview import Overview
from profcov.reading.report.dashboard.changes import MAX_NAMED, describe_changes
from profcov.reading.report.dashboard.document import make_document
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.signatures import unpack_signature
from profcov.reading.report.dashboard.top_lists import make_lists
from profcov.reading.symbols.model import SymbolName
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.line_sets import to_bits
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.conftest import Tree

SHOP = """
import os


class Cart:
    size = 0

    def add(self):
        self.size += 1
        return self


def pay(amount):
    if amount:
        return amount
    return 0


def never():
    return 1
"""
IMPORTED = ["shop.py", "idle.py", "names.py"]


def recorded(slug: str, lines: dict[str, dict[str, list[int]]], **facts: object) -> Recorded:
    """Return a profile that ran these lines, by what follows the slug in their context, and by file."""
    content = Content()
    for context, by_file in lines.items():
        for file, numbers in by_file.items():
            content.lines[f"profile:{slug}{context}", file] = to_bits(numbers)
            content.files.add(file)
    known = {"status": "complete", "imported": IMPORTED, "created": "2026-01-01T00:00:00+00:00", "jobs": [], **facts}
    return Recorded(Slug(slug), content, known)


def make_edition(tree: Tree, *profiles: Recorded, **more: Any) -> Edition:
    tree.write("shop.py", SHOP)
    tree.write("idle.py", "X = 1\n\n\ndef a():\n    return 1\n")
    tree.write("names.py", "X = 1\n")
    tree.write("unseen.py", "import os\n\n\ndef a():\n    return 1\n")
    matrix = build_matrix(tree.inventory(), profiles)
    notes = {each.slug: read_note(each) for each in profiles}
    given = {"directory": Path("out"), "generated": "2026-01-02T00:00:00+00:00", **more}
    return Edition(overview=Overview(matrix, notes), **given)


BUY = {"|GET /cart": {"shop.py": [8, 9]}, "|job:shop.pay": {"shop.py": [9, 13, 14]}}
LOOK = {"": {"shop.py": [8, 9], "elsewhere.py": [1]}}


def test_startup_code_is_told_apart(tree: Tree) -> None:
    tree.write("start.py", "def create_app():\n    return 1\n")
    facts = {"imported": [*IMPORTED, "start.py"]}
    edition = make_edition(tree, recorded("look", LOOK, **facts))
    document = make_document(edition)
    assert document["modules"][3] == {"name": "start", "file": "start.py", "state": "apart", "missed": 0}
    assert [document["symbols"]["name"][place] for place in document["startup"]] == ["create_app"]
    (found,) = [each for each in make_lists(edition, document) if each.title == "Ran at start-up, or never"]
    assert found.rows == [("start:create_app", "start.py:1", 1)]


def test_each_module_has_its_state_and_what_it_misses(tree: Tree) -> None:
    document = make_document(make_edition(tree, recorded("look", LOOK)))
    assert document["modules"] == [
        {"name": "idle", "file": "idle.py", "state": "never called", "missed": 1},
        {"name": "names", "file": "names.py", "state": "empty", "missed": 0},
        {"name": "shop", "file": "shop.py", "state": "reached", "missed": 4},
        {"name": "unseen", "file": "unseen.py", "state": "never imported", "missed": 3},
    ]
    assert document["totals"] == {"statements": 8, "reached": 2}


def test_each_symbol_has_its_place_what_it_misses_and_its_profiles(tree: Tree) -> None:
    document = make_document(make_edition(tree, recorded("buy", BUY), recorded("look", LOOK)))
    symbols = document["symbols"]
    assert len({len(column) for column in symbols.values()}) == 1
    slugs = [each["slug"] for each in document["profiles"]]
    found = {}
    for name, module, kind, line, end, statements, missed, signature in zip(*symbols.values(), strict=True):
        profiles = [slugs[number] for number in unpack_signature(document["signatures"][signature], len(slugs))]
        whole = document["modules"][module]["name"] + (f":{name}" if name else "")
        found[whole] = (document["kinds"][kind], line, end, statements, missed, profiles)
    assert found == {
        "idle": ("module", 1, 5, 1, 0, []),
        "idle:a": ("function", 4, 5, 1, 1, []),
        "names": ("module", 1, 1, 1, 0, []),
        "shop": ("module", 1, 19, 1, 0, ["buy", "look"]),
        "shop:Cart": ("class", 4, 9, 1, 0, ["buy", "look"]),
        "shop:Cart.add": ("method", 7, 9, 2, 0, ["buy", "look"]),
        "shop:pay": ("function", 12, 15, 3, 1, ["buy"]),
        "shop:never": ("function", 18, 19, 1, 1, []),
        "unseen": ("module", 1, 5, 1, 1, []),
        "unseen:a": ("function", 4, 5, 1, 1, []),
    }


def test_a_profile_says_how_it_was_recorded_and_played(tree: Tree) -> None:
    ended = ["finished", "failed", "killed"]
    jobs: list[dict[str, Any]] = [
        {"id": str(number), "status": status, "attempts": int(status in ended), "queue": "q"}
        for number, status in enumerate([*ended, *["queued"] * 4], 1)
    ]
    buy = recorded("buy", BUY, jobs=jobs, status="partial", reasons=["process-died", "jobs-unfinished"])
    bare = Recorded(Slug("bare"), Content({("", "shop.py"): to_bits([8])}, files={"shop.py"}), None)
    look = recorded("look", LOOK)
    tree.write("out/html/buy/index.html", "")
    tree.write("out/reports/look-coverage.json", "")
    edition = make_edition(
        tree, buy, bare, look, played={Slug("buy"): Played(1.5, 3)}, profiles=["my profiles", "b.har"]
    )
    profiles = {each["slug"]: each for each in make_document(edition)["profiles"]}
    assert profiles["buy"] == {
        "slug": "buy",
        "status": "partial",
        "reasons": ["process-died", "jobs-unfinished: 4, 5, 6 and 1 more"],
        "lines": 4,
        "files": 1,
        "reached": 4,
        "seconds": 1.5,
        "requests": 3,
        "jobs": 7,
        "failed_jobs": 2,
        "web_lines": 2,
        "job_lines": 3,
        "unknown_files": 0,
        "created": "2026-01-01T00:00:00+00:00",
        "html": "html/buy/index.html",
        "json": None,
        "replay": "profcov playback 'my profiles' b.har --select buy --trace-code",
    }
    nothing = ("seconds", "requests", "jobs", "failed_jobs", "web_lines", "job_lines", "created", "html", "json")
    assert {key for key, value in profiles["bare"].items() if value is None} == set(nothing)
    assert profiles["bare"]["status"] == "unknown"
    look = profiles["look"]
    assert (look["jobs"], look["web_lines"], look["job_lines"], look["unknown_files"]) == (0, look["lines"], 0, 1)
    assert profiles["look"]["json"] == "reports/look-coverage.json"


def test_a_set_of_profiles_is_kept_once_and_the_first_is_empty(tree: Tree) -> None:
    profiles = [recorded(f"p{number:02}", LOOK if number % 2 else BUY) for number in range(9)]
    edition = make_edition(tree, *profiles)
    document = make_document(edition)
    assert unpack_signature(document["signatures"][0], 9) == []
    assert len(document["signatures"]) == 3  # nobody, all, those that buy
    slugs = list(edition.overview.matrix.profiles)
    for (_, flags), number in zip(edition.overview.matrix.rows(), document["symbols"]["signature"], strict=True):
        named = [slugs[each] for each in unpack_signature(document["signatures"][number], 9)]
        assert named == list(compress(slugs, flags))


def test_without_a_profile_there_is_a_document_all_the_same(tree: Tree) -> None:
    document = make_document(make_edition(tree))
    assert (document["profiles"], document["signatures"], set(document["symbols"]["signature"])) == ([], [""], {0})


def test_what_was_gained_and_lost_names_the_profiles_that_are_in_both(tree: Tree) -> None:
    before = make_edition(tree, recorded("buy", LOOK), recorded("look", LOOK), recorded("old", LOOK)).overview.matrix
    after = make_edition(tree, recorded("buy", BUY), recorded("look", {"": {}}), recorded("new", LOOK)).overview.matrix
    changes = describe_changes("monday", compare_matrices(take_snapshot(before), take_snapshot(after)))
    assert changes == {
        "since": "monday",
        "gained": [["shop:pay", ["buy"]]],
        "lost": [["shop", ["look"]], ["shop:Cart", ["look"]], ["shop:Cart.add", ["look"]]],
        "new_profiles": ["new"],
        "gone_profiles": ["old"],
        "counts": {"gained": 1, "lost": 3},
        "partial": [],
    }


def test_profiles_that_are_or_were_partial_may_have_changed_only_in_what_was_recorded(tree: Tree) -> None:
    profiles = {Slug(slug): frozenset[SymbolName]() for slug in "abc"}
    old, new = (Snapshot((), profiles, frozenset({Slug(slug)})) for slug in "ab")
    assert describe_changes("monday", compare_matrices(old, new))["partial"] == ["a", "b"]


def test_too_many_changes_are_counted(tree: Tree) -> None:
    tree.write("many.py", "".join(f"def f{number:04}():\n    return 1\n" for number in range(MAX_NAMED + 7)))
    every = {"": {"many.py": list(range(2, 2 * MAX_NAMED + 16, 2))}}
    before = build_matrix(tree.inventory(), [recorded("p", {"": {}})])
    after = build_matrix(tree.inventory(), [recorded("p", every)])
    changes = describe_changes("monday", compare_matrices(take_snapshot(before), take_snapshot(after)))
    assert (len(changes["gained"]), changes["counts"]) == (
        MAX_NAMED,
        {"gained": MAX_NAMED + 8, "lost": 0},
    )  # the module, too


def test_about_tells_what_it_was_made_from_and_what_is_not_in_it(tree: Tree) -> None:
    tree.write("broken.py", "def f(:\n")
    facts = {"versions": {"coverage": "7.6", "python": "3.11.7"}, "settings": {"omit": ["*/a.py"], "branch": True}}
    edition = make_edition(tree, recorded("look", LOOK, **facts), commit="abc-dirty")
    about = dict(make_document(edition)["about"])
    assert about["Commit"] == "abc-dirty"
    assert about["Recorded"] == "2026-01-01T00:00:00+00:00"
    assert about["Recorded by"] == "coverage.py 7.6, Python 3.11.7"
    assert about["Artifacts"] == "1 complete"
    assert about["Cannot be measured"] == "broken.py"
    assert about["Ran, but not in the measured source"] == "elsewhere.py"
    assert about["coverage.py: omit"] == "*/a.py"
    assert "4 files" in about["Source"]
