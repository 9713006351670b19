"""One profile: its symbols, its counts, and what only its jobs ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.analysis.profile_report import report_profile
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.line_sets import to_bits
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from tests.unit.conftest import Tree

    from profcov.reading.analysis.profile_report import ProfileReport

SOURCE = """
    import os

    class C:
        x = 1
        def f(self):
            return (
                1
            )

    def g():
        return 2

    def h():
        return 3
"""


def report(tree: Tree, **lines: list[int]) -> ProfileReport:
    tree.write("m.py", SOURCE)
    tree.write("other.py", "def f():\n    return 1\n")
    content = Content(files={"m.py", "elsewhere.py"})
    for context, numbers in lines.items():
        content.lines[context.replace("__", "|job:"), "m.py"] = to_bits(numbers)
    return report_profile(SymbolIndex(tree.inventory()), Recorded(Slug("p"), content, None))


def test_symbols_that_only_jobs_reached_are_listed_with_the_functions(tree: Tree) -> None:
    found = report(tree, web=[11], web__charge=[7, 11], web__mail=[7, 14])
    assert found.job_lines == {"charge": 2, "mail": 2}
    assert found.only_jobs == {"m:C": ("charge", "mail"), "m:C.f": ("charge", "mail"), "m:h": ("mail",)}
    assert [(each.context, each.lines, each.symbols) for each in found.contexts] == [
        ("web", 1, 2),
        ("web|job:charge", 2, 4),
        ("web|job:mail", 2, 4),
    ]


def test_counts_are_those_of_the_files_in_the_artifact_and_of_all_bodies(tree: Tree) -> None:
    found = report(tree, web=[11, 7]).summary
    assert (found.files, found.modules, found.classes, found.functions) == (2, 1, 1, 3)
    assert (found.lines_covered, found.lines_total) == (2, 9)
    assert (found.body_lines_covered, found.body_lines_total) == (2, 4)


def test_every_symbol_has_the_lines_of_its_own_body_and_a_module_all_of_its_file(tree: Tree) -> None:
    found = report(tree, web=[1, 4, 11, 7])
    lines = {each.symbol.name: (each.executed, each.is_covered) for each in found.symbols if each.executed}
    assert lines == {
        "m": (to_bits([1, 4, 6, 11]), True),
        "m:C": (to_bits([4]), True),
        "m:C.f": (to_bits([6]), True),
        "m:g": (to_bits([11]), True),
    }
    assert found.unknown_files == ("elsewhere.py",)
