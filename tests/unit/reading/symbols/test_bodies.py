"""Own body lines: what proves that a symbol ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.conftest import Tree


def test_decorators_signature_and_docstring_are_not_in_the_body(tree: Tree) -> None:
    bodies = tree.bodies("""
        import functools

        @functools.lru_cache(
            maxsize=3,
        )
        @functools.wraps(
            print
        )
        def f(
            a=1,
            b=2,
        ):
            '''Doc
            string.'''
            c = a
            return c
    """)
    assert bodies == {"m": (1,), "f": (15, 16)}


def test_a_statement_over_several_lines_counts_once_at_its_first_line(tree: Tree) -> None:
    bodies = tree.bodies("""
        def f(a):
            b = sum(
                [
                    a,
                    1,
                ]
            )
            return (
                b
            )
    """)
    assert bodies["f"] == (2, 8)


def test_nested_functions_and_classes_have_bodies_of_their_own(tree: Tree) -> None:
    symbols = tree.symbols("""
        def outer():
            x = 1
            def inner():
                return x
            class Local:
                y = 2
                def method(self):
                    return 3
            return inner
    """)
    assert {name: symbol.body_lines for name, symbol in symbols.items()} == {
        "m": (),
        "outer": (2, 9),
        "outer.<locals>.inner": (4,),
        "outer.<locals>.Local": (6,),
        "outer.<locals>.Local.method": (8,),
    }
    assert symbols["outer.<locals>.Local.method"].kind == "method"
    assert symbols["outer.<locals>.inner"].kind == "function"
    assert symbols["outer.<locals>.Local.method"].parent == "m:outer.<locals>.Local"


def test_a_function_with_only_a_docstring_has_no_body(tree: Tree) -> None:
    assert tree.bodies("def f():\n    '''Doc.'''\n")["f"] == ()
    assert tree.bodies("def f(): '''Doc.'''\n")["f"] == ()


def test_a_one_line_function_that_is_defined_at_import_has_its_body_on_the_def_line(tree: Tree) -> None:
    bodies = tree.bodies("""
        def f(): return 1
        class C:
            if True:
                @property
                def g(self): return 2
        def h(a,
              b): return a
    """)
    assert bodies == {"m": (), "f": (1,), "C": (3,), "C.g": (5,), "h": (6,)}


def test_a_one_line_function_within_a_function_has_no_body(tree: Tree) -> None:
    bodies = tree.bodies("""
        def outer():
            def inner(): return 1
            class Local:
                def method(self): return 2
            return inner
    """)
    assert bodies["outer"] == (5,)
    assert bodies["outer.<locals>.inner"] == ()
    assert bodies["outer.<locals>.Local.method"] == ()


def test_a_class_on_one_line_has_no_body(tree: Tree) -> None:
    assert tree.bodies("class C: x = 1\n") == {"m": (), "C": ()}


def test_lambdas_are_not_symbols_and_their_lines_are_the_statement_that_holds_them(tree: Tree) -> None:
    bodies = tree.bodies("""
        key = (
            lambda row:
                row.name
        )
        def f():
            return lambda: 1
    """)
    assert bodies == {"m": (1,), "f": (6,)}


def test_property_accessors_are_told_apart(tree: Tree) -> None:
    bodies = tree.bodies("""
        class C:
            @property
            def x(self):
                return 1
            @x.setter
            def x(self, value):
                self.y = value
            @x.deleter
            def x(self):
                del self.y
    """)
    assert bodies == {"m": (), "C": (), "C.x": (4,), "C.x@setter": (7,), "C.x@deleter": (10,)}


def test_overloads_are_told_from_the_implementation_and_have_no_body(tree: Tree) -> None:
    bodies = tree.bodies("""
        import typing
        from typing import overload

        @overload
        def f(a: int) -> int: ...
        @typing.overload
        def f(a: str) -> str:
            raise NotImplementedError
        def f(a):
            return a
    """)
    assert bodies == {"m": (1, 2), "f@overload": (), "f@overload#2": (), "f": (10,)}


def test_conditional_redefinitions_are_numbered_with_everything_in_them(tree: Tree) -> None:
    bodies = tree.bodies("""
        import sys
        if sys.platform == 'x':
            class C:
                def f(self):
                    return 1
        else:
            class C:
                def f(self):
                    return 2
        try:
            def g():
                return 3
        except Exception:
            def g():
                return 4
        finally:
            def h():
                return 5
    """)
    assert bodies["C.f"] == (5,)
    assert bodies["C#2.f"] == (9,)
    assert bodies["g"] == (12,)
    assert bodies["g#2"] == (15,)
    assert bodies["h"] == (18,)


def test_definitions_in_every_kind_of_block_are_found_in_the_order_of_their_lines(tree: Tree) -> None:
    symbols = tree.symbols("""
        with open(__file__):
            def a(): pass
        for _ in ():
            def b(): pass
        else:
            def c(): pass
        while False:
            def d(): pass
        match 1:
            case 1:
                def e(): pass
            case _:
                async def f(): pass
    """)
    assert list(symbols) == ["m", "a", "b", "c", "d", "e", "f"]


def test_match_statements_belong_to_the_function_around_them(tree: Tree) -> None:
    bodies = tree.bodies("""
        def f(a):
            match a:
                case [x, *_]:
                    return x
                case {
                    'k': v,
                }:
                    return v
                case _:
                    return None
    """)
    assert bodies["f"] == (2, 3, 4, 5, 8, 9, 10)


def test_excluded_lines_are_in_no_body(tree: Tree) -> None:
    # Newer versions of coverage.py exclude TYPE_CHECKING by themselves.
    text = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import os
            def typed():
                return 1
        def f(a):
            if a:  # pragma: no cover
                return 2
            return 3
        def g():  # pragma: no cover
            return 4
    """
    tree.write("m.py", text)
    ini = "[run]\nsource = .\n[report]\nexclude_also = if TYPE_CHECKING\n"
    bodies = {symbol.name.removeprefix("m:"): symbol.body_lines for symbol in tree.inventory(ini).symbols}
    assert bodies["f"] == (9,)
    assert bodies["g"] == ()
    assert 3 not in bodies["m"]
    assert bodies["typed"] == ()


def test_exclusions_of_the_configuration_count(tree: Tree) -> None:
    tree.write("m.py", "def f(a):\n    if a.debug:\n        return 1\n    return 2\n")
    ini = "[run]\nsource = .\n[report]\nexclude_also = if a.debug\n"
    assert [symbol.body_lines for symbol in tree.inventory(ini).symbols] == [(), (4,)]


def test_a_class_body_is_the_class_own(tree: Tree) -> None:
    bodies = tree.bodies("""
        class C(
            object,
        ):
            '''Doc.'''
            x = 1
            y = [
                2,
            ]
            def f(self):
                return self.x
            class Inner:
                z = 3
    """)
    assert bodies == {"m": (), "C": (5, 6), "C.f": (10,), "C.Inner": (12,)}


def test_a_span_runs_from_the_first_decorator_to_the_last_line(tree: Tree) -> None:
    symbols = tree.symbols("""
        x = 1

        @property
        @staticmethod
        async def f():
            await x

            return (
                1
            )
    """)
    assert symbols["f"].span == (3, 10)
    assert symbols["m"].span == (1, 10)


def test_carriage_returns_and_a_missing_last_newline_change_nothing(tree: Tree) -> None:
    tree.write("m.py", b"\xef\xbb\xbfdef f():\r\n    a = (1,\r\n         2)\r\n    return a")
    assert [symbol.body_lines for symbol in tree.inventory().symbols] == [(), (2, 4)]


def test_an_empty_file_is_a_module_without_a_body(tree: Tree) -> None:
    symbols = tree.symbols("")
    assert [(symbol.kind, symbol.span, symbol.body_lines) for symbol in symbols.values()] == [("module", (1, 1), ())]


def test_a_file_of_comments_is_a_module_without_a_body(tree: Tree) -> None:
    assert tree.bodies("# one\n# two\n") == {"m": ()}
