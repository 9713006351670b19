"""Tests and migrations are measured only where the configuration decides about omissions itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from coverage import Coverage

from profcov.configuration.omissions import NOTHING, name_omissions, omit_by_name
from profcov.reading.symbols.inventory import build_inventory
from profcov.recording.engine.sources import Sources

if TYPE_CHECKING:
    from tests.unit.conftest import Tree

OWN = ["shop/__init__.py", "shop/cart.py", "shop/latest.py", "shop/contests/rules.py", "shop/test/client.py"]
NAMED = [
    "shop/conftest.py",
    "shop/db/migrations/0001.py",
    "shop/test_cart.py",
    "shop/tests.py",
    "shop/tests/__init__.py",
    "shop/tests/deep/helper.py",
]


@pytest.fixture
def shop(tree: Tree) -> Tree:
    for name in (*OWN, *NAMED):
        tree.write(name, "x = 1\n")
    return tree


def both(tree: Tree, text: str) -> tuple[list[str], list[str]]:
    """Return which files are measured when they run, and which are listed; the same, or nothing agrees any more."""
    inventory = tree.inventory(f"[run]\nrelative_files = true\n{text}\n")
    sources = Sources(tree.root / "cov.ini")
    recorded = [name for name in (*OWN, *NAMED) if sources.measured(str(tree.root / name), None)]
    listed = sorted(source.file for source in inventory.files)
    assert sorted(recorded) == listed
    return listed, [str(name).removeprefix(f"{tree.root}/") for name in inventory.omitted]


@pytest.mark.parametrize(
    "text", ["source = .", "source = shop", "source_pkgs = shop", "", "omit =", "source =\n  shop\n  ."]
)
def test_what_is_named_as_tests_and_migrations_is_not_measured(
    shop: Tree, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(shop.root))
    if text.startswith("source_pkgs"):  # coverage.py tells a package's modules by their names, which only frames have
        assert [source.file for source in shop.inventory(f"[run]\nrelative_files = true\n{text}\n").files] == sorted(
            OWN
        )
        return
    assert both(shop, text) == (sorted(OWN), NAMED)


@pytest.mark.parametrize(
    ("text", "measured"),
    [
        (f"source = .\nomit = {NOTHING}", [*OWN, *NAMED]),
        ("source = .\nomit = */latest.py", [name for name in (*OWN, *NAMED) if name != "shop/latest.py"]),
        ("include = shop/*", [*OWN, *NAMED]),
        ("source = shop/tests", ["shop/tests/__init__.py", "shop/tests/deep/helper.py"]),
    ],
)
def test_a_configuration_that_decides_about_omissions_is_followed(shop: Tree, text: str, measured: list[str]) -> None:
    assert both(shop, text) == (sorted(measured), [])


def test_a_directory_above_the_source_may_be_called_tests(tree: Tree) -> None:
    tree.write("tests/[a]/shop/cart.py", "x = 1\n")
    tree.write("tests/[a]/shop/test_cart.py", "x = 1\n")
    listed = build_inventory(tree.write("cov.ini", "[run]\nsource = tests/[a]/shop\n")).files
    assert [source.module for source in listed] == ["cart"]


def test_sources_that_are_named_stand_in_for_those_of_the_configuration(shop: Tree) -> None:
    config = shop.write("cov.ini", "[run]\nsource = shop\n")
    assert [each.module for each in build_inventory(config, [shop.root / "shop/tests"]).files] == [
        "shop.tests",
        "deep.helper",
    ]


def test_what_profcov_run_has_written_is_not_taken_for_a_decision(shop: Tree) -> None:
    patterns = "\n    ".join(name_omissions([str(shop.root / "shop")]))
    config = shop.write("cov.ini", f"[run]\nsource = {shop.root}/shop\nomit =\n    {patterns}\n")
    assert omit_by_name(Coverage(config_file=str(config), data_file=None)) == patterns.split("\n    ")
    assert [name.removeprefix(f"{shop.root}/") for name in build_inventory(config).omitted] == NAMED
