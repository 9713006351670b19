"""``profcov symbols`` from arguments to output and exit code."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from coverage import CoverageData

from profcov.cli.main import DATA, USAGE, main
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.files import file_digest
from profcov.store.shard import write_shard

SOURCE = "def f():\n    return 1\n\n\nclass C:\n    def g(self):\n        return 2\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name in ("PROFILE_COVERAGE_DIR", "PROFILE_COVERAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text(SOURCE)
    (tmp_path / "coverage.profile-playback.ini").write_text("[run]\nsource = .\nrelative_files = true\n")
    return tmp_path


def record(path, lines):
    path.parent.mkdir(exist_ok=True)
    data = CoverageData(basename=str(path))
    data.add_lines(lines)
    data.write()


def run(capsys, *args):
    with pytest.raises(SystemExit) as caught:
        main(["symbols", *args])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def test_without_slugs_the_inventory_is_listed(project, capsys):
    code, printed, err = run(capsys)
    assert (code, err) == (0, "")
    assert printed.splitlines() == [
        "symbol\tkind\twhere\tbody lines",
        "app\tmodule\tapp.py:1-7\t0",
        "app:f\tfunction\tapp.py:1-2\t1",
        "app:C\tclass\tapp.py:5-7\t0",
        "app:C.g\tmethod\tapp.py:6-7\t1",
    ]


def test_with_slugs_each_profile_says_how_much_it_covers(project, capsys):
    record(project / ".profcov" / "one.coverage", {"app.py": [2, 7]})
    record(project / ".profcov" / "two.coverage", {"app.py": [2]})
    assert run(capsys, "two", "one", "two") == (
        0,
        "profile\tsymbols\tonly here\tlines\tfiles\none\t4\t2\t2\t1\ntwo\t2\t0\t1\t1\n",
        "",
    )


def test_an_artifact_of_a_source_that_changed_is_refused(project, capsys):
    slug = parse_slug("one")
    digest = file_digest(project / "app.py")
    write_shard(project / ".profcov", slug, "profile:one", {"app.py": {2}}, facts={"sources": {"app.py": digest}})
    combine(project / ".profcov", slug)
    assert run(capsys, "one")[0] == 0
    (project / "app.py").write_text("# new\n" + SOURCE)
    code, printed, err = run(capsys, "one")
    assert (code, printed) == (DATA, "")
    assert "app.py changed since it was recorded" in err
    assert run(capsys, "one", "--ignore-source-changes")[0] == 0


def test_json_is_written_whole_to_the_file_that_is_named(project, capsys):
    record(project / "data" / "one.coverage", {"app.py": [2]})
    out = project / "new" / "profile-symbols.json"
    code, printed, err = run(capsys, "--all", "--data-dir", "data", "--format", "json", "--out", str(out))
    assert (code, printed, err) == (0, "", "")
    assert json.loads(out.read_text()) == {
        "schema_version": 1,
        "profiles": {"one": {"symbols": ["app", "app:f"], "lines": 1, "files": 1}},
    }
    assert list(out.parent.iterdir()) == [out]


def test_the_inventory_as_json_holds_body_lines(project, capsys):
    code, printed, _ = run(capsys, "--format", "json")
    assert code == 0
    assert {symbol["name"]: symbol["body_lines"] for symbol in json.loads(printed)["symbols"]} == {
        "app": [],
        "app:f": [2],
        "app:C": [],
        "app:C.g": [7],
    }


def test_what_is_left_out_is_said_beside_the_result(project, capsys):
    (project / "broken.py").write_text("def f(:\n")
    record(project / ".profcov" / "one.coverage", {"app.py": [2], "/elsewhere/lib.py": [1]})
    record(project / ".profcov" / "late.coverage.host.1.2", {"app.py": [2]})
    code, printed, err = run(capsys, "--all")
    assert code == 0
    assert printed.splitlines()[1:] == ["one\t2\t2\t1\t1"]
    said = err.splitlines()
    assert len(said) == 3
    assert said[0].startswith("late: left out")
    assert "profcov combine late" in said[0]
    assert said[1].startswith("broken.py: left out")
    assert said[2].startswith("one: 1 of its files")
    assert "/elsewhere/lib.py" in said[2]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["nope"], DATA, "nope.coverage: there is no such file"),
        (["--all"], DATA, ".profcov: it holds no artifact"),
        (["../etc"], USAGE, "'../etc' is not a slug"),
        (["--config", "missing.ini"], USAGE, "missing.ini"),
        (["--out", "app.py/x.json"], DATA, "cannot write app.py/x.json"),
    ],
)
def test_bad_input_is_one_sentence_and_an_exit_code(project, capsys, args, code, words):
    found, printed, err = run(capsys, *args)
    assert (found, printed) == (code, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_terminal_gets_a_table(project):
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
