"""``profcov dashboard`` from arguments to the page and exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profcov.cli.main import DATA, main
from profcov.reading.report.dashboard.page import read_data
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from typing import Any

    from tests.unit.conftest import Tree


@pytest.fixture
def project(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PROFILE_COVERAGE_DIR", "PROFILE_COVERAGE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    tree.write("app.py", "def f():\n    return 1\n\n\ndef g():\n    return 2\n")
    tree.write("coverage.profile-playback.ini", "[run]\nsource = .\nrelative_files = true\n")
    return tree.root


def record(slug: str, lines: set[int], jobs: dict[str, str | None] | None = None) -> None:
    data = Path(".profcov").absolute()
    facts = {"sources": {"app.py": file_digest("app.py")}, "imported": ["app.py"]}
    write_shard(DataDirectory(data), Slug(slug), f"profile:{slug}", {"app.py": lines}, facts=facts)
    combine(DataDirectory(data), Slug(slug), config_file=Path("coverage.profile-playback.ini"), jobs=jobs)


def run(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["dashboard", *map(str, args)])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def read(path: Path | str) -> dict[str, Any]:
    return read_data(Path(path).read_text(encoding="utf-8"))


def test_it_writes_a_page_into_a_directory_or_into_a_file_and_says_where(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("one", {2})
    record("two", {2, 6})
    assert run(capsys) == (0, "artifacts/index.html\n", "")
    assert run(capsys, "--out", "new/dir") == (0, "new/dir/index.html\n", "")
    assert run(capsys, "one", "--out", "new/page.html", "--title", "The shop") == (0, "new/page.html\n", "")
    assert [each["slug"] for each in read("artifacts/index.html")["profiles"]] == ["one", "two"]
    page = read("new/page.html")
    assert ([each["slug"] for each in page["profiles"]], page["title"]) == (["one"], "The shop")
    assert sorted(path.name for path in Path("new").iterdir()) == ["dir", "page.html"]


def test_jobs_that_have_not_ended_are_named_by_the_page_and_by_report(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("one", {2}, jobs={"j-1": "queued"})
    assert run(capsys) == (0, "artifacts/index.html\n", "")
    (one,) = read("artifacts/index.html")["profiles"]
    assert (one["status"], one["reasons"]) == ("partial", ["jobs-unfinished: j-1"])
    with pytest.raises(SystemExit):
        main(["report"])
    printed = capsys.readouterr()
    assert "one\tpartial; jobs-unfinished\t" in printed.out
    assert printed.err == "one: jobs-unfinished: j-1\n"


def test_it_says_what_is_not_in_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", {2})
    record("two", {6})
    Path("broken.py").write_text("def f(:\n", encoding="utf-8")
    assert run(capsys, "two")[0] == 0
    assert read("artifacts/index.html")["truncated"] == [
        "1 profile of the data directory, one first: not named, or not combined yet.",
        "1 source file: cannot be measured.",
    ]


def test_it_shows_what_has_changed_since_an_earlier_matrix(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", {2})
    with pytest.raises(SystemExit):
        main(["matrix", "--out", "before"])
    record("one", {6})
    capsys.readouterr()
    assert run(capsys, "--since", "before")[0] == 0
    changes = read("artifacts/index.html")["changes"]
    assert (changes["since"], changes["gained"], changes["lost"]) == (
        "before",
        [["app:g", ["one"]]],
        [["app:f", ["one"]]],
    )


def test_a_profile_that_is_not_asked_for_is_not_gone(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", {2})
    record("two", {6})
    with pytest.raises(SystemExit):
        main(["matrix", "--out", "before"])
    capsys.readouterr()
    assert run(capsys, "two", "--since", "before")[0] == 0
    assert read("artifacts/index.html")["changes"]["gone_profiles"] == []


def test_it_shows_how_profiles_were_played_and_the_command_that_plays_them(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("one", {2})
    results = {"profile": "one", "seconds": 1.25, "requests": 3}
    Path("played.json").write_text(
        json.dumps({"schema_version": 2, "profiles": [results, {**results, "profile": "x"}]})
    )
    assert run(capsys, "--playback", "played.json", "--profiles", "tests/profiles")[0] == 0
    (one,) = read("artifacts/index.html")["profiles"]
    assert (one["seconds"], one["requests"]) == (1.25, 3)
    assert one["replay"] == "profcov playback tests/profiles --select one --trace-code"


def test_without_a_place_for_profiles_there_is_no_command_that_could_not_work(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record("one", {2})
    assert run(capsys)[0] == 0
    assert read("artifacts/index.html")["profiles"][0]["replay"] == ""
    Path("profiles").mkdir()
    assert run(capsys)[0] == 0
    assert (
        read("artifacts/index.html")["profiles"][0]["replay"] == "profcov playback profiles --select one --trace-code"
    )


def test_the_command_that_replays_a_profile_has_the_data_directory_and_configuration_of_the_page(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record("one", {2})
    Path(".profcov").rename("data")
    (project / "sub").mkdir()
    (project / "sub" / "coverage.profile-playback.ini").write_text("[run]\nsource = .\nrelative_files = true\n")
    common = "profcov playback p --select one --trace-code --data-dir data"
    assert run(capsys, "--profiles", "p", "--data-dir", "data")[0] == 0
    assert read("artifacts/index.html")["profiles"][0]["replay"] == common
    monkeypatch.setenv("PROFILE_COVERAGE_DIR", "data")
    assert run(capsys, "--profiles", "p", "--config", "sub/coverage.profile-playback.ini")[0] == 0
    replay = read("artifacts/index.html")["profiles"][0]["replay"]
    assert replay == f"{common} --config {project}/sub/coverage.profile-playback.ini"


def test_in_a_repository_it_names_the_commit(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record("one", {2})
    assert run(capsys)[0] == 0
    assert "Commit" not in dict(read("artifacts/index.html")["about"])
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "app.py"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert run(capsys)[0] == 0
    assert dict(read("artifacts/index.html")["about"])["Commit"] == head


@pytest.mark.parametrize(
    "figures",
    [
        '"seconds": 1e999, "requests": 1',
        '"seconds": 1, "requests": 1e999',
        '"seconds": "1"',
        f'"seconds": 1{"0" * 400}, "requests": 1',
    ],
)
def test_figures_of_a_playback_that_are_none_are_refused(
    project: Path, capsys: pytest.CaptureFixture[str], figures: str
) -> None:
    record("one", {2})
    Path("played.json").write_text(f'{{"schema_version": 2, "profiles": [{{"profile": "one", {figures}}}]}}')
    code, _, err = run(capsys, "--playback", "played.json")
    assert (code, err.count("\n")) == (3, 1)
    assert "it has no results of this version" in err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--since", "nowhere"], "`profcov matrix --out DIR` makes it"),
        (["--playback", "nowhere.json"], "`profcov playback --json FILE` makes it"),
        (["--playback", "bad.json"], "it has no results of this version"),
        (["--out", "app.py"], "cannot write app.py/index.html: app.py is not a directory"),
        (["nope"], "nothing was recorded there for nope"),
    ],
)
def test_what_cannot_be_used_is_one_clear_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], args: list[str], words: str
) -> None:
    record("one", {2})
    bad = {"schema_version": 2, "profiles": [{"profile": "one", "seconds": "1", "requests": 1}]}
    Path("bad.json").write_text(json.dumps(bad))
    code, printed, err = run(capsys, *args)
    assert (code, printed) == (DATA, "")
    assert words in err
    assert err.count("\n") == 1
