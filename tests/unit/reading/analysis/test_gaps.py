"""What no profile reaches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from profcov.reading.analysis.gaps import find_gaps
from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.report.gaps import gaps_document, gaps_markdown
from profcov.reading.symbols.inventory import build_inventory
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.content import Content
from profcov.store.directory import DataDirectory
from profcov.store.line_sets import to_bits
from profcov.store.read import Recorded, read_artifact
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from tests.unit.conftest import Tree
    from tests.unit.reading.analysis.conftest import Application

    from profcov.reading.analysis.gaps import Gaps

SCHEMA = Path(__file__).resolve().parents[4] / "docs" / "reference" / "gaps.schema.json"


def recorded(slug: str, lines: dict[str, list[int]], imported: list[str] | None) -> Recorded:
    content = Content(
        {(f"profile:{slug}", file): to_bits(numbers) for file, numbers in lines.items()}, files=set(lines)
    )
    facts = None if imported is None else {"status": "complete", "imported": imported}
    return Recorded(Slug(slug), content, facts)


def find(tree: Tree, *profiles: Recorded) -> tuple[Gaps, list[tuple[str, str, int]], list[tuple[str, int]]]:
    tree.write(
        "reached.py", "import os\ndef a():\n    return 1\ndef b():\n    x = 1\n    return x\ndef c():\n    return 1\n"
    )
    tree.write("idle.py", "import os\nx = 1\ndef a():\n    return 1\n")
    tree.write("unseen.py", "import os\nx = 1\ny = 2\n")
    tree.write("constants.py", "x = 1\n")
    tree.write("empty.py", "'''Doc.'''\n")
    gaps = find_gaps(build_matrix(tree.inventory(), profiles))
    modules: list[tuple[str, str, int]] = [(gap.module.name, gap.state, gap.missed) for gap in gaps.modules]
    symbols: list[tuple[str, int]] = [(gap.symbol.name, gap.missed) for gap in gaps.symbols]
    return gaps, modules, symbols


def test_modules_never_imported_are_apart_from_those_never_called(tree: Tree) -> None:
    imported = ["reached.py", "idle.py", "constants.py", "empty.py"]
    gaps, modules, symbols = find(tree, recorded("p", {"reached.py": [3]}, imported))
    assert modules == [("unseen", "never imported", 3), ("idle", "never called", 1)]
    assert symbols == [("reached:b", 2), ("reached:c", 1)]
    assert (gaps.body_lines_covered, gaps.body_lines_total) == (1, 5)


def test_what_any_profile_reaches_or_imports_counts_for_all(tree: Tree) -> None:
    first = recorded("p", {"reached.py": [3]}, ["reached.py"])
    second = recorded("q", {"reached.py": [5]}, ["idle.py", "unseen.py"])
    _, modules, symbols = find(tree, first, second)
    assert modules == [("constants", "never imported", 1), ("idle", "never called", 1)]
    assert symbols == [("reached:c", 1)]


def test_without_a_sidecar_it_is_not_known_what_was_imported(tree: Tree) -> None:
    _, modules, _ = find(tree, recorded("p", {"reached.py": [3]}, None), recorded("q", {}, ["idle.py"]))
    assert modules == [("unseen", "not known", 3), ("constants", "not known", 1), ("idle", "never called", 1)]


def test_startup_code_is_no_gap_and_a_module_of_nothing_else_is_none_either(tree: Tree) -> None:
    tree.write("app.py", "from shop import Cart\ndef create_app():\n    return wire()\ndef wire():\n    return Cart\n")
    tree.write(
        "shop.py",
        "class Cart:\n    def add(self):\n        return 1\n    def clear(self):\n        return 2\ndef load():\n    x = 1\n    return x\nload()\n",
    )
    tree.write("unseen.py", "def create_app():\n    return 1\n")
    gaps = find_gaps(build_matrix(tree.inventory(), [recorded("p", {"shop.py": [3]}, ["app.py", "shop.py"])]))
    assert [(gap.module.name, gap.state, gap.missed) for gap in gaps.modules] == [("unseen", "never imported", 2)]
    assert [(gap.symbol.name, gap.missed) for gap in gaps.symbols] == [("shop:Cart.clear", 1)]
    startup = [(gap.symbol.name, gap.missed) for gap in gaps.startup]
    assert startup == [("shop:load", 2), ("app:create_app", 1), ("app:wire", 1)]
    assert (gaps.body_lines_covered, gaps.body_lines_total) == (1, 7)
    text = "".join(gaps_markdown(gaps))
    assert "have 7 statements; no profile runs 6 of them. 4 of these ran at start-up, or never." in text
    assert text.index("## Functions and methods never called") < text.index("## Ran at start-up, or never")


def test_startup_code_that_a_profile_runs_is_reached(tree: Tree) -> None:
    tree.write("app.py", "def create_app():\n    return 1\n")
    gaps = find_gaps(build_matrix(tree.inventory(), [recorded("p", {"app.py": [2]}, ["app.py"])]))
    assert (gaps.modules, gaps.symbols, gaps.startup, gaps.body_lines_covered) == ((), (), (), 1)


def test_what_cannot_be_measured_is_no_gap_but_named(tree: Tree) -> None:
    tree.write("app.py", "def f():\n    return 1\n")
    for name, text in (
        ("fast.py", "def g():\n    return 1\n"),
        (os.fsdecode(b"caf\xe9.py"), "x = 1\n"),
        ("bad.py", "("),
    ):
        tree.write(name, text)
    tree.write(f"fast{EXTENSION_SUFFIXES[0]}", b"")
    gaps = find_gaps(build_matrix(tree.inventory(), [recorded("p", {"app.py": [2]}, ["app.py"])]))
    assert (gaps.modules, gaps.symbols, gaps.body_lines_total) == ((), (), 1)
    assert [each.file for each in gaps.unmeasured] == ["bad.py", os.fsdecode(b"caf\xe9.py"), "fast.py"]
    text = "".join(gaps_markdown(gaps))
    assert "| `caf\\udce9.py` | `its name is not UTF-8` |" in text
    jsonschema.validate(json.loads(json.dumps(gaps_document(gaps))), json.loads(SCHEMA.read_text()))


OUTSIDE = """
    import functools
    def own():
        return 1
    @functools.lru_cache
    def sweep():
        return shared() + tidy()
    def tidy():
        return 1
    def shared():
        return 1
    def answer():
        return shared()
    def never():
        return 1
"""
RUN = """
import sys, threading
sys.path.insert(0, "")
import profcov, work, idle
with profcov.trace("p"):
    work.own()
thread = threading.Thread(target=lambda: (work.sweep(), idle.beat()))
thread.start()
thread.join()
work.answer()  # untraced, and later traced
import late  # its signature runs, and nothing else of it
with profcov.trace("p"):
    work.answer()
"""


@pytest.mark.skipif(sys.version_info < (3, 12), reason="ctrace sees what it traces only")
def test_what_ran_for_no_profile_is_told_from_what_never_ran(application: Application) -> None:
    late = "def late(x: (lambda: int)() = (lambda: 1)()):\n    return x\nlate.__annotations__\n"
    application.write(work=OUTSIDE, idle="def beat():\n    return 1\n", late=late)
    settings = {"ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_DIR": ".", "PROFILE_COVERAGE_CONFIG": "cov.ini"}
    subprocess.run([sys.executable, "-c", RUN], check=True, cwd=application.root, env={**os.environ, **settings})
    combine(DataDirectory(application.root), Slug("p"), config_file=application.config)
    artifact = read_artifact(application.root, Slug("p"))
    assert artifact.outside == {"idle.py": [1], "work.py": [4, 7, 9, 11]}
    gaps = find_gaps(build_matrix(build_inventory(application.config), [artifact]))
    assert [gap.symbol.name for gap in gaps.outside] == ["idle:beat", "work:sweep", "work:tidy"]
    assert [gap.symbol.name for gap in gaps.symbols] == ["work:never"]
    assert [(gap.module.name, gap.state) for gap in gaps.modules] == [("late", "never called")]
    text = "".join(gaps_markdown(gaps))
    assert "no profile runs 5 of them. 3 are in functions that ran, but for no profile." in text
    assert "## Ran, but for no profile" in text
    jsonschema.validate(json.loads(json.dumps(gaps_document(gaps))), json.loads(SCHEMA.read_text()))
    jsonschema.validate(dict(artifact.facts or {}), json.loads(SCHEMA.with_name("sidecar.schema.json").read_text()))


def test_what_one_process_of_a_profile_ran_outside_is_in_an_artifact_that_is_appended_to(
    application: Application,
) -> None:
    application.write(work=OUTSIDE)
    for lines, outside in (([2], [4]), ([3], [7])):
        facts = {"ran_outside": {"work.py": outside}, "imported": ["work.py"]}
        write_shard(DataDirectory(application.root), Slug("p"), "profile:p", {"work.py": set(lines)}, facts=facts)
        combine(DataDirectory(application.root), Slug("p"), config_file=application.config, append=lines == [3])
    assert read_artifact(application.root, Slug("p")).outside == {"work.py": [4, 7]}
