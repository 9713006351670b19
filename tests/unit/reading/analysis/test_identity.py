"""Which symbol is which, when names and lines change."""

from __future__ import annotations

from profcov.reading.analysis.identity import Identity, match_symbols
from profcov.reading.symbols.model import SymbolName


def symbols(*rows: str) -> list[Identity]:
    """Each row is ``name hash``, ``-`` for a body without statements; kind and parent follow from the name."""
    found = []
    for row in rows:
        name, body = row.split()
        module, colon, rest = name.partition(":")
        around, dot, _ = rest.rpartition(".")
        parent = (f"{module}:{around}" if dot else module) if colon else None
        kind = "module" if not colon else "class" if rest.rpartition(".")[2][0].isupper() else "function"
        found.append(
            Identity(
                SymbolName(name), kind, None if parent is None else SymbolName(parent), None if body == "-" else body
            )
        )
    return found


def changed(old: list[Identity], new: list[Identity]) -> dict[str, str | None]:
    """What has another name, or None where it has vanished."""
    found = match_symbols(old, new)
    return {each.name: found.get(each.name) for each in old if found.get(each.name) != each.name}


def test_one_name_is_one_symbol_whatever_its_body() -> None:
    assert changed(symbols("m a", "m:f b", "m:g c"), symbols("m x", "m:f c", "m:g y")) == {}


def test_a_function_that_was_extracted_does_not_take_the_name_of_the_one_it_came_from() -> None:
    assert changed(symbols("m:f body"), symbols("m:f call", "m:g body")) == {}


def test_a_new_name_for_the_same_body_is_the_same_symbol() -> None:
    assert changed(symbols("m:f a", "m:g b"), symbols("m:h a", "m:g b")) == {"m:f": "m:h"}


def test_a_new_name_for_another_body_is_another_symbol() -> None:
    assert changed(symbols("m:f a"), symbols("m:h b")) == {"m:f": None}


def test_bodies_that_several_have_are_matched_by_the_rest_of_the_name_only() -> None:
    old = symbols("m:A.f pass", "m:A.g pass", "m:h pass")
    new = symbols("n:A.f pass", "n:A.g pass", "n:i pass")
    assert changed(old, new) == {"m:A.f": "n:A.f", "m:A.g": "n:A.g", "m:h": "n:i"}
    assert changed(symbols("m:f pass", "m:g pass"), symbols("m:h pass", "m:i pass")) == {"m:f": None, "m:g": None}


def test_a_slight_body_tells_nothing_but_where_the_name_is_the_same() -> None:
    assert changed(symbols("m:close ~pass"), symbols("n:on_event ~pass")) == {"m:close": None}
    assert changed(symbols("m:close ~pass"), symbols("m:on_event ~pass")) == {"m:close": None}
    assert changed(symbols("m:close ~pass"), symbols("n:close ~pass")) == {"m:close": "n:close"}


def test_a_kind_is_never_taken_for_another() -> None:
    assert changed(symbols("m:f a"), symbols("m:F a")) == {"m:f": None}


def test_numbered_definitions_are_distinguished_by_their_bodies() -> None:
    old = symbols("m:f one", "m:f#2 two")
    new = symbols("m:f zero", "m:f#2 one", "m:f#3 two")
    assert changed(old, new) == {"m:f": "m:f#2", "m:f#2": "m:f#3"}
    assert changed(new, old) == {"m:f": None, "m:f#2": "m:f", "m:f#3": "m:f#2"}


def test_what_is_in_a_numbered_class_goes_with_it() -> None:
    old = symbols("m:C -", "m:C.f one")
    new = symbols("m:C -", "m:C.f zero", "m:C#2 -", "m:C#2.f one")
    assert changed(old, new) == {"m:C.f": "m:C#2.f"}


def test_classes_and_modules_without_statements_follow_what_is_in_them() -> None:
    old = symbols("a -", "a:Old -", "a:Old.f one", "a:Old.g two", "a:Other -", "a:Other.h three")
    new = symbols("b -", "b:New -", "b:New.f one", "b:New.g two", "b:Else -", "b:Else.h three")
    assert changed(old, new) == {each.name: other.name for each, other in zip(old, new, strict=True)}


def test_symbols_without_a_body_and_a_match_vanish() -> None:
    assert changed(symbols("m -", "m:f -"), symbols("m -", "m:g -")) == {"m:f": None}


def test_no_new_symbol_is_taken_twice() -> None:
    old = symbols("m:f a", "n:f a", "m:g b")
    found = match_symbols(old, symbols("o:f a", "o:g b"))
    assert len(set(found.values())) == len(found)
