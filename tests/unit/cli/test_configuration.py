"""Reports are read with the configuration that measured, without being told; and there is no figure of nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
import pytest

from profcov.cli.main import DATA, main
from profcov.configuration import Configuration, differ, note_settings
from profcov.reading.report.dashboard.page import read_data
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SHOP = '''"""A shop,
documented."""


def sell(goods):
    """Sell."""
    if not goods:
        return 0  # nothing to sell
    return sum(
        goods,
        0,
    )


def give_back():
    raise NotImplementedError
'''
PLAY = """
import sys
sys.path.insert(0, {site!r})
import shop
import profcov
with profcov.trace("a"):
    shop.sell([1, 2])
with profcov.trace("none"):
    len([])
"""
MATRIX = "profile\tlines\tunique lines\tsymbols\tunique symbols\tfiles\na\t2\t2\t2\t2\t1\n"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([*args])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def play(place: Path, *words: str, text: str = PLAY) -> None:
    """Play profiles in a process below ``profcov run``, as a server is started."""
    (place / "play.py").write_text(text.format(site=str(place / "site")))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PROFILE_")}
    program = [sys.executable, "-m", "profcov", "run", *words, "--", sys.executable, "play.py"]
    subprocess.run(program, cwd=place, env=environ, check=True)
    shutil.rmtree(place / ".profcov" / "state" / "runs")  # it was no server, and would be told of


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("recorded")
    (place / "site" / "shop").mkdir(parents=True)
    (place / "site" / "shop" / "__init__.py").write_text(SHOP)
    play(place, "--source", "site/shop")
    return place


@pytest.fixture
def place(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a directory in which ``profcov run --source`` has recorded one profile with lines and one without."""
    for name in ("PROFILE_COVERAGE_DIR", "PROFILE_COVERAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(recorded)
    yield recorded
    for each in ("artifacts", "elsewhere"):
        shutil.rmtree(recorded / each, ignore_errors=True)


@pytest.fixture
def combined(place: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    if not (place / ".profcov" / "a.coverage").exists():
        assert run(capsys, "combine", "a")[0] == 0
    return place


def test_a_slug_that_was_traced_while_no_measured_file_ran_is_reported_with_the_source_that_the_server_has(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = (
        f"none: traced, but no measured file ran: is `source` right? The server measures source = {place}/site/shop "
        f"({place}/.profcov/state/run.ini), seen from {place}, and had imported 1 of its files, {place}/site/shop/__init__.py first"
    )
    code, out, err = run(capsys, "combine", "none")
    assert (code, out, err) == (DATA, "", f"profcov: cannot combine {told}\n")
    assert told in run(capsys, "status")[2]
    (held,) = [
        each
        for each in json.loads(run(capsys, "status", "--format", "json")[1])["profiles"]
        if each["profile"] == "none"
    ]
    assert held["unmeasured"] == told.removeprefix("none: ")
    assert run(capsys, "wait", "none") == (0, "", f"profcov: {told}\n")
    code, out, err = run(capsys, "combine")  # a is there, and nobody has asked for the other by its name
    assert (code, out.split("\t")[0], err) == (0, "a", f"profcov: cannot combine {told}\n")
    code, out, err = run(capsys, "combine")
    assert (code, out, err) == (DATA, "", f"profcov: cannot combine {told}\n")
    assert told.replace("none: ", "none: left out, ") in run(capsys, "matrix")[2]
    assert run(capsys, "coverage", "report")[0] == 0


@pytest.mark.parametrize("here", ["as started", "elsewhere"])
def test_every_command_reads_with_the_configuration_that_measured(
    combined: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: str
) -> None:
    where = ("--data-dir", str(combined / ".profcov"))
    if here == "elsewhere":
        (combined / "elsewhere").mkdir()
        monkeypatch.chdir(combined / "elsewhere")
    assert run(capsys, "matrix", "a", *where) == (0, MATRIX, "")
    code, out, _ = run(capsys, "report", "a", *where)
    assert (code, out.splitlines()[1]) == (0, "a\tcomplete\t1\t2\t6\t33.3\t50.0\t2\t0\t0")
    code, out, _ = run(capsys, "symbols", *where)
    assert [line.split("\t")[0] for line in out.splitlines()] == ["name", "shop", "shop:sell", "shop:give_back"]
    assert run(capsys, "dashboard", *where)[0] == 0
    page = read_data(Path("artifacts", "index.html").read_text())
    assert (page["profiles"][0]["lines"], page["totals"]) == (2, {"statements": 4, "reached": 2})
    assert run(capsys, "coverage", "json", *where, "--out", "c.json")[0] == 0
    assert json.loads(Path("c.json").read_text())["totals"]["covered_lines"] == 2
    assert run(capsys, "report", "--html", "a", *where)[0] == 0
    assert Path("artifacts", "html", "a", "index.html").is_file()
    assert run(capsys, "compare", "artifacts", "artifacts")[0] == 0


def test_a_configuration_that_is_named_or_is_profcovs_own_here_is_used_and_one_sentence_says_where_it_differs(
    combined: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (combined / "elsewhere").mkdir()
    monkeypatch.chdir(combined / "elsewhere")
    where = ("--data-dir", str(combined / ".profcov"))
    text = f"[run]\nsource = {combined}/site\n[report]\nexclude_also = nothing to sell\n"
    Path("other.ini").write_text(text)
    said = f"profcov: {Path.cwd()}/other.ini is used, which differs in source, exclude_lines from what the server measured with\n"
    code, out, err = run(capsys, "report", "a", "--config", "other.ini", *where)
    assert (code, out.splitlines()[1].split("\t")[3:5], err) == (0, ["2", "5"], said)
    Path("other.ini").rename("coverage.profile-playback.ini")
    said = said.replace("other.ini", "coverage.profile-playback.ini")
    assert run(capsys, "matrix", *where, "a") == (0, MATRIX, said)
    Path("coverage.profile-playback.ini").rename(".coveragerc")  # for another purpose
    said = "profcov: what the server measured with is used; the configuration here differs in source, exclude_lines\n"
    assert run(capsys, "matrix", *where, "a") == (0, MATRIX, said)


FORMATS = [
    *(("matrix", "--format", form) for form in ("text", "json", "md")),
    ("report",),
    ("report", "--html"),
    ("dashboard",),
]


@pytest.mark.parametrize("command", FORMATS)
def test_an_artifact_with_nothing_in_the_measured_source_is_one_sentence_and_no_figure(
    combined: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    (combined / "elsewhere").mkdir()
    monkeypatch.chdir(combined / "elsewhere")
    Path("wrong.ini").write_text("[run]\nsource = .\n")
    words = (*command, "--data-dir", str(combined / ".profcov"), "--config", "wrong.ini", "a")
    said = (
        f"a.coverage: no file of it is in the measured source, so there is nothing to report: it has lines of 1 file, "
        f"{combined}/site/shop/__init__.py first, but the requested source is source = . ({Path.cwd()}/wrong.ini), which has "
    )
    code, out, err = run(capsys, *words)
    assert (code, out, Path("artifacts").exists()) == (DATA, "", False)
    assert f"{said}no Python file; run this where the server ran, or name the configuration that measured" in err
    code, out, err = run(capsys, "symbols", *words[-5:-1])
    assert (code, out) == (DATA, "")
    assert (
        f"no Python file is measured here: is source right? It is source = . ({Path.cwd()}/wrong.ini): run this" in err
    )
    Path("idle.py").write_text("x = 1\n")
    code, out, err = run(capsys, *words)
    assert (code, out, Path("artifacts").exists()) == (DATA, "", False)
    assert f"{said}1 file, {Path.cwd()}/idle.py first; run this where" in err


def test_profiles_that_were_measured_with_several_configurations_are_read_with_all_sources_and_it_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PROFILE_COVERAGE_DIR", "PROFILE_COVERAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("shop", "store"):
        (tmp_path / "site" / name).mkdir(parents=True)
        (tmp_path / "site" / name / "__init__.py").write_text(SHOP)
    play(tmp_path, "--source", "site/shop")
    other = PLAY.replace("shop", "store").replace('"none"', '"b"')
    play(tmp_path, "--source", "site/store", text=other)
    assert run(capsys, "combine", "a", "b")[0] == DATA  # b ran nothing
    facts = read_sidecar(tmp_path / ".profcov" / "a.coverage")
    sources = [each["source"] for each in (facts["settings"], *facts["other_settings"])]
    assert sorted(sources) == [[f"{tmp_path}/site/{name}"] for name in ("shop", "store")]
    code, out, err = run(capsys, "matrix")
    assert (code, out.splitlines()[1]) == (0, "a\t4\t4\t4\t4\t2")
    assert "profcov: the profiles were measured with configurations that differ in source: all of them count\n" in err


def test_settings_that_were_noted_tell_coverage_py_the_same_again(tmp_path: Path) -> None:
    file = tmp_path / "c.ini"
    file.write_text(
        "[run]\nsource = a, b c\nomit = */x/*\nbranch = true\nrelative_files = true\n"
        "[report]\nexclude_also = $$never\nomit = y\n[paths]\none = a\n    */b\n"
    )
    noted = json.loads(json.dumps(note_settings(coverage.Coverage(config_file=str(file), data_file=None))))
    assert set(noted) == {"source", "omit", "branch", "relative_files", "exclude_lines", "report_omit", "paths"}
    again = Configuration(measured=noted).open(data_file=None)
    assert note_settings(again) == noted
    assert differ(noted, note_settings(again)) == []
    assert differ(noted, {**noted, "paths": {}, "omit": ["z"]}) == ["omit"]
    assert note_settings(coverage.Coverage(config_file=False, data_file=None)) == {}
