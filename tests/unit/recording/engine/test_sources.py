from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage
from coverage.exceptions import ConfigError, CoverageException

import profcov
from profcov.configuration.plugins import list_missing
from profcov.reading.symbols.inventory import build_inventory
from profcov.recording.engine.sources import Sources

if TYPE_CHECKING:
    from types import FrameType

HERE: FrameType | None = None


@pytest.fixture(autouse=True)
def nothing_configured_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def configure(tmp_path: Path, text: str) -> Sources:
    config = tmp_path / "measured.ini"
    config.write_text(text)
    return Sources(config)


def make(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return str(path)


def test_what_is_measured_is_what_the_configuration_says(tmp_path: Path) -> None:
    inside, omitted = make(tmp_path / "src" / "a.py"), make(tmp_path / "src" / "test_a.py")
    outside = make(tmp_path / "other" / "b.py")
    sources = configure(tmp_path, f"[run]\nsource = {tmp_path}/src\nomit = */test_*.py\n")
    assert sources.measured(inside, HERE) == inside
    assert sources.measured(omitted, HERE) is None
    assert sources.measured(outside, HERE) is None
    assert sources.measured(inside, HERE) == inside  # remembered


def test_relative_files_are_named_from_where_the_process_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "src" / "a.py")
    sources = configure(tmp_path, "[run]\nsource = src\nrelative_files = true\n")
    monkeypatch.chdir("/")
    assert sources.measured(path, HERE) == "src/a.py"


def test_only_python_files_are_measured(tmp_path: Path) -> None:
    template = make(tmp_path / "src" / "page.html")
    sources = configure(tmp_path, f"[run]\nsource = {tmp_path}/src\n")
    assert sources.measured(template, HERE) is None
    assert sources.measured("<string>", HERE) is None
    assert sources.measured("<frozen importlib._bootstrap>", HERE) is None


def test_names_that_are_no_files_are_not_kept(tmp_path: Path) -> None:
    config = tmp_path / "measured.ini"
    config.write_text(f"[run]\nsource = {tmp_path}\n")
    sources = Sources(config)
    known = len(sources.list_unmeasured())
    assert [sources.measured(f"<rule of tenant {number}>", None) for number in range(3)] == [None] * 3
    assert len(sources.list_unmeasured()) == known


def test_profcovs_own_code_is_never_measured_but_its_demo_is(tmp_path: Path) -> None:
    package = Path(profcov.__file__).parent
    sources = configure(tmp_path, f"[run]\nsource = {package}\n")
    assert sources.measured(str(package / "version.py"), HERE) is None
    assert sources.measured(str(package / "demo" / "runs.py"), HERE) == str(package / "demo" / "runs.py")


def test_without_a_configuration_coverage_pys_own_is_found(tmp_path: Path) -> None:
    measured, other = make(tmp_path / "a.py"), make(tmp_path / "b.py")
    (tmp_path / ".coveragerc").write_text("[run]\ninclude = */a.py\nbranch = true\n")
    sources = Sources(None)
    assert sources.measured(measured, HERE) == measured
    assert sources.measured(other, HERE) is None
    assert sources.branch


def test_a_broken_configuration_is_coverage_pys_error(tmp_path: Path) -> None:
    with pytest.raises((CoverageException, ConfigError), match=r"measured\.ini"):
        configure(tmp_path, "[run\n")


def test_reading_a_configuration_makes_no_file(tmp_path: Path) -> None:
    configure(tmp_path, f"[run]\ndata_file = {tmp_path}/precious\n")
    assert [path.name for path in tmp_path.iterdir()] == ["measured.ini"]


def test_what_is_in_the_source_by_links_only_is_measured_under_the_name_of_its_target(tmp_path: Path) -> None:
    real = make(tmp_path / "real" / "shop" / "cart.py")
    other = make(tmp_path / "real" / "shop" / "test_cart.py")
    (tmp_path / "forest" / "shop").mkdir(parents=True)
    (tmp_path / "holder").mkdir()
    (tmp_path / "holder" / "shop").symlink_to(tmp_path / "real" / "shop")
    for path in (real, other):
        (tmp_path / "forest" / "shop" / Path(path).name).symlink_to(path)
    for source in ("forest", "holder", "holder/shop"):
        sources = configure(tmp_path, f"[run]\nsource = {source}\n")
        folder = source.removesuffix("/shop")
        assert sources.measured(str(tmp_path / folder / "shop" / "cart.py"), HERE) == real
        assert sources.measured(str(tmp_path / folder / "shop" / "test_cart.py"), HERE) is None
        assert sources.measured(f"{folder}/shop/./cart.py", HERE) == real  # as a script's name was given
        listed = [(each.file, each.module) for each in build_inventory(tmp_path / "measured.ini").files]
        assert listed == [(real, "cart" if source == "holder/shop" else "shop.cart")]


def test_installed_packages_are_not_in_the_source_by_a_link_to_their_environment(tmp_path: Path) -> None:
    place = Path(pytest.__file__).parents[1]
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lib").symlink_to(place)
    sources = configure(tmp_path, "[run]\nsource = src\n")
    assert sources.measured(str(tmp_path / "src" / "lib" / "pytest" / "__init__.py"), HERE) is None


def test_a_name_that_is_not_utf_8_is_not_measured_whatever_it_is_relative_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / os.fsdecode(b"caf\xe9")
    path = make(place / "shop" / "cart.py")
    make(place / "linked" / "none.py")
    (place / "linked" / "cart.py").symlink_to(path)
    monkeypatch.chdir(place)
    sources = configure(tmp_path, "[run]\nsource =\n  shop\n  linked\nrelative_files = true\n")
    assert sources.measured(path, HERE) is None
    assert sources.measured(str(place / "linked" / "cart.py"), HERE) is None


def test_a_plugin_is_looked_for_without_importing_the_package_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "shop_plugins" / "__init__.py")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "made_by_hand", ModuleType("made_by_hand"))  # it has no spec
    tool = Coverage(data_file=None, config_file=False)
    tool.set_option("run:plugins", ["shop_plugins.coverage", "made_by_hand", "not_there.coverage"])
    assert list_missing(tool) == ["not_there.coverage"]
    assert "shop_plugins" not in sys.modules
