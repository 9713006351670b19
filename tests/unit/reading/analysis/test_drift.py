"""What changed between two matrices, and between two inventories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.reading.analysis.drift import Snapshot, compare_inventories, compare_matrices
from profcov.reading.analysis.identity import Identity
from profcov.reading.report.drift import drift_markdown
from profcov.reading.symbols.model import SymbolName
from profcov.slug import Slug

if TYPE_CHECKING:
    from tests.unit.conftest import Tree


def name_of(symbol: str) -> SymbolName:
    return SymbolName(f"m:{symbol}")


def snapshot(bodies: dict[str, str], partial: tuple[str, ...] = (), **profiles: list[str]) -> Snapshot:
    symbols = tuple(Identity(name_of(name), "function", SymbolName("m"), body) for name, body in bodies.items())
    covered = {Slug(slug): frozenset(name_of(name) for name in names) for slug, names in profiles.items()}
    return Snapshot(symbols, covered, frozenset(map(Slug, partial)))


OLD = snapshot({"kept": "a", "old": "b", "gone": "c", "lost": "d"}, p=["kept", "old", "gone", "lost"], left=["kept"])


def test_a_renamed_symbol_is_neither_lost_nor_gained() -> None:
    bodies = {"kept": "a", "renamed": "b", "lost": "d", "fresh": "e"}
    drift = compare_matrices(OLD, snapshot(bodies, p=["kept", "renamed", "fresh"], come=["kept"]))
    own = drift.profiles[Slug("p")]
    assert (own.state, own.gained, own.lost, own.vanished) == ("same", ("m:fresh",), ("m:lost",), ("m:gone",))
    assert (drift.new, drift.vanished, drift.renamed) == (("m:fresh",), ("m:gone",), {"m:old": "m:renamed"})
    assert drift.has_loss


def test_profiles_that_are_new_or_gone_have_gained_or_lost_everything() -> None:
    drift = compare_matrices(OLD, snapshot({"kept": "a"}, come=["kept"]))
    assert (drift.profiles[Slug("come")].state, drift.profiles[Slug("come")].gained) == ("new", ("m:kept",))
    assert (drift.profiles[Slug("left")].state, drift.profiles[Slug("left")].lost) == ("gone", ("m:kept",))
    assert not drift.has_loss


def test_a_profile_that_is_gone_counts_also_what_has_vanished_from_the_source() -> None:
    text = "".join(drift_markdown(compare_matrices(OLD, snapshot({"kept": "a", "old": "b"}, come=["kept"]))))
    assert "## `p`: gone\n\n4 symbols.\n" in text
    assert "## `come`: new\n\n1 symbol.\n" in text


def test_a_partial_profile_is_marked() -> None:
    drift = compare_matrices(OLD, snapshot({"kept": "a"}, partial=("p",), p=["kept"]))
    assert (drift.profiles[Slug("p")].is_partial, drift.profiles[Slug("p")].was_partial) == (True, False)
    assert not drift.profiles[Slug("left")].is_partial


def test_what_a_profile_has_gained_since_it_was_partial_is_reported_as_such() -> None:
    drift = compare_matrices(
        snapshot({"a": "a"}, partial=("p", "q"), p=[], q=["a"]), snapshot({"a": "a"}, p=["a"], q=["a"])
    )
    assert (drift.profiles[Slug("p")].is_partial, drift.profiles[Slug("p")].was_partial) == (False, True)
    text = "".join(drift_markdown(drift))
    assert text.count("what it gained may just not have been recorded then") == 1
    assert "`q`" not in text


def test_nothing_has_changed_between_a_matrix_and_itself() -> None:
    drift = compare_matrices(OLD, OLD)
    assert not drift.has_loss
    assert (drift.new, drift.vanished, drift.renamed) == ((), (), {})
    assert {(each.state, each.gained, each.lost) for each in drift.profiles.values()} == {("same", (), ())}


def changes(tree: Tree, old: str, new: str) -> list[tuple[str, str]]:
    tree.write("m.py", old)
    before = tree.inventory()
    tree.write("m.py", new)
    return [(each.change, each.name) for each in compare_inventories(before, tree.inventory())]


def test_a_line_that_was_put_before_moves_what_follows_and_changes_nothing(tree: Tree) -> None:
    old = "def f():\n    return 1\n"
    assert changes(tree, old, old) == []
    assert changes(tree, old, "# new\n" + old) == [("moved", "m"), ("moved", "m:f")]


def test_new_gone_renamed_and_changed_symbols_are_told_apart(tree: Tree) -> None:
    old = "def a(): return 1\ndef b(): return 2 + len([])\ndef c(): return 3\nclass D: pass\n"
    new = "def a(): return 9\ndef x(): return 2 + len([])\nasync def y(): return 3\nclass D: pass\n"
    assert changes(tree, old, new) == [
        ("changed", "m:a"),
        ("renamed", "m:x"),
        ("new", "m:y"),
        ("gone", "m:c"),
    ]


def test_a_comment_or_a_layout_that_moves_no_line_is_no_drift(tree: Tree) -> None:
    assert changes(tree, "def f():\n    return 1\n", "def f():  # one\n    return (1)\n") == []


def test_files_that_can_no_longer_be_read_are_named(tree: Tree) -> None:
    assert changes(tree, "x = 1\n", "x = (\n") == [("gone", "m"), ("unreadable", "m.py")]
    assert changes(tree, "x = (\n", "x = 1\n") == [("new", "m"), ("readable", "m.py")]
