"""Modules that change while a server runs on: each line goes under the sha256 of the source that its code came from."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

SHOP = """
import hashlib, importlib, runpy, sys
from pathlib import Path
here = Path("measured.ini").resolve().parent
Path("measured.ini").write_text(f"[run]\\nsource = {here}\\nomit = script.py\\n" + INI)
sys.path.insert(0, str(here))
from profcov.errors import CoverageReadError
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_lines
from profcov.store.sidecar import check_sources, read_sidecar
ONE = "def f():\\n    return 1\\n\\ndef same():\\n    return 0\\n"
TWO = "# a new first line\\n\\n" + ONE.replace("1", "2")
def edit(text):
    Path("shop.py").write_text(text)
edit(ONE)
Path("page.py").write_text("from shop import f, same\\n")
from play import *
def facts(slug):
    made = combine(DataDirectory(DATA), parse_slug(slug))
    sidecar = read_sidecar(made.path)
    names = {ONE: "one", TWO: "two", "unknown": "unknown"}
    def version(digest):
        return next((name for text, name in names.items() if digest in (hashlib.sha256(text.encode()).hexdigest(), text)), digest)
    def named(files):
        return {Path(file).name: value for file, value in files.items()}
    try:
        check_sources(made.path)
        reports = True
    except CoverageReadError:
        reports = False
    return [
        list(made.reasons),
        {file: sorted(lines) for file, lines in named(read_lines(made.path)).items()}.get("shop.py"),
        version(named(sidecar["sources"])["shop.py"]),
        {file: [version(each) for each in digests] for file, digests in named(sidecar["changed_sources"]).items()},
        reports,
    ]
"""


@pytest.fixture(params=["", "relative_files = true\n", "branch = true\n"], ids=["absolute", "relative", "branches"])
def shop(request: pytest.FixtureRequest, engine: str) -> str:
    """Begin a program with a module ``shop`` that can be edited, and ``page``, which has taken its functions out of it."""
    if engine == "monitoring" and "branch" in request.param:
        pytest.skip("it measures no branches")
    return f"INI = {request.param!r}\n{SHOP}"


def test_after_a_reload_the_old_lines_and_the_new_are_told_apart(run_python: Run, engine: str, shop: str) -> None:
    before, both, only_new, only_old, again, new_again = run_python(
        shop
        + """
import page, shop
play("before", shop.f)
before = facts("before")
play("both", shop.f)
edit(TWO)
play("both", shop.same)
importlib.reload(shop)
play("both", shop.f)
play("new", shop.f)
play("new", shop.same)
play("old", page.f)
play("old", page.same)
found = [facts(slug) for slug in ("both", "new", "old")]
play("both", shop.f)
play("new", shop.f)
tell([before, *found, facts("both"), facts("new")])
""",
        engine=engine,
    )
    assert before == [[], [2], "one", {}, True]
    assert both[:3] == [["source-changed"], [4], "two"]
    assert sorted(both[3]["shop.py"]) == ["one", "two"]
    assert only_new == [[], [4, 7], "two", {}, True]
    assert only_old == [[], [2, 5], "one", {}, False]
    assert again == new_again == [[], [4], "two", {}, True]


ANEW = {
    "import": "del sys.modules['shop']; import shop as new",
    "loader": """
spec = importlib.util.spec_from_file_location("other", "shop.py")
new = importlib.util.module_from_spec(spec)
spec.loader.exec_module(new)""",
    "runpy": "new = type(sys)('new'); new.__dict__.update(runpy.run_path('shop.py'))",
    "exec": "new = type(sys)('new'); exec(compile(Path('shop.py').read_text(), shop.__file__, 'exec'), new.__dict__)",
}


@pytest.mark.parametrize("way", ANEW)
def test_however_a_changed_file_is_run_anew_it_is_noticed(run_python: Run, engine: str, way: str) -> None:
    if engine == "ctrace" and way != "import":
        pytest.skip(
            "coverage.py's tracer asks about a file once a profile: only what the import system runs is noticed"
        )
    program = (
        SHOP
        + """
import importlib.util, page, shop
def run_anew():
    HOW
    return new
play("old", shop.f)
edit(TWO)
new = run_anew()
play("old", page.same)
play("new", new.f, new.same)
def within():
    edit(ONE)
    run_anew().f()
play("inside", within)
tell([facts("old"), facts("new"), facts("inside")])
"""
    )
    old, new, inside = run_python(
        "INI = ''\n" + program.replace("HOW", textwrap.indent(ANEW[way], "    ").lstrip()), engine=engine
    )
    assert old == [[], [2, 5], "one", {}, True]  # which is on disk again
    assert new == [[], [4, 7], "two", {}, False]
    assert inside[0] == []
    assert inside[2:] == ["one", {}, True]


def test_texts_that_are_never_the_same_do_not_fill_the_memory(run_python: Run) -> None:
    counts, made = run_python(
        "INI = ''\n"
        + SHOP
        + """
import shop
from profcov.recording.engine import ctrace
ctrace.MAX_MARKS = 50
edit(TWO)
importlib.reload(shop)
def work():
    for number in range(200):
        exec(compile(f"def g():\\n    return {number}\\ng()\\n", shop.__file__, "exec"), {})
play("many", work, shop.f)
(trace,) = [each() for each in recorder.engine._traces]
tell([[len(trace.known.keys), len(trace.data)], facts("many")])
""",
        engine="ctrace",
    )
    assert max(counts) <= 53
    assert made[0] == ["source-changed"]


def test_a_function_that_reloads_its_own_module_goes_on_as_what_it_was(run_python: Run, engine: str) -> None:
    assert run_python(
        "INI = ''\n"
        + SHOP
        + """
import shop
STAY = TWO + "\\ndef stay(reload):\\n    for number in range(3):\\n        reload(number)\\n        made = list(map(object.__new__, [object] * 9))\\n    return made\\n"
def reload(number):
    edit(STAY + "#" * number)
    importlib.reload(shop)
reload(9)
play("stay", lambda: shop.stay(reload))
made = combine(DataDirectory(DATA), parse_slug("stay"))
first = hashlib.sha256((STAY + "#" * 9).encode()).hexdigest()
tell([sorted(read_lines(made.path)[shop.__file__]), made.reasons, read_sidecar(made.path)["sources"][shop.__file__] == first])
""",
        engine=engine,
    ) == [[10, 11, 12, 13], [], True]
