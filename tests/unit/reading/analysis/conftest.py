"""Small real applications, run under real coverage.py in their own process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.symbols.inventory import build_inventory
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_artifact

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.reading.analysis.matrix import Matrix

# As in a server: the application is imported already when the profile comes.
PLAY = """
import sys
import coverage
sys.path.insert(0, "")
import app
run = coverage.Coverage(config_file="cov.ini", data_file=sys.argv[1], messages=False)
scenario = compile(sys.argv[2], "<scenario>", "exec")
run.start()
try:
    exec(scenario)
finally:
    run.stop()
    run.save()
"""

RECORD = """
import sys
sys.path.insert(0, "")
import app
import profcov
with profcov.trace(sys.argv[1]):
    exec(sys.argv[2])
"""


class Application:
    """An application in a temporary directory, and what its profiles cover."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = root / "cov.ini"
        self.config.write_text("[run]\nsource = .\nrelative_files = true\ndisable_warnings = already-imported\n")

    def write(self, **modules: str) -> None:
        for name, text in modules.items():
            (self.root / f"{name}.py").write_text(textwrap.dedent(text).lstrip("\n"))

    def play(self, slug: str, scenario: str) -> Path:
        path = self.root / f"{slug}.coverage"
        subprocess.run([sys.executable, "-c", PLAY, str(path), textwrap.dedent(scenario)], check=True, cwd=self.root)
        return path

    def record(self, slug: str, scenario: str) -> None:
        """Have profcov record a scenario, in a process of its own, and combine what it wrote."""
        settings = {"ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_DIR": ".", "PROFILE_COVERAGE_CONFIG": "cov.ini"}
        words = [sys.executable, "-c", RECORD, slug, scenario]
        subprocess.run(words, check=True, cwd=self.root, env={**os.environ, **settings})
        combine(DataDirectory(self.root), parse_slug(slug), config_file=self.config)

    def matrix(self, **scenarios: str) -> Matrix:
        for slug, text in scenarios.items():
            self.play(slug, text)
        recorded = [read_artifact(self.root, parse_slug(slug)) for slug in scenarios]
        return build_matrix(build_inventory(self.config), recorded)

    def covered(self, scenario: str) -> set[str]:
        return set(self.matrix(p=scenario).covered_by(parse_slug("p")))


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    monkeypatch.chdir(tmp_path)
    return Application(tmp_path)
