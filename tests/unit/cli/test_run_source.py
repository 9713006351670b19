from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

import click
import pytest
from coverage import Coverage

from profcov.cli.main import USAGE, main
from profcov.cli.run_source import describe, find_application, write_omissions, write_sources
from profcov.configuration.omissions import omit_by_name
from profcov.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.settings import EngineChoice

NAMED = ("tests/*", "migrations/*", "test_*.py", "tests.py", "conftest.py")


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("pygmentize -V", ["pygments"]),  # a script of this environment's
        ("python -m rich", ["rich"]),
        (f"{sys.executable} -m rich", ["rich"]),
        ("python -m gunicorn rich.app:app -k gevent", ["rich"]),
        ("gunicorn rich.app:app -k gevent --bind localhost:8000", ["rich"]),
        ("gunicorn rich.app:create('x') -w 2", ["rich"]),
        ("flask --app rich.shop run -p 5000", ["rich"]),
        ("flask --app=rich:shop run", ["rich"]),
        ("ddtrace-run uvicorn --factory rich.shop:make", ["rich"]),
        ("opentelemetry-instrument pygmentize", ["pygments"]),
        ("python main.py", []),
        ("python -m flask run", []),
        ("python -m json", []),  # of the standard library
        ("gunicorn local.app:app -k rich", []),  # beside the command: measured unasked
        ("flask --app local run", []),
        ("gunicorn nowhere.to.be_found:app", []),
        ("rq worker rich", []),
        ("no-such-command", []),
    ],
)
def test_the_installed_application_that_a_command_starts_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, found: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", sysconfig.get_path("scripts"))
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "app.py").touch()
    assert find_application(command.split()) == found
    (tmp_path / ".coveragerc").write_text("[run]\nbranch = true\n")  # who has one says what is measured
    assert find_application(command.split()) == []


def test_beside_code_of_ones_own_a_script_may_start_that_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").touch()
    assert find_application(["python", "-m", "rich", "app.py"]) == []
    assert find_application(["gunicorn", "rich.app:app"]) == ["rich"]
    assert find_application(["gunicorn", "app:app"]) == []


def test_all_packages_of_a_distribution_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert {"yaml", "_yaml"} <= set(find_application(["python", "-m", "yaml"]))


def test_a_source_is_a_directory_a_package_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "app.py").touch()
    assert write_sources(["src", "rich", "rich.text"]) == [
        "source =",
        f"    {tmp_path / 'src'}",
        "source_pkgs =",
        "    rich",
        "    rich.text",
    ]
    assert write_sources(["app.py"]) == ["include =", f"    {tmp_path / 'app.py'}"]
    with pytest.raises(click.BadParameter, match=r"'scr' is neither an existing directory or file, nor a package"):
        write_sources(["scr"])
    with pytest.raises(click.BadParameter, match=r"app\.py is a file: give files only, or the directories"):
        write_sources(["src", "app.py"])


def test_a_source_whose_name_is_not_utf_8_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    with pytest.raises(SystemExit) as caught:
        main(["run", "--source", os.fsdecode(b"caf\xe9"), "--", "true"])
    assert caught.value.code == USAGE
    assert "its name is not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sources", "given", "written"),
    [
        (["src"], [], [f"{{here}}/src/**/{name}" for name in NAMED]),
        (["rich.text"], [], [f"*/rich/text/**/{name}" for name in NAMED]),
        (["app.py"], [], []),
        (["src"], ["*/old/*", "src/gen/*", "gen_*.py"], ["*/old/*", "{here}/src/gen/*", "gen_*.py"]),
        (["src"], [""], ["nothing"]),
    ],
)
def test_tests_and_migrations_are_omitted_unless_something_else_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: list[str], given: list[str], written: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "app.py").touch()
    (tmp_path / "run.ini").write_text("\n".join(["[run]", *write_sources(sources), *write_omissions(sources, given)]))
    reader = Coverage(config_file="run.ini", data_file=None)
    assert reader.get_option("run:omit") == [each.format(here=tmp_path) for each in written]
    by_name = omit_by_name(reader)  # what was written unasked is known again as that
    assert by_name == ([] if given or not written else reader.get_option("run:omit"))


@pytest.mark.parametrize(
    ("files", "measured"),
    [
        ({}, "all that is not installed"),
        ({".coveragerc": "[run]\nsource =\n  shop\n  carts\ninclude = no\n"}, "shop, carts"),
        (
            {
                ".coveragerc": "[report]\nskip_empty = true\n",
                "pyproject.toml": "[tool.coverage.run]\nsource = ['no']\n",
            },
            "all that is not installed",
        ),
        ({"tox.ini": "[run]\nsource = no\n"}, "all that is not installed"),
        ({"tox.ini": "[coverage:run]\nsource_pkgs = shop\n"}, "shop"),
        ({"pyproject.toml": "[tool.coverage.run]\ninclude = ['shop/*']\n"}, "shop/*"),
        ({".coveragerc": "[run]\nsource = ${PLACE}/shop\n"}, "here/shop"),
        ({"other.ini": "[run]\nsource = shop\n", ".coveragerc": "[run]\nsource = no\n"}, "shop"),
        ({".coveragerc": f"[run]\nsource = {'x' * 300}\n"}, f"{'x' * 197}..."),
    ],
)
def test_the_line_at_start_has_the_source_that_coverage_py_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], measured: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLACE", "here")
    if "other.ini" in files:
        monkeypatch.setenv("COVERAGE_RCFILE", "other.ini")
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    engine = "monitoring" if hasattr(sys, "monitoring") else "ctrace"
    assert describe(Settings(data_dir=tmp_path)) == f"recording into {tmp_path}, engine {engine}, measuring {measured}"


@pytest.mark.parametrize(("branch", "choice"), [("true", "auto"), ("false", "ctrace")])
def test_the_line_at_start_has_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, branch: str, choice: EngineChoice
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".coveragerc").write_text(f"[run]\nbranch = {branch}\n")
    assert ", engine ctrace, " in describe(Settings(engine=choice))
