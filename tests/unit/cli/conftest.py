"""A project for commands to run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "def f():\n    return 1\n\n\nclass C:\n    def g(self):\n        return 2 + len([])\n"


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset the variables that say where things are, whatever this process was started with."""
    for name in ("PROFILE_COVERAGE_DIR", "PROFILE_COVERAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def one_file_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_settings: None) -> Path:
    """A configuration and ``app.py``, in the working directory of the test."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(SOURCE)
    (tmp_path / "coverage.profile-playback.ini").write_text("[run]\nsource = .\nrelative_files = true\n")
    return tmp_path
