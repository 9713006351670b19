"""The covered rule, on data that real coverage.py recorded."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING
from unittest.mock import ANY

from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.overlap import find_unique
from profcov.reading.symbols.inventory import build_inventory
from profcov.slug import Slug, parse_slug
from profcov.store.read import read_artifact

if TYPE_CHECKING:
    from tests.unit.reading.analysis.conftest import Application


def test_a_called_function_is_covered_with_the_class_and_module_around_it_and_nothing_else(
    application: Application,
) -> None:
    application.write(
        app="""
            class C:
                def f(self):
                    return 1
                def g(self):
                    return 2
            class D:
                def f(self):
                    return 1
            def h():
                return 3
        """,
        other="def f():\n    return 1\n",
    )
    assert application.covered("app.C().f()") == {"app", "app:C", "app:C.f"}


def test_a_lazily_imported_module_does_not_cover_the_functions_that_its_import_defined(
    application: Application,
) -> None:
    application.write(app="", late="def f():\n    return 1\nclass C:\n    def g(self):\n        return 2\n")
    assert application.covered("import late") == set()
    assert application.covered("import late; late.f()") == {"late", "late:f"}


def test_a_class_body_that_ran_covers_the_class_and_its_module_but_not_its_methods(application: Application) -> None:
    application.write(app="", late="class C:\n    x = 1\n    def f(self):\n        return 2\n")
    assert application.covered("import late") == {"late", "late:C"}


def test_a_decorator_that_ran_covers_itself_and_not_what_it_decorates(application: Application) -> None:
    application.write(
        app="""
            import functools
            def decorate(function):
                @functools.wraps(function)
                def wrapper(*args):
                    return function(*args)
                return wrapper
        """,
        late="""
            import app
            @app.decorate
            def f():
                return 1
        """,
    )
    assert application.covered("import late") == {"app", "app:decorate", "late"}
    assert application.covered("import late; late.f()") == {
        "app",
        "app:decorate",
        "app:decorate.<locals>.wrapper",
        "late",
        "late:f",
    }


def test_a_nested_function_that_is_never_called_is_not_covered(application: Application) -> None:
    application.write(
        app="""
            def outer(call):
                def inner(
                    a=1,
                ):
                    return a
                return inner() if call else inner
        """,
    )
    assert application.covered("app.outer(False)") == {"app", "app:outer"}
    assert application.covered("app.outer(True)") == {"app", "app:outer", "app:outer.<locals>.inner"}


def test_a_nested_function_covers_the_module_but_not_the_function_that_made_it_earlier(
    application: Application,
) -> None:
    application.write(app="def make():\n    def inner():\n        return 1\n    return inner\nmade = make()\n")
    assert application.covered("app.made()") == {"app", "app:make.<locals>.inner"}


def test_a_one_line_function_is_covered_when_it_ran(application: Application) -> None:
    application.write(app="def f(): return 1\ndef g(): return 2\nclass C:\n    def m(self): return 3\n")
    assert application.covered("app.f()") == {"app", "app:f"}
    assert application.covered("app.C().m()") == {"app", "app:C", "app:C.m"}


def test_a_nested_one_line_function_is_never_covered_since_its_line_cannot_tell(application: Application) -> None:
    application.write(app="def outer():\n    def inner(): return 1\n    return inner\n")
    assert application.covered("app.outer()()") == {"app", "app:outer"}


def test_a_lambda_covers_the_statement_that_holds_it(application: Application) -> None:
    application.write(
        app="key = lambda row: row\ndef f():\n    g = (\n        lambda:\n            1\n    )\n    return g()\n"
    )
    assert application.covered("app.key(1)") == {"app"}
    assert application.covered("app.f()") == {"app", "app:f"}


def test_property_getter_and_setter_are_covered_apart(application: Application) -> None:
    application.write(
        app="""
            class C:
                @property
                def x(self):
                    return 1
                @x.setter
                def x(self, value):
                    self.y = value
        """,
    )
    assert application.covered("app.C().x") == {"app", "app:C", "app:C.x"}
    assert application.covered("app.C().x = 2") == {"app", "app:C", "app:C.x@setter"}


def test_an_overloaded_function_covers_its_implementation_only(application: Application) -> None:
    application.write(
        app="""
            from typing import overload
            @overload
            def f(a: int) -> int: ...
            @overload
            def f(a: str) -> str:
                '''Doc.'''
            def f(a):
                return a
        """,
    )
    assert application.covered("app.f(1)") == {"app", "app:f"}


def test_the_definition_that_a_condition_chose_is_the_one_covered(application: Application) -> None:
    application.write(
        app="""
            if not __name__:
                def f():
                    return 1
            else:
                def f():
                    return 2
            try:
                from missing import g
            except ImportError:
                def g():
                    return 3
        """,
    )
    assert application.covered("app.f(); app.g()") == {"app", "app:f#2", "app:g"}


def test_a_generator_is_covered_once_it_is_advanced(application: Application) -> None:
    application.write(app="def f(\n    a=1,\n):\n    yield a\n")
    assert application.covered("g = app.f()") == set()
    assert application.covered("g = app.f(); next(g)") == {"app", "app:f"}


def test_a_coroutine_is_covered_once_it_is_awaited(application: Application) -> None:
    application.write(app="async def f():\n    return 1\nasync def g():\n    await f()\n")
    assert application.covered("c = app.f(); c.close()") == set()
    assert application.covered("import asyncio; asyncio.run(app.g())") == {"app", "app:f", "app:g"}


def test_a_function_with_only_a_docstring_is_never_covered(application: Application) -> None:
    application.write(app="def f():\n    '''Doc.'''\ndef g():\n    '''Doc.'''\n    return f()\n")
    assert application.covered("app.g()") == {"app", "app:g"}


def test_excluded_code_that_ran_covers_nothing(application: Application) -> None:
    application.write(app="def f():  # pragma: no cover\n    return 1\n")
    assert application.covered("app.f()") == set()


def test_a_conditional_import_that_ran_covers_the_function_that_holds_it_and_not_the_module(
    application: Application,
) -> None:
    application.write(
        app="""
            def load(fast):
                if fast:
                    import quick as found
                else:
                    try:
                        import missing as found
                    except ImportError:
                        import slow as found
                return found
        """,
        quick="def f():\n    return 1\n",
        slow="def f():\n    return 2\n",
    )
    assert application.covered("app.load(True)") == {"app", "app:load"}
    assert application.covered("app.load(False)") == {"app", "app:load"}
    assert application.covered("app.load(False).f()") == {"app", "app:load", "slow", "slow:f"}


def test_code_for_type_checkers_is_never_covered_whoever_runs_it(application: Application) -> None:
    application.write(
        app="""
            import typing
            typing.TYPE_CHECKING = True
            if typing.TYPE_CHECKING:
                def f():
                    return 1
            def g():
                return f()
        """,
    )
    application.config.write_text(application.config.read_text() + "[report]\nexclude_also = if typing.TYPE_CHECKING\n")
    assert application.covered("app.g()") == {"app", "app:g"}


def test_in_what_profcov_records_an_import_within_a_unit_covers_nothing(application: Application) -> None:
    # Plain coverage.py files what an import runs; profcov does not.
    application.write(
        app="def load():\n    import late\n    return late\n",
        late="""
            import functools
            x = 1
            class C:
                y = [name for name in 'ab']
                @functools.lru_cache
                def g(self): return 2
            def f(): return 1
        """,
    )
    application.record("p", "app.load()")
    application.record("q", "app.load().f(); app.load().C().g()")
    recorded = [read_artifact(application.root, parse_slug(slug)) for slug in ("p", Slug("q"))]
    matrix = build_matrix(build_inventory(application.config), recorded)
    assert set(matrix.covered_by(Slug("p"))) == {"app", "app:load"}
    assert set(matrix.covered_by(Slug("q"))) == {"app", "app:load", "late", "late:C", "late:C.g", "late:f"}


def test_a_statement_that_failed_on_one_of_its_later_lines_covers_its_function(application: Application) -> None:
    application.write(app="def f():\n    return (\n        1 / 0\n    )\n")
    scenario = "try:\n    app.f()\nexcept ZeroDivisionError:\n    pass"
    matrix = application.matrix(p=scenario)
    assert list(matrix.covered_by(Slug("p"))) == ["app", "app:f"]
    assert matrix.profiles[Slug("p")].lines == 1


def test_a_match_statement_covers_the_function_and_its_lines_are_counted(application: Application) -> None:
    application.write(
        app="""
            def f(a):
                match a:
                    case 1:
                        return 1
                    case _:
                        return 2
        """,
    )
    matrix = application.matrix(one="app.f(1)", two="app.f(2)")
    assert (matrix.profiles[Slug("one")].lines, matrix.profiles[Slug("two")].lines) == (3, 4)


def test_branch_data_is_read_as_lines(application: Application) -> None:
    application.write(app="def f(a):\n    if a:\n        return 1\n    return 2\n")
    application.config.write_text(application.config.read_text() + "branch = true\n")
    matrix = application.matrix(p="app.f(1)")
    assert list(matrix.covered_by(Slug("p"))) == ["app", "app:f"]
    assert matrix.profiles[Slug("p")].lines == 2


def test_the_matrix_reads_both_ways_and_tells_what_is_unique(application: Application) -> None:
    application.write(
        app="def f():\n    return 1\ndef g():\n    return 2\n",
        other="def h():\n    return 3\n",
    )
    matrix = application.matrix(
        b="app.f(); app.g()",
        a="import other; app.f(); other.h()",
        idle="pass",
    )
    assert list(matrix.profiles) == ["a", "b", "idle"]
    assert list(matrix.covered_by(Slug("idle"))) == []
    assert {symbol.name: list(compress(matrix.profiles, flags)) for symbol, flags in matrix.rows()} == {
        "app": ["a", "b"],
        "app:f": ["a", "b"],
        "app:g": ["b"],
        "other": ["a"],
        "other:h": ["a"],
    }
    unique = {slug: list(matrix.index.names(each.symbols)) for slug, each in find_unique(matrix).items()}
    assert unique == {"a": ["other", "other:h"], "b": ["app:g"], "idle": []}


def test_files_outside_the_inventory_are_named(application: Application) -> None:
    application.write(app="def f():\n    return 1\n", other="def g():\n    return 1\n")
    application.play("p", "import other; app.f(); other.g()")
    inventory = build_inventory(application.config, [application.root / "app.py"])
    matrix = build_matrix(inventory, [read_artifact(application.root, Slug("p"))])
    reach = matrix.profiles[Slug("p")]
    assert list(matrix.covered_by(Slug("p"))) == ["app", "app:f"]
    assert (reach.lines, reach.files) == (1, 1)
    assert reach.unknown_files == ("other.py",)


def test_a_matrix_without_profiles_or_without_symbols_is_empty(application: Application) -> None:
    application.write(app="")
    assert [*build_matrix(build_inventory(application.config), []).rows()] == [(ANY, b"")]
    empty = application.root / "empty"
    empty.mkdir()
    application.play("p", "pass")
    matrix = build_matrix(build_inventory(application.config, [empty]), [read_artifact(application.root, Slug("p"))])
    assert ([*matrix.rows()], [*matrix.covered_by(Slug("p"))]) == ([], [])
