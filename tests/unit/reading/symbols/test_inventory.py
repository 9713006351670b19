"""Which files are in the inventory, under which names, and what happens to those that cannot be read."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import TYPE_CHECKING

import flask
import pytest

from profcov.errors import ConfigurationError, SettingsError
from profcov.reading.symbols.inventory import build_inventory
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import Tree

    from profcov.reading.symbols.model import Inventory, SourceFile, Symbol


def modules(inventory: Inventory) -> dict[str, str]:
    return {source.file: source.module for source in inventory.files}


def test_every_statement_belongs_to_at_most_one_symbol_and_the_rest_are_signatures_and_decorators() -> None:
    for symbol_file, source in _files_of(build_inventory(None, [Path(flask.__file__).parent])):
        owned = [line for symbol in symbol_file for line in symbol.body_lines]
        assert len(owned) == len(set(owned))
        text = Path(source.file).read_text().splitlines()
        for line in source.statements - set(owned):
            assert text[line - 1].lstrip().startswith(("def ", "async def ", "class ", "@")), (source.file, line)


def _files_of(inventory: Inventory) -> Iterator[tuple[list[Symbol], SourceFile]]:
    for source in inventory.files:
        yield [symbol for symbol in inventory.symbols if symbol.file == source.file], source


@pytest.mark.parametrize(
    "config",
    [
        "source = app",
        "source = app\nomit = */views.py",
        "source = app\nomit = app/sub/*",
        "source = app\nomit = v?ews.py",
        "source = app\nomit = **/sub/**",
        "source = app\nomit =\n  [a-l]ogic.py\n  app/__init__.py",
        "source_pkgs = app.sub",
        "source_pkgs = app.views",
        "source = app.sub",
        "include = app/sub/*",
        "include = */logic.py",
        "include = logic.py",
        "source = app\nomit = logic.py",
        "include = app/*/lo*.py",
        "include = app/**/lo*.py",
        "source = app\ninclude = app/sub/*",
        "",
    ],
)
@pytest.mark.parametrize("relative", ["true", "false"])
def test_the_files_and_their_names_are_those_that_coverage_measures(tree: Tree, config: str, relative: str) -> None:
    names = ["app/__init__.py", "app/views.py", "app/sub/__init__.py", "app/sub/logic.py", "app/plain/logic.py"]
    for name in names:
        tree.write(name, "x = 1\n")
    tree.write("main.py", "import app.views, app.sub.logic, app.plain.logic\n")
    ini = tree.write("cov.ini", f"[run]\ndata_file = data\nrelative_files = {relative}\n{config}\n")
    command = [sys.executable, "-m", "coverage", "run", "--rcfile", ini.name, "main.py"]
    subprocess.run(command, check=True)
    measured = set(read_lines(tree.root / "data"))
    assert measured
    assert {source.file for source in build_inventory(ini).files} == measured


def test_omit_and_include_of_the_report_section_count_too(tree: Tree) -> None:
    for name in ("a.py", "b.py", "c.py"):
        tree.write(name, "x = 1\n")
    assert modules(tree.inventory("[run]\nsource = .\n[report]\nomit = a.py\n")).keys() == {
        str(tree.root / "b.py"),
        str(tree.root / "c.py"),
    }
    assert set(modules(tree.inventory("[run]\nsource = .\n[report]\ninclude = */a.py\n"))) == {str(tree.root / "a.py")}


def test_module_names_follow_packages_namespaces_and_src(tree: Tree) -> None:
    for name in ("src/pkg/__init__.py", "src/pkg/sub/__init__.py", "src/pkg/sub/mod.py", "src/ns/deep/mod.py"):
        tree.write(name, "")
    tree.write("tool.py", "")
    assert modules(tree.inventory()) == {
        "src/pkg/__init__.py": "pkg",
        "src/pkg/sub/__init__.py": "pkg.sub",
        "src/pkg/sub/mod.py": "pkg.sub.mod",
        "src/ns/deep/mod.py": "ns.deep.mod",
        "tool.py": "tool",
    }
    inside = "[run]\nsource = src/pkg/sub\nrelative_files = true\n"
    assert modules(tree.inventory(inside))["src/pkg/sub/mod.py"] == "pkg.sub.mod"


def test_two_modules_of_one_name_are_numbered_so_that_no_symbols_share_a_name(tree: Tree) -> None:
    tree.write("a/main.py", "def f():\n    return 1\n")
    tree.write("b/main.py", "def f():\n    return 2\n")
    names = [symbol.name for symbol in tree.inventory("[run]\nsource =\n  a\n  b\n").symbols]
    assert names == ["main", "main:f", "main#2", "main#2:f"]


def test_a_package_is_found_without_running_its_code(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.write("boom/__init__.py", "raise RuntimeError('imported')\n")
    tree.write("boom/sub/__init__.py", "raise RuntimeError('imported')\n")
    tree.write("boom/sub/mod.py", "x = 1\n")
    files = modules(tree.inventory("[run]\nsource_pkgs = boom.sub\nrelative_files = true\n"))
    assert files == {"boom/sub/__init__.py": "boom.sub", "boom/sub/mod.py": "boom.sub.mod"}
    assert "boom" not in sys.modules


def test_a_namespace_package_keeps_its_whole_name(tree: Tree) -> None:
    tree.write("space/deep/mod.py", "x = 1\n")
    files = modules(tree.inventory("[run]\nsource_pkgs = space.deep\nrelative_files = true\n"))
    assert files == {"space/deep/mod.py": "space.deep.mod"}


def test_virtual_environments_and_hidden_directories_below_a_source_are_left_out(tree: Tree) -> None:
    tree.write("app.py", "x = 1\n")
    tree.write(".hidden/a.py", "x = 1\n")
    tree.write("env/pyvenv.cfg", "")
    tree.write("env/lib/b.py", "x = 1\n")
    tree.write("vendor/site-packages/c.py", "x = 1\n")
    assert set(modules(tree.inventory())) == {"app.py"}


def test_given_sources_stand_in_for_those_of_the_configuration(tree: Tree) -> None:
    tree.write("a.py", "x = 1\n")
    other = tree.write("b.py", "x = 1\n")
    ini = tree.write("cov.ini", "[run]\ninclude = a.py\nrelative_files = true\n")
    assert set(modules(build_inventory(ini, [other]))) == {"b.py"}


def test_files_that_are_not_python_are_listed_with_the_reason_and_the_others_are_read(tree: Tree) -> None:
    tree.write("good.py", "x = 1\n")
    tree.write("broken.py", "def f(:\n")
    tree.write("latin.py", "name = 'caf\xe9'\n".encode("latin-1"))
    tree.write("cookie.py", "# coding: latin-1\ndef f():\n    return 'caf\xe9'\n".encode("latin-1"))
    tree.write("lie.py", b"# coding: no-such-codec\nx = 1\n")
    tree.write("null.py", b"x = 1\0\n")
    tree.write("deep.py", "x = " + "1 + " * 50_000 + "1\n")
    tree.write("empty.py", "")
    inventory = tree.inventory()
    assert set(modules(inventory)) == {"good.py", "cookie.py", "empty.py"}
    assert [bad.file for bad in inventory.unreadable] == ["broken.py", "deep.py", "latin.py", "lie.py", "null.py"]
    assert all(bad.reason and "\n" not in bad.reason for bad in inventory.unreadable)
    assert {str(symbol.name): symbol.body_lines for symbol in inventory.symbols}["cookie:f"] == (3,)


def test_invalid_escapes_in_somebody_elses_source_raise_no_warning(tree: Tree) -> None:
    tree.write("m.py", "x = '\\d'\nassert (1, 'always')\n")
    assert set(modules(tree.inventory())) == {"m.py"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[run]\nsource = nowhere\n", ["source='nowhere'", "a directory, or a package"]),
        ("[run]\nsource_pkgs = flask.nowhere\n", ["flask.nowhere"]),
        ("[run]\nsource = .\nomit = a/b**\n", ["cov.ini", "'b**'"]),
        ("[run\n", ["coverage configuration", "cov.ini"]),
        ("[run]\nplugins = no_such_plugin\n", ["cov.ini", "no_such_plugin"]),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_clear_error(tree: Tree, config: str, words: list[str]) -> None:
    with pytest.raises((SettingsError, ConfigurationError)) as caught:
        tree.inventory(config)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_given_source_that_is_not_there_is_an_error(tree: Tree) -> None:
    with pytest.raises(SettingsError, match="nowhere"):
        build_inventory(None, [tree.root / "nowhere"])


def test_what_a_symbol_is_besides_its_kind_is_reported(tree: Tree) -> None:
    symbols = tree.symbols("""
        import functools
        from typing import overload

        class C:
            @property
            def x(self):
                return 1
            @x.setter
            async def x(self, value):
                return 2
            @functools.cached_property
            def y(self):
                return 3
        @overload
        def f(a: int): ...
        @overload
        def f(a: str): ...
        async def f(a):
            class Inner:
                def g(self):
                    return 4
        if f:
            def f(a):
                return 5
    """)
    assert {name: symbol.traits for name, symbol in symbols.items() if symbol.traits} == {
        "C.x": ("property",),
        "C.x@setter": ("async", "property"),
        "C.y": ("property",),
        "f@overload": ("overload",),
        "f@overload#2": ("overload",),
        "f": ("async",),
        "f.<locals>.Inner": ("nested",),
        "f.<locals>.Inner.g": ("nested",),
        "f#2": ("redefinition",),
    }


def test_several_processes_read_what_one_does(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profcov.reading.symbols.inventory._SHARE", 1)
    for number in range(45):
        tree.write(f"m_{number}.py", f"def f():\n    return {number}\n")
    tree.write("broken.py", "def f(:\n")
    tree.write("sub/m_1.py", "x = 1\n")
    ini = tree.write("cov.ini", "[run]\nsource = .\nrelative_files = true\n[report]\nexclude_also = return 7\n")
    alone = build_inventory(ini)
    assert build_inventory(ini, processes=2) == alone
    assert [bad.file for bad in alone.unreadable] == ["broken.py"]
    assert next(symbol for symbol in alone.symbols if symbol.name == "m_7:f").body_lines == ()


def test_reports_name_a_file_from_where_its_module_is_imported(tree: Tree) -> None:
    for name in ("lib/site-packages/shop/__init__.py", "lib/site-packages/shop/cart.py", "src/tool/run.py", "job.py"):
        tree.write(name, "x = 1\n")
    sources = [tree.root / "lib/site-packages/shop", tree.root / "src", tree.root / "job.py"]
    symbols = build_inventory(tree.write("cov.ini", "[run]\n"), sources).symbols
    assert {symbol.name: symbol.place for symbol in symbols} == {
        "job": "job.py",
        "shop": "shop/__init__.py",
        "shop.cart": "shop/cart.py",
        "tool.run": "tool/run.py",
    }
    assert all(Path(symbol.file).is_absolute() for symbol in symbols)


def test_where_two_files_would_bear_one_name_in_reports_the_second_is_named_whole(tree: Tree) -> None:
    first, second = (tree.write(f"{folder}/main.py", "x = 1\n") for folder in ("a", "b"))
    symbols = build_inventory(tree.write("cov.ini", "[run]\n"), [first.parent, second.parent]).symbols
    assert [symbol.place for symbol in symbols] == ["main.py", str(second)]


def test_with_relative_files_names_stay_as_artifacts_have_them(tree: Tree) -> None:
    tree.write("src/shop/cart.py", "x = 1\n")
    (symbol,) = tree.inventory().symbols
    assert (symbol.file, symbol.place) == ("src/shop/cart.py", "src/shop/cart.py")


def test_compiled_modules_and_names_that_are_not_utf_8_cannot_be_measured(tree: Tree) -> None:
    tree.write("shop/__init__.py", "")
    for name in ("fast", "slow", "other"):
        tree.write(f"shop/{name}.py", "def f():\n    return 1\n")
    tree.write(f"shop/fast{EXTENSION_SUFFIXES[0]}", b"")
    tree.write("shop/slow.c", b"")
    tree.write("shop/other.cpython-27-pdp11.so", b"")  # another Python's
    tree.write(os.fsdecode(b"shop/caf\xe9.py"), "x = 1\n")
    inventory = tree.inventory()
    assert [source.file for source in inventory.files] == ["shop/__init__.py", "shop/other.py", "shop/slow.py"]
    assert {bad.file: bad.reason for bad in inventory.unreadable} == {
        os.fsdecode(b"shop/caf\xe9.py"): "its name is not UTF-8",
        "shop/fast.py": f"compiled: Python imports fast{EXTENSION_SUFFIXES[0]}",
    }
