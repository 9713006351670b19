"""A place to be examined, and the doctor in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from warm import Commands

INI = """
[run]
source = shop
relative_files = true
"""


@dataclass(frozen=True)
class Report:
    """What the doctor has said: findings by check, its exit code, and what it printed."""

    code: int
    findings: list[dict[str, str]]
    stdout: str
    stderr: str

    def of(self, check: str) -> list[dict[str, str]]:
        return [finding for finding in self.findings if finding["check"] == check]

    def the(self, check: str) -> dict[str, str]:
        (finding,) = self.of(check)
        return finding

    @property
    def problems(self) -> set[str]:
        return {finding["check"] for finding in self.findings if finding["level"] == "problem"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with an application and a configuration that the doctor has nothing against."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "cart.py").write_text("def add():\n    return 1\n")
    (tmp_path / "coverage.profile-playback.ini").write_text(INI)
    return tmp_path


@pytest.fixture
def environ() -> dict[str, str]:
    """An environment in which profcov is on and everything else is as it comes."""
    odd = ("PROFILE_", "ENABLE_PROFILE", "COVERAGE_", "REDIS_URL", "PYTHONWARNINGS")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(odd)}
    return {**clean, "ENABLE_PROFILE_COVERAGE": "1"}


@pytest.fixture
def bare_python(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Make a Python with nothing installed and only these packages on its path; return the arguments of ``examine``."""

    def make(*packages: ModuleType) -> dict[str, Any]:
        home, libraries = tmp_path / "bare", tmp_path / "libraries"
        venv.create(home, with_pip=False, symlinks=True, clear=True)
        libraries.mkdir(exist_ok=True)
        for package in packages:
            link = libraries / package.__name__
            link.unlink(missing_ok=True)
            link.symlink_to(Path(str(package.__file__)).parent)
        return {"python": (str(home / "bin" / "python"), "-m", "profcov"), "PYTHONPATH": str(libraries)}

    return make


@pytest.fixture
def examine(place: Path, environ: dict[str, str], commands: Commands) -> Callable[..., Report]:
    """Run the doctor: ``examine(*options, python=[...], **variables)``."""

    def run(*options: str, python: tuple[str, ...] = (), **more: str) -> Report:
        words, env = ["doctor", "--format", "json", *options], {**environ, **more}
        done = (
            subprocess.run(
                [*python, *words], cwd=place, env=env, capture_output=True, text=True, timeout=120, check=False
            )
            if python
            else commands.run(words, place, env)
        )
        assert "Traceback" not in done.stderr, done.stderr
        document: Any = json.loads(done.stdout) if done.stdout.startswith("{") else {"findings": []}
        return Report(done.returncode, document["findings"], done.stdout, done.stderr)

    return run
