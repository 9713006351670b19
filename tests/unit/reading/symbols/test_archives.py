"""What is in a zipapp or an egg is recorded under names within the archive, and listed under the same."""

from __future__ import annotations

import os
import subprocess
import sys
import zipapp
import zipfile
from typing import TYPE_CHECKING

import pytest

from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.analysis.statements import count_statements
from profcov.reading.symbols.inventory import build_inventory
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_artifact

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.conftest import Tree

MAIN = "import profcov\nfrom shop.cart import add\nwith profcov.trace('p'):\n    add(1)\n"


@pytest.fixture
def shop(tree: Tree) -> Tree:
    tree.write("app/__main__.py", MAIN)
    tree.write("app/shop/__init__.py", "")
    tree.write(
        "app/shop/cart.py", "def add(x):\n    y = (\n        x\n    )\n    return y\ndef never():\n    return 1\n"
    )
    tree.write("app/shop/test_cart.py", "x = 1\n")
    tree.write("app/.deps/other.py", "x = 1\n")
    (tree.root / "dist").mkdir()
    zipapp.create_archive(tree.root / "app", tree.root / "dist" / "app.pyz")
    return tree


def test_what_a_zipapp_runs_is_counted(shop: Tree) -> None:
    config = shop.write("cov.ini", "[run]\nsource = dist\nrelative_files = true\n")
    environ = {**os.environ, "ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_CONFIG": str(config)}
    subprocess.run([sys.executable, "dist/app.pyz"], check=True, env=environ)
    artifact = combine(DataDirectory(shop.root / ".profcov"), Slug("p"), config_file=config)
    assert count_statements([artifact.path]) == {artifact.path: 2}
    matrix = build_matrix(build_inventory(config), [read_artifact(shop.root / ".profcov", Slug("p"))])
    assert list(matrix.covered_by(Slug("p"))) == ["shop.cart", "shop.cart:add"]
    assert (matrix.profiles[Slug("p")].lines, matrix.profiles[Slug("p")].unknown_files) == (2, ())
    assert list(matrix.index.files) == [
        f"dist/app.pyz/{name}.py" for name in ("__main__", "shop/__init__", "shop/cart")
    ]
    assert [symbol.place for symbol in matrix.index.symbols[:3]] == [symbol.file for symbol in matrix.index.symbols[:3]]


def test_a_package_in_an_egg_is_found_where_python_finds_it(shop: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    egg = shop.root / "shop.egg"
    with zipfile.ZipFile(egg, "w") as archive:
        for path in sorted((shop.root / "app").rglob("shop/*.py")):
            archive.write(path, path.relative_to(shop.root / "app"))
    monkeypatch.syspath_prepend(str(egg))
    inventory = shop.inventory("[run]\nsource_pkgs = shop\n")
    assert {each.module: each.file for each in inventory.files} == {
        "shop": f"{egg}/shop/__init__.py",
        "shop.cart": f"{egg}/shop/cart.py",
    }
    assert [name.removeprefix(f"{egg}/") for name in inventory.omitted] == ["shop/test_cart.py"]
    assert {symbol.place for symbol in inventory.symbols} == {"shop/__init__.py", "shop/cart.py"}


def test_an_archive_is_opened_once_to_be_listed_and_once_to_be_read(
    shop: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    class Noted(zipfile.ZipFile):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            opened.append(self)

    monkeypatch.setattr(zipfile, "ZipFile", Noted)
    assert len(shop.inventory("[run]\nsource = dist\n").files) == 3
    assert [each.fp for each in opened] == [None, None]


def test_an_archive_may_be_the_source_and_a_damaged_one_is_none(shop: Tree) -> None:
    shop.write("dist/broken.pyz", "no archive")
    listed = build_inventory(shop.write("cov.ini", "[run]\n"), [shop.root / "dist" / "app.pyz"]).files
    assert [each.module for each in listed] == ["__main__", "shop", "shop.cart", "shop.test_cart"]
    assert len(shop.inventory("[run]\nsource = dist\n").files) == 3
