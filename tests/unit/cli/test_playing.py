"""Options that all commands have that play profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from written import get, write

from profcov.cli.main import TARGET, USAGE, main
from profcov.cli.playback import command
from profcov.reading.symbols import inventory

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
def test_a_header_that_cannot_be_is_reported_without_its_value(tmp_path: Path, header: str, problem: str) -> None:
    words = [str(write(tmp_path, "a", get("/a"))), "--header", header, "--dry-run"]
    ended = CliRunner().invoke(command, words, env={"EMPTY": ""})
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1] == f"Error: Invalid value for '--header': {problem}"


def test_a_night_looks_for_its_sources_before_it_sends_anything_and_reads_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "shop.yaml").write_text("slug: shop\nsteps:\n- name: look\n  request: {path: /}\n")
    read: list[object] = []
    monkeypatch.setattr(inventory, "read_source", lambda *args: read.append(args))
    for source, code, said in ((".", TARGET, "nothing was recorded"), ("nowhere", USAGE, "source='nowhere'")):
        (tmp_path / "cov.ini").write_text(f"[run]\nsource = {source}\n")
        words = ["--profiles", "shop.yaml", "--config", "cov.ini", "--base-url", "http://127.0.0.1:1", "--retries", "0"]
        with pytest.raises(SystemExit) as ended:
            main(["nightly", *words])
        assert (ended.value.code, said in capsys.readouterr().err, read) == (code, True, [])
