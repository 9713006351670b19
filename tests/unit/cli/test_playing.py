"""Options that all commands have that play profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from written import get, write

from profcov.cli.playback import command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("Authorization: s3cret", "number 1 is not NAME=VALUE, with the name of a header"),
        ("Authorization=Bearer $NO_SUCH", "Authorization: the environment has no NO_SUCH"),
        ("X=s3cret$", "X: a $ that names no variable of the environment is written $$"),
        ("X=$EMPTY", "X: its value cannot be sent in a header"),
        ("X=s3cret\nY: b", "X: its value cannot be sent in a header"),
        ("x-profile-trace=b", "x-profile-trace: playback adds this header itself, with --trace-code"),
    ],
)
def test_a_header_that_cannot_be_is_told_without_its_value(tmp_path: Path, header: str, problem: str) -> None:
    words = [str(write(tmp_path, "a", get("/a"))), "--header", header, "--dry-run"]
    ended = CliRunner().invoke(command, words, env={"EMPTY": ""})
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1] == f"Error: Invalid value for '--header': {problem}"
