"""``profcov symbols`` from arguments to output and exit code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from profcov.cli.main import DATA, FAILED, USAGE, main

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(one_file_project: Path) -> Path:
    return one_file_project


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["symbols", *args])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


@pytest.mark.parametrize("args", [(), ("--format", "json"), ("--out", "symbols.json"), ("empty",)])
def test_where_no_file_is_measured_that_is_reported(
    project: Path, capsys: pytest.CaptureFixture[str], args: tuple[str, ...]
) -> None:
    (project / "app.py").unlink()
    (project / "empty").mkdir()
    code, printed, err = run(capsys, *args)
    assert (code, printed) == (DATA, "")
    assert err.startswith(f"profcov: cannot read {project}: no Python file is measured here: is source right? It is ")
    assert err.count("\n") == 1
    assert not (project / "symbols.json").exists()


def test_the_inventory_is_listed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed, err = run(capsys)
    assert (code, err) == (0, "")
    assert printed.splitlines() == [
        "name\tkind\twhere\tbody lines",
        "app\tmodule\tapp.py:1-7\t0",
        "app:f\tfunction\tapp.py:1-2\t1",
        "app:C\tclass\tapp.py:5-7\t0",
        "app:C.g\tmethod\tapp.py:6-7\t1",
    ]


def test_sources_that_are_named_stand_in_for_those_of_the_configuration(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "lib").mkdir()
    (project / "lib" / "other.py").write_text("x = 1\n")
    assert run(capsys, "lib")[1].splitlines()[1:] == ["other\tmodule\tlib/other.py:1-1\t1"]


def test_the_inventory_as_json_follows_its_schema(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "broken.py").write_text("(")
    code, printed, _ = run(capsys, "--format", "json")
    assert code == 0
    document = json.loads(printed)
    jsonschema.validate(document, json.loads((ROOT / "docs/reference/inventory.schema.json").read_text()))
    assert {symbol["name"]: symbol["body_lines"] for symbol in document["symbols"]} == {
        "app": [],
        "app:f": [2],
        "app:C": [],
        "app:C.g": [7],
    }
    assert [bad["file"] for bad in document["unreadable"]] == ["broken.py"]


def test_tests_and_migrations_are_left_out_and_that_is_reported_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("test_app.py", "conftest.py"):
        (project / name).write_text("x = 1\n")
    code, printed, err = run(capsys)
    assert (code, [line.split("\t")[0] for line in printed.splitlines()[1:]]) == (
        0,
        ["app", "app:f", "app:C", "app:C.g"],
    )
    assert err == (
        f"profcov: 2 files of tests or migrations not measured, {project}/conftest.py first: an `omit` in the configuration "
        "decides instead; `omit = nothing` measures all\n"
    )
    (project / "coverage.profile-playback.ini").write_text("[run]\nsource = .\nomit = nothing\n")
    code, printed, err = run(capsys)
    assert ("\nconftest\t" in printed, "\ntest_app\t" in printed, err) == (True, True, "")


def test_a_file_is_written_whole_and_is_the_same_as_what_is_printed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = project / "new" / "coverage-symbols.json"
    assert run(capsys, "--out", str(out)) == (0, "", "")
    assert run(capsys, "--format", "json")[1] == out.read_text()
    assert list(out.parent.iterdir()) == [out]


def test_check_is_silent_while_the_file_is_true_and_names_what_has_drifted(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(project / "artifacts" / "coverage-symbols.json")
    run(capsys, "--out", out)
    before = Path(out).read_text()
    assert run(capsys, "--check") == (0, "", "")
    source = (project / "app.py").read_text()
    (project / "app.py").write_text("# moved\n" + source.replace("return 1", "return 3").replace("def g", "def h"))
    code, printed, err = run(capsys, "--check", "--out", out)
    assert code == FAILED
    assert printed.splitlines() == [
        "change\tname\tdetail",
        "moved\tapp\twas app.py:1-7",
        "changed\tapp:f\tapp.py",
        "moved\tapp:C\twas app.py:5-7",
        "renamed\tapp:C.h\twas app:C.g",
        "moved\tapp:C.h\twas app.py:6-7",
    ]
    assert "is out of date, changes: 5;" in err
    assert Path(out).read_text() == before


def test_who_calls_a_symbol_is_no_change_of_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(project / "artifacts" / "coverage-symbols.json")
    (project / "main.py").write_text("import app\napp.f()\n")
    run(capsys, "--out", out)
    assert '"startup"' in Path(out).read_text()
    (project / "main.py").write_text("import app\napp.f\n")
    assert "app:f" not in run(capsys, "--check", "--out", out)[1]


def test_the_tool_is_the_same_door(project: Path) -> None:
    tool = ROOT / "tools" / "profile_coverage" / "build_symbol_index.py"
    subprocess.run([sys.executable, str(tool)], check=True)
    assert (project / "artifacts" / "coverage-symbols.json").is_file()
    assert subprocess.run([sys.executable, str(tool), "--check"], check=False).returncode == 0


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["nowhere"], USAGE, "source='nowhere'"),
        (["--config", "missing.ini"], USAGE, "missing.ini"),
        (["--out", "app.py/x.json"], DATA, "cannot write app.py/x.json"),
        (["--check"], DATA, "profcov symbols --out"),
        (["--check", "--out", "app.py"], DATA, "app.py: it is not JSON"),
    ],
)
def test_bad_input_is_one_sentence_and_an_exit_code(
    project: Path, capsys: pytest.CaptureFixture[str], args: list[str], code: int, words: str
) -> None:
    found, printed, err = run(capsys, *args)
    assert (found, printed) == (code, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_terminal_gets_a_table(project: Path) -> None:
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1"}
    subprocess.run(
        [sys.executable, "-m", "profcov", "symbols"], stdout=follower, check=True, cwd=project, env=environment
    )
    os.close(follower)
    chunks = []
    try:
        while chunk := os.read(leader, 65536):
            chunks.append(chunk)
    except OSError:  # Linux says EIO where a terminal has ended
        pass
    finally:
        os.close(leader)
    text = b"".join(chunks).decode()
    assert "\t" not in text
    assert ["app:C.g", "method", "app.py:6-7", "1"] in [
        line.split() for line in text.replace("\x1b[1m", "").split("\n")
    ]
