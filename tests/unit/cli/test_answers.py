"""What commands print: one word a column in every format, JSON alone on standard output, and silence with ``-q``."""

from __future__ import annotations

import ast
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from profcov.cli.answer import print_answer
from profcov.cli.columns import COLUMNS
from profcov.cli.main import COMMANDS, main, profcov
from profcov.reading.report.drift import TITLES as OF_CHANGES
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., tuple[int, str, str]]

CLI = Path(main.__code__.co_filename).parent
NOT_ROWS = {"completion", "coverage", "profiles schema", "rq", "run", "wait"}
"""What prints a script, a schema, what others print, or nothing."""
PROFILE = "slug: shop\nbase_url: http://127.0.0.1:1\nsteps:\n- name: look\n  request: {path: /}\n"
OFFLINE = [
    (("status",), "profiles"),
    (("combine", "--keep"), "profiles"),
    (("report",), "profiles"),
    (("symbols", "--check"), "changes"),
    (("clean", "shop", "--dry-run"), "profiles"),
    (("profiles", "list", "shop.yaml"), "profiles"),
    (("profiles", "check", "shop.yaml"), "profiles"),
    (("profiles", "convert", "shop.yaml", "-o", "converted", "--force"), "profiles"),
    (("playback", "shop.yaml", "--dry-run"), "requests"),
]
QUIET = [("status",), ("report",), ("matrix",), ("doctor",), ("clean", "shop", "--dry-run")]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command where a profile was recorded, one waits to be combined, and the source has changed since."""
    monkeypatch.chdir(tmp_path)
    for name in ("DIR", "CONFIG", "MAX_BYTES"):
        monkeypatch.delenv(f"PROFILE_COVERAGE_{name}", raising=False)
    Path("coverage.profile-playback.ini").write_text("[run]\nsource = .\nrelative_files = true\n")
    Path("app.py").write_text("def f():\n    return 1\n")
    Path("shop.yaml").write_text(PROFILE)
    for slug in ("shop", "shelf"):
        write_shard(DataDirectory(tmp_path / ".profcov"), Slug(slug), f"profile:{slug}", {"app.py": {2}})
    combine(DataDirectory(tmp_path / ".profcov"), Slug("shop"), config_file=Path("coverage.profile-playback.ini"))

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main(list(words))
        captured = capsys.readouterr()
        return int(str(done.value.code)), captured.out, captured.err

    call("symbols", "--out", "artifacts/coverage-symbols.json")
    write_shard(DataDirectory(tmp_path / ".profcov"), Slug("shop"), "profile:shop", {"app.py": {1}})
    return call


def list_commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(profcov, info_name="profcov")
    for name in COMMANDS:
        command = profcov.get_command(context, name)
        if isinstance(command, click.Group) and name != "rq":
            inner = click.Context(command, info_name=name)
            found = {f"{name} {each}": command.get_command(inner, each) for each in command.commands}
            yield from ((words, each) for words, each in found.items() if each is not None)
        elif command is not None and name != "rq":
            yield name, command


def list_titles() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each tuple of titles that a module of the command line gives to what prints rows."""
    for path in CLI.glob("*.py"):
        names = {"TITLES": OF_DEMO, "LEAST_MISSED": "", "is_narrow": False, "columns": ()}  # of functions
        names |= vars(importlib.import_module(f"profcov.cli.{path.stem}"))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"print_answer", "print_rows"}:
                yield path.stem, tuple(eval(ast.unparse(node.args[0]), names))


OF_DEMO = importlib.import_module("profcov.demo.table").TITLES


def test_every_column_of_every_command_is_in_the_one_table() -> None:
    titles = {*list_titles(), ("compare", OF_CHANGES)}
    assert {name for name, _ in titles} >= {"clean", "combine", "matrix", "overhead", "playback_output", "profiles"}
    assert [(name, title) for name, chosen in titles for title in chosen if title not in COLUMNS] == []


@pytest.mark.parametrize(
    ("words", "name"), OFFLINE, ids=lambda given: " ".join(given) if isinstance(given, tuple) else None
)
def test_rows_in_json_have_the_words_of_the_columns(
    run: Run, words: tuple[str, ...], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "--check" in words:
        Path("app.py").write_text("def g():\n    return 2\n")
    printed: list[tuple[str, ...]] = []

    def spy(columns: Any, rows: Any, form: str = "text", **options: Any) -> None:
        printed.append(columns)
        print_answer(columns, rows, form, **options)

    for module in ("clean", "combine", "playback_output", "profiles", "report", "status", "symbols"):
        monkeypatch.setattr(f"profcov.cli.{module}.print_answer", spy)
    _, text, _ = run(*words)
    code, out, _ = run(*words, "--format", "json")
    document = json.loads(out)
    assert (code in {0, 1}, document["schema_version"]) == (True, 1)
    assert len(document[name]) >= 1
    assert all({COLUMNS[title].key for title in printed[0]} <= set(row) for row in document[name])
    assert text.count("\n") >= len(document[name])


@pytest.mark.parametrize("name", [name for name, _ in list_commands()])
def test_every_command_can_be_quiet_and_print_json(name: str) -> None:
    options = {opt: param for param in dict(list_commands())[name].params for opt in param.opts}
    assert "--quiet" in options
    if name not in NOT_ROWS:
        kind = options["--format"].type
        assert isinstance(kind, click.Choice)
        assert "json" in kind.choices


@pytest.mark.parametrize("words", QUIET, ids=" ".join)
def test_a_quiet_command_says_nothing_on_standard_error(run: Run, words: tuple[str, ...]) -> None:
    run("combine")
    _, out, err = run(*words, "-q")
    assert (out != "", err) == (True, "")


def test_a_quiet_command_still_warns(run: Run) -> None:
    assert "shelf: left out, its data is not combined yet" in run("report", "shop", "-q")[2] + run("report", "-q")[2]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("combin",), 2, "no such command: combin; did you mean combine?"),
        (("profiles", "chek"), 2, "no such command: chek; did you mean check?"),
        (("rq", "wroker"), 2, "no such command: wroker; did you mean worker?"),
        (("qqq",), 2, "no such command: qqq\n"),
        (("combine", "--timeot", "3"), 2, "--timeout"),
        (("run", "--sorce", ".", "--", "true"), 2, "Did you mean --source?"),
        *(
            ((name, "shopp"), 3, "did you mean shop?")
            for name in ("combine", "clean", "report", "matrix", "dashboard", "coverage report")
        ),
    ],
)
def test_what_is_mistyped_is_named(run: Run, words: tuple[str, ...], code: int, told: str) -> None:
    ended, out, err = run(*" ".join(words).split())
    assert (ended, out) == (code, "")
    assert told in err.replace("'", "")  # which click puts around options since 8.4


def test_the_help_lists_the_commands_by_task_on_lines_of_80_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, out, _ = run("--help")
    listed = [line for line in out.splitlines() if line.startswith("  ") and line.split()[0] in COMMANDS]
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert all(line.split(None, 1)[1] == COMMANDS[line.split()[0]] for line in listed)
    assert max(map(len, out.splitlines())) <= 80
