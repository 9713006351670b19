"""What no test can cause: builds of Python, disks that are full. The rest is in tests/integration/doctor."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

import profcov.doctor
from profcov.doctor import owners
from profcov.doctor.directory import LITTLE_SPACE, NO_SPACE, judge_space
from profcov.doctor.environment import NAMES, examine_environment, show
from profcov.doctor.interpreter import judge_python

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "doctor.md"


@pytest.mark.parametrize(
    ("name", "is_free_threaded", "has_gil", "level"),
    [
        ("CPython 3.13.0", False, True, "ok"),
        ("CPython 3.13.0", True, True, "warning"),
        ("CPython 3.13.0", True, False, "warning"),
        ("PyPy 3.11.1", False, True, "warning"),
    ],
)
def test_a_build_without_the_gil_or_of_another_python_is_warned_of(
    name: str, is_free_threaded: bool, has_gil: bool, level: str
) -> None:
    finding = judge_python(name, is_free_threaded=is_free_threaded, has_gil=has_gil)
    assert finding.level == level
    assert finding.what.startswith(name)
    assert ("free-threaded" in finding.what) is is_free_threaded


@pytest.mark.parametrize(
    ("free", "level"),
    [(LITTLE_SPACE, "ok"), (LITTLE_SPACE - 1, "warning"), (NO_SPACE, "warning"), (NO_SPACE - 1, "problem")],
)
def test_little_room_is_a_warning_and_none_a_problem(free: int, level: str) -> None:
    assert judge_space(Path("data"), free).level == level


def test_a_directory_that_was_not_looked_at_whole_is_not_called_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        (tmp_path / name).touch()
    if os.geteuid() == 0:  # root can use all: it looks for the directory's owner
        for path in (tmp_path, *tmp_path.iterdir()):
            os.chown(path, 4321, 4321)
    assert [each.level for each in owners.check_owners(tmp_path)] == ["ok"]
    monkeypatch.setattr(owners, "MAX_LOOKED", 2)
    (finding,) = owners.check_owners(tmp_path)
    assert (finding.level, finding.what) == ("warning", f"only 2 entries of {tmp_path} were looked at: it has more")
    monkeypatch.setattr(owners, "MAX_LOOKED", 3)
    assert [each.level for each in owners.check_owners(tmp_path)] == ["ok"]


def test_a_secret_is_never_shown() -> None:
    found = [*examine_environment({"PROFILE_COVERAGE_SECRET": "hunter2"})]
    assert any("PROFILE_COVERAGE_SECRET" in finding.what for finding in found)
    assert not any("hunter2" in finding.what + finding.advice for finding in found)
    assert show("PROFILE_COVERAGE_SECRET", "hunter2") == "PROFILE_COVERAGE_SECRET=(not shown)"
    assert show("PROFILE_COVERAGE_ENGINE", "auto") == "PROFILE_COVERAGE_ENGINE=auto"


def test_each_variable_of_profcovs_has_its_line() -> None:
    said = " ".join(finding.what for finding in examine_environment({}))
    assert [name for name in NAMES if name not in said] == []
    assert "PROFILE_COVERAGE_CONFIG" in NAMES


def test_every_check_has_its_line_in_the_documentation_and_every_line_its_check() -> None:
    modules = Path(profcov.doctor.__file__).parent.glob("*.py")
    calls = [
        node
        for path in modules
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
    ]
    checks = {node.args[1].value for node in calls if isinstance(node.args[1], ast.Constant)}
    assert len(checks) > 15
    # Those given by name: what packages are called, and how Redis is.
    checks |= {"coverage", "coverage-run", "rq", "redis", "redis-server"}
    rows = re.findall(
        r"^\| (`[^|]+`) \|", PAGE.read_text().partition("| check |")[2].partition("\n\n")[0], re.MULTILINE
    )
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == checks
