"""``profcov matrix``, ``report`` and ``compare`` from arguments to files and exit codes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from coverage import CoverageData

from profcov.cli.main import DATA, FAILED, USAGE, main
from profcov.reading.report.matrix_files import NAMES
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(one_file_project: Path) -> Path:
    (one_file_project / "idle.py").write_text("def f():\n    return 1\n")
    return one_file_project


def record(slug: str, lines: list[int], context: str = "") -> None:
    """Record lines of app.py, as a process does, and combine them with what there is."""
    facts = {"sources": {"app.py": file_digest("app.py")}, "imported": ["app.py"]}
    data = Path(".profcov").absolute()
    write_shard(DataDirectory(data), Slug(slug), f"profile:{slug}{context}", {"app.py": set(lines)}, facts=facts)
    combine(
        DataDirectory(data),
        Slug(slug),
        append=(data / f"{slug}.coverage").exists(),
        config_file=Path("coverage.profile-playback.ini"),
    )


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([*args])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def schema(name: str) -> Any:
    return json.loads((ROOT / "docs" / "reference" / f"{name}.schema.json").read_text())


def test_each_profile_has_a_row(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", [2, 7])
    record("two", [2])
    titles = "profile\tlines\tunique lines\tsymbols\tunique symbols\tfiles\n"
    assert run(capsys, "matrix", "two", "one", "two") == (0, f"{titles}one\t2\t1\t4\t2\t1\ntwo\t1\t0\t2\t0\t1\n", "")
    assert run(capsys, "matrix", "one") == (0, f"{titles}one\t2\t2\t4\t4\t1\n", "")


def test_the_files_say_what_the_profiles_cover_in_both_directions(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("one", [2, 7])
    record("two", [2])
    assert run(capsys, "matrix", "--out", "out")[0] == 0
    out = project / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(NAMES)
    profiles = json.loads((out / "profile-symbols.json").read_text())
    jsonschema.validate(profiles, schema("profile-symbols"))
    assert profiles["profiles"]["two"] == {
        "status": "complete",
        "reasons": [],
        "lines": 1,
        "files": 1,
        "symbol_count": 2,
        "unique_count": 0,
        "unique_lines": 0,
        "unknown_files": [],
        "symbols": ["app", "app:f"],
    }
    symbols = json.loads((out / "symbol-profiles.json").read_text())
    jsonschema.validate(symbols, schema("symbol-profiles"))
    assert {name: facts["profiles"] for name, facts in symbols["symbols"].items()} == {
        "app": ["one", "two"],
        "app:f": ["one", "two"],
        "app:C": ["one"],
        "app:C.g": ["one"],
        "idle": [],
        "idle:f": [],
    }
    gaps = json.loads((out / "gaps.json").read_text())
    jsonschema.validate(gaps, schema("gaps"))
    assert [each["name"] for each in gaps["modules"]["never_imported"]] == ["idle"]
    with (out / "coverage-matrix.csv").open(newline="") as file:
        assert list(csv.reader(file))[:3] == [
            ["symbol", "kind", "file", "profile:one", "profile:two"],
            ["app", "module", "app.py", "1", "1"],
            ["app:f", "function", "app.py", "1", "1"],
        ]
    assert "| `app:C.g` | `one` | 1 |" in (out / "summary.md").read_text()
    assert run(capsys, "matrix", "--format", "json")[1] == (out / "profile-symbols.json").read_text()
    assert run(capsys, "matrix", "--format", "md")[1] == (out / "summary.md").read_text()


def test_an_inventory_file_stands_in_for_the_sources(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", [2])
    expected = run(capsys, "matrix")
    run(capsys, "symbols", "--out", "inventory.json")
    (project / "app.py").unlink()
    assert run(capsys, "matrix", "--inventory", "inventory.json") == expected


def test_an_inventory_of_other_sources_than_ran_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", [2])
    source = (project / "app.py").read_text()
    (project / "app.py").write_text("# new\n" + source)
    run(capsys, "symbols", "--out", "inventory.json")
    (project / "app.py").write_text(source)
    assert run(capsys, "matrix")[0] == 0
    code, printed, err = run(capsys, "matrix", "--inventory", "inventory.json")
    assert (code, printed) == (DATA, "")
    assert "app.py changed since it was recorded" in err
    assert run(capsys, "matrix", "--inventory", "inventory.json", "--ignore-source-changes")[0] == 0


def test_what_is_left_out_is_reported_beside_the_result(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "broken.py").write_text("def f(:\n")
    data = CoverageData(basename=str(project / ".profcov" / "one.coverage"))
    (project / ".profcov").mkdir()
    data.add_lines({"app.py": [2], "/elsewhere/lib.py": [1]})
    data.write()
    write_shard(DataDirectory(project / ".profcov"), Slug("late"), "profile:late", {"app.py": {2}})
    code, printed, err = run(capsys, "matrix")
    assert code == 0
    assert printed.splitlines()[1:] == ["one\t1\t1\t2\t2\t1"]
    said = err.splitlines()
    assert len(said) == 3
    assert said[0].startswith("late: left out")
    assert "profcov combine late" in said[0]
    assert said[1].startswith("broken.py: cannot be measured: not Python")
    assert said[2].startswith("one: 1 of its files")
    assert "/elsewhere/lib.py first: its source is not here: a frozen program has none" in said[2]


def test_a_file_that_is_here_and_not_measured_is_a_matter_of_the_configuration(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "lib").mkdir()
    (project / "lib" / "other.py").write_text("x = 1\n")
    (project / "coverage.profile-playback.ini").write_text("[run]\nsource = .\nomit = lib/*\nrelative_files = true\n")
    facts = {"sources": {"app.py": file_digest("app.py")}, "imported": []}
    write_shard(
        DataDirectory(project / ".profcov"), Slug("p"), "profile:p", {"app.py": {2}, "lib/other.py": {1}}, facts=facts
    )
    combine(DataDirectory(project / ".profcov"), Slug("p"), config_file=Path("coverage.profile-playback.ini"))
    assert "lib/other.py first: run this where the server ran, with the same --config" in run(capsys, "matrix")[2]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["nope"], DATA, "nothing was recorded there for nope"),
        (["--data-dir", "empty"], DATA, "empty: it holds no artifact"),
        (["../etc"], USAGE, "'../etc' is not a slug"),
        (["--config", "missing.ini"], USAGE, "missing.ini"),
        (["--inventory", "missing.json"], DATA, "profcov symbols --out"),
        (["--inventory", "app.py"], DATA, "app.py: it is not JSON"),
        (["--out", "app.py"], USAGE, "is a file"),
        (["--out", "app.py/x"], DATA, "cannot write app.py/x/profile-symbols.json"),
    ],
)
@pytest.mark.parametrize("command", ["matrix", "report"])
def test_bad_input_is_one_sentence_and_an_exit_code(  # noqa: PLR0917
    project: Path, capsys: pytest.CaptureFixture[str], command: str, args: list[str], code: int, words: str
) -> None:
    record("one", [2])
    if command == "report":
        words = words.replace("profile-symbols", "one-coverage")
    found, printed, err = run(capsys, command, *args)
    assert (found, printed) == (code, "")
    assert words in err
    assert len(err.splitlines()) == 1 or code == USAGE


def test_a_sidecar_with_wrong_values_is_no_traceback(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", [2])
    sidecar = project / ".profcov" / "one.profile.json"
    facts = json.loads(sidecar.read_text())
    wrong: list[dict[str, Any]] = [
        *({key: 5} for key in ("reasons", "imported", "jobs", "changed_sources", "sources", "created", "ran_outside")),
        *({"ran_outside": {"app.py": each}} for each in (None, 5, ["x"])),
        *({"settings": {"plugin_options": each}} for each in (["x"], {"x": 1})),
        *({"settings": {"source": each}} for each in (5, [5])),
        *({"sources": {"app.py": []}}, {"jobs": [{"id": "1"}]}, {"other_settings": [{"root": 5}]}),
    ]
    for each in wrong:
        sidecar.write_text(json.dumps({**facts, **each}))
        for command in ("matrix", "report"):
            code, printed, err = run(capsys, command, "--out", "out")
            assert (code, printed) == (DATA, ""), each
            assert f"values in it are not what they should be: {next(iter(each))}" in err
            assert len(err.splitlines()) == 1


def test_a_report_says_what_one_profile_runs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", [2])
    record("one", [7], context="|job:app.work")
    code, printed, err = run(capsys, "report", "--html")
    assert (code, err) == (0, "")
    assert printed.splitlines()[1] == "one\tcomplete\t1\t2\t5\t40.0\t66.7\t4\t2\t0"
    document = json.loads((project / "artifacts" / "one-coverage.json").read_text())
    jsonschema.validate(document, schema("profile-coverage"))
    assert document["summary"] == {
        "file_count": 1,
        "module_count": 1,
        "class_count": 1,
        "function_count": 2,
        "lines_covered": 2,
        "lines_total": 5,
        "coverage_percent": 40.0,
        "body_lines_covered": 2,
        "body_lines_total": 3,
        "reach_percent": pytest.approx(66.667, abs=0.001),
    }
    assert document["symbols"][1] == {
        "name": "app:C.g",
        "file": "app.py",
        "line_span": [6, 7],
        "executed_lines": [7],
        "covered": True,
    }
    assert document["jobs"]["symbols_only_in_jobs"] == [
        {"name": "app:C", "functions": ["app.work"]},
        {"name": "app:C.g", "functions": ["app.work"]},
    ]
    assert document["integrity"]["status"] == "complete"
    page = next((project / "artifacts" / "html" / "one").glob("app_py.html")).read_text()
    assert "profile:one|job:app.work" in page
    first = (project / "artifacts" / "one-coverage.json").read_bytes()
    run(capsys, "report")
    assert (project / "artifacts" / "one-coverage.json").read_bytes() == first


def test_parquet_without_its_library_is_one_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record("one", [2])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    code, _, err = run(capsys, "matrix", "--out", "out", "--parquet")
    assert (code, "pip install 'pyarrow>=" in err) == (USAGE, True)
    assert not (project / "out").exists()


def test_parquet_holds_what_the_csv_file_does(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    record("one", [2, 7])
    record("file", [2])  # a slug may be called what a column is
    assert run(capsys, "matrix", "--out", "out", "--parquet")[0] == 0
    table = parquet.read_table(project / "out" / "coverage-matrix.parquet")
    with (project / "out" / "coverage-matrix.csv").open(newline="") as file:
        titles, *rows = csv.reader(file)
    assert table.column_names == titles
    found = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    assert found == [(*row[:3], *(cell == "1" for cell in row[3:])) for row in rows]
    assert run(capsys, "matrix", "--out", "out")[0] == 0
    assert not (project / "out" / "coverage-matrix.parquet").exists()


def compare_after_a_change(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", [2, 7])
    record("two", [2])
    run(capsys, "matrix", "--out", "old")
    source = (project / "app.py").read_text()
    (project / "app.py").write_text(
        "\n\n" + source.replace("def g", "def renamed") + "\n\ndef fresh():\n    return 3\n"
    )
    for path in (project / ".profcov").iterdir():
        if path.is_file():
            path.unlink()
    record("one", [9, 13])
    record("three", [4])
    run(capsys, "matrix", "--out", "new")


def test_two_matrices_are_compared_profile_by_profile(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare_after_a_change(project, capsys)
    code, printed, err = run(capsys, "compare", "old", "new")
    assert (code, err) == (0, "")
    assert printed.splitlines() == [
        "change\tprofile\tsymbol\twas",
        "lost\tone\tapp:f\t",
        "gained\tone\tapp:fresh\t",
        "new profile\tthree\t\t",
        "gone profile\ttwo\t\t",
        "new symbol\t\tapp:fresh\t",
        "renamed symbol\t\tapp:C.renamed\tapp:C.g",
    ]
    code, printed, _ = run(capsys, "compare", "old", "new", "--format", "json")
    document = json.loads(printed)
    jsonschema.validate(document, schema("drift"))
    assert document["profiles"]["one"] == {
        "state": "same",
        "partial": False,
        "was_partial": False,
        "gained": ["app:fresh"],
        "lost": ["app:f"],
        "vanished": [],
    }
    printed = run(capsys, "compare", "old", "new", "--format", "md")[1]
    assert "## `one`\n\nLost: 1\n\n- `app:f`\n" in printed
    code, _, err = run(capsys, "compare", "old", "new", "--fail-on-loss")
    assert (code, err) == (FAILED, "profcov: symbols were lost by one\n")
    assert run(capsys, "compare", "new", "new", "--fail-on-loss")[0] == 0


@pytest.mark.parametrize("damage", ['{"schema_version": 1, "symbols": {"a": 1}}', "{", '{"schema_version": 1}'])
def test_what_is_no_matrix_cannot_be_compared(project: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    record("one", [2])
    run(capsys, "matrix", "--out", "old")
    assert run(capsys, "compare", "old", "nowhere")[0] == DATA
    (project / "old" / "symbol-profiles.json").write_text(damage)
    code, printed, err = run(capsys, "compare", "old", "old")
    assert (code, printed, len(err.splitlines())) == (DATA, "", 1)


def test_the_tools_are_the_same_doors(project: Path) -> None:
    record("one", [2])
    for tool in ("generate_reports", "build_matrix"):
        subprocess.run([sys.executable, str(ROOT / "tools" / "profile_coverage" / f"{tool}.py")], check=True)
    assert {"one-coverage.json", *NAMES} <= {path.name for path in (project / "artifacts").iterdir()}
