"""What the doctor says of the coverage configuration: files that name what is not there, and worse."""

from __future__ import annotations

import sys
import venv
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.doctor.conftest import Report


@pytest.fixture
def configure(place: Path) -> Callable[[str], None]:
    """Write the configuration that is found by default."""

    def write(text: str) -> None:
        place.joinpath("coverage.profile-playback.ini").write_text(text)

    return write


def test_a_good_configuration_is_named_with_what_it_measures(examine: Callable[..., Report], place: Path) -> None:
    report = examine()
    assert report.the("config")["what"] == f"{place / 'coverage.profile-playback.ini'} is read"
    assert report.the("source")["what"] == "source shop: 2 Python files"
    assert report.the("branch")["level"] == report.the("relative-files")["level"] == "ok"


def test_without_a_configuration_it_says_so(examine: Callable[..., Report], place: Path) -> None:
    place.joinpath("coverage.profile-playback.ini").unlink()
    report = examine()
    assert report.code == 0
    assert report.the("config") == {
        "level": "warning",
        "check": "config",
        "what": f"no coverage configuration in {place}",
        "advice": "write coverage.profile-playback.ini, or set PROFILE_COVERAGE_CONFIG",
    }
    assert "all code is measured" in report.the("source")["what"]


def test_a_configuration_that_coverage_finds_by_itself_is_named(examine: Callable[..., Report], place: Path) -> None:
    place.joinpath("coverage.profile-playback.ini").rename(place / ".coveragerc")
    what = examine().the("config")["what"]
    assert what.startswith(f"no coverage.profile-playback.ini in {place}: coverage.py reads ")
    assert what.endswith(".coveragerc")


@pytest.mark.parametrize("text", ["[run]\nbranch = perhaps\n", "no section\n", "[run]\nsource = shop\nsource = shop\n"])
def test_a_configuration_that_coverage_cannot_read_is_a_problem(
    examine: Callable[..., Report], configure: Callable[[str], None], text: str
) -> None:
    configure(text)
    report = examine()
    assert report.code == 1
    assert report.problems == {"config", "engine"}
    assert "cannot be read" in report.the("config")["what"]


def test_a_misspelt_option_is_warned_of(examine: Callable[..., Report], configure: Callable[[str], None]) -> None:
    configure("[run]\nsource = shop\nbrnach = true\n")
    warned = [each["what"] for each in examine().of("config") if each["level"] == "warning"]
    assert len(warned) == 1
    assert "brnach" in warned[0]


@pytest.mark.parametrize("option", ["source", "source_pkgs"])
def test_a_source_that_is_nowhere_is_a_problem_and_the_others_are_still_looked_at(
    examine: Callable[..., Report], configure: Callable[[str], None], option: str
) -> None:
    configure(f"[run]\n{option} =\n    shpo\n    shop\n")
    report = examine()
    assert (report.code, report.problems) == (1, {"source"})
    bad, good = report.of("source")
    assert bad["what"].startswith(f"{option} shpo: neither a directory nor a package")
    assert good["what"] == f"{option} shop: 2 Python files"


def test_a_directory_without_python_files_is_a_problem(
    examine: Callable[..., Report], configure: Callable[[str], None], place: Path
) -> None:
    (place / "web").mkdir()
    (place / "web" / "index.html").write_text("")
    configure("[run]\nsource = web\n")
    report = examine()
    assert report.problems == {"source"}
    assert report.the("source")["what"].startswith("source web: no Python file there")


def test_a_source_that_is_omitted_as_a_whole_is_a_problem(
    examine: Callable[..., Report], configure: Callable[[str], None]
) -> None:
    configure("[run]\nsource = shop\nomit = */shop/*\n")
    assert examine().problems == {"source"}


def test_finding_a_package_does_not_run_it(
    examine: Callable[..., Report], configure: Callable[[str], None], place: Path
) -> None:
    (place / "shop" / "__init__.py").write_text("raise RuntimeError('imported by the doctor')\n")
    configure("[run]\nsource_pkgs = shop.cart\n")
    assert examine().the("source")["what"] == "source_pkgs shop.cart: 1 Python file"


def test_an_include_beside_a_source_has_no_effect(
    examine: Callable[..., Report], configure: Callable[[str], None]
) -> None:
    configure("[run]\nsource = shop\ninclude = shop/cart.py\n")
    warned = [each["what"] for each in examine().of("source") if each["level"] == "warning"]
    assert warned == ["include has no effect: coverage.py ignores it where there is a source"]


def test_an_include_that_matches_nothing_is_warned_of(
    examine: Callable[..., Report], configure: Callable[[str], None]
) -> None:
    configure("[run]\ninclude = shpo/*\n")
    assert examine().the("source")["level"] == "warning"
    configure("[run]\ninclude = shop/*\n")
    assert examine().the("source")["level"] == "ok"


def test_an_installed_copy_is_warned_of(
    examine: Callable[..., Report], configure: Callable[[str], None], place: Path, tmp_path: Path
) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=False, symlinks=True)
    libraries = home / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    (place / "shop").rename(libraries / "shop")
    configure("[run]\nsource_pkgs = shop\n")
    finding = examine(PYTHONPATH=str(libraries)).the("source")
    assert finding["level"] == "warning"
    assert finding["what"] == f"source_pkgs shop: measured as installed, in {libraries / 'shop'}"


def test_absolute_names_are_warned_of(examine: Callable[..., Report], configure: Callable[[str], None]) -> None:
    configure("[run]\nsource = shop\n")
    assert examine().the("relative-files")["level"] == "warning"


def test_another_configuration_can_be_named(examine: Callable[..., Report], place: Path) -> None:
    (place / "other.ini").write_text("[run]\nsource = nowhere\n")
    assert examine("--config", "other.ini").problems == {"source"}
    assert examine(PROFILE_COVERAGE_CONFIG="other.ini").problems == {"source"}
    missing = examine("--config", "missing.ini")
    assert missing.code == 2
    assert "File 'missing.ini' does not exist" in missing.stderr


def test_a_configuration_that_the_environment_names_and_that_is_not_there_is_a_problem_of_the_environment(
    examine: Callable[..., Report],
) -> None:
    report = examine(PROFILE_COVERAGE_CONFIG="missing.ini")
    assert (report.code, report.problems) == (1, {"environment"})
    assert report.of("config") == []


def test_a_plugin_that_is_not_installed_and_a_file_that_is_not_utf8_are_problems(
    examine: Callable[..., Report], place: Path
) -> None:
    config = place / "coverage.profile-playback.ini"
    config.write_text("[run]\nsource = .\nplugins = not_there\n")
    report = examine()
    assert "config" in report.problems
    assert any("the plugin not_there, which is not installed" in each["what"] for each in report.of("config"))
    config.write_bytes(b"[run]\nsource = .\nomit = caf\xe9\n")
    assert any("cannot be read" in each["what"] for each in examine().of("config"))
