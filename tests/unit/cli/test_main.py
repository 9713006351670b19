from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from profcov import __version__, errors
from profcov.cli.demo import own_name
from profcov.cli.main import COMMANDS, exit_code, main


def run(*words: str) -> object:
    with pytest.raises(SystemExit) as done:
        main(list(words))
    return done.value.code


def test_every_command_is_there_and_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        assert run(name, "--help") == 0
        assert f"profcov {name}" in capsys.readouterr().out


def test_help_lists_every_command_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, line in COMMANDS.items():
        assert f"{name} {line}" in told


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert __version__ in capsys.readouterr().out


@pytest.mark.parametrize("words", [("nonsense",), ("combine", "--nonsense"), ("--nonsense",)])
def test_wrong_words_are_exit_code_2_and_no_traceback(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    told = capsys.readouterr().err
    assert "onsense" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PlaybackError("demo", "step", "no"), 1),
        (errors.InvalidSlugError("/"), 2),
        (errors.SettingsError("A", "b", "c"), 2),
        (errors.ProfileFormatError(Path("p.yaml"), "", "no"), 2),
        (errors.CoverageReadError(Path("x"), "no"), 3),
        (errors.CoverageWriteError(Path("x"), "no"), 3),
        (errors.CoverageMergeError("demo", "no"), 3),
        (errors.LockTimeoutError("demo", 1, []), 3),
        (errors.TargetError("http://x", "no"), 4),
    ],
)
def test_errors_have_exit_codes(error: errors.ProfcovError, code: int) -> None:
    assert exit_code(error) == code


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m profcov --help | true", shell=True, cwd=tmp_path, capture_output=True, check=False
    )
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("called", "on_path", "words"),
    [
        (".venv/bin/profcov", False, [".venv/bin/profcov"]),
        (".venv/bin/profcov", True, ["profcov"]),
        ("/x/profcov/__main__.py", True, [sys.executable, "-m", "profcov"]),
    ],
)
def test_a_command_that_is_printed_has_the_name_by_which_profcov_can_be_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str, on_path: bool, words: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "profcov").touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [called, "demo"])
    monkeypatch.setenv("PATH", str(tmp_path / ".venv" / "bin") if on_path else "/nowhere")
    assert own_name() == words
