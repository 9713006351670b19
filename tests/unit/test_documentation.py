"""The reference names everything there is, links lead somewhere, and the snippets are programs that work."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from said import without_start_line
from shards import new_shard_path

import profcov
from profcov import reasons as store_reasons
from profcov import settings
from profcov.cli import main as cli
from profcov.cli.columns import COLUMNS
from profcov.collector.config import _REFUSED, _SECTIONS, CoverageConfig
from profcov.errors import EngineUnavailableError
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.denial import Denial
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard
from profcov.wire import statuses

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "profcov"
MODULES = sorted(SOURCE.rglob("*.py"))
REFERENCE = ROOT / "docs" / "reference"
MAX_LINES = 400
WORDS = {"REJECTED", "UNSUPPORTED", "STATUS_HEADER"}  # of the module of statuses: what is no status
NOT_OURS = {".venv", ".nox", ".git", ".pytest_cache", "artifacts", "node_modules"}
PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part in NOT_OURS or part.startswith(".venv-") for part in path.relative_to(ROOT).parts)
)

# Where the first part of a path in `code` stands, so that pages may write `recording/unit.py`.
PLACES = {
    ROOT: ".ci .devcontainer .github docs examples frontend src tests tools typing_tests",
    SOURCE: "cli collector configuration demo doctor nightly playback queues reading recording store web wire zero_code",
    ROOT / "tests": "beside decisions exactness integration measuring support unit",
}

# Text that is neither in a fenced block nor in `code`: where links are links.
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
INDENTED = re.compile(r"^    (.*)$", re.MULTILINE)
OWN_NAME = re.compile(r"(profcov(?:\.\w+)+)(\(.*)?")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SNIPPET = re.compile(r"^<!-- test: (\w+) -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def first_cells(page: str, *, column: int = 0) -> list[str]:
    """The texts in `code` of one column of all tables of a reference page."""
    rows = [line.strip("|").split(" | ") for line in (REFERENCE / page).read_text().splitlines() if line[:1] == "|"]
    return [name for row in rows if len(row) > column for name in re.findall(r"`([^`]+)`", row[column])]


def first_cells_of(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# What there is, as the code says.


def error_codes() -> dict[str, str]:
    """Every error class of the package and its code, whichever module it is in."""
    classes = {
        node.name: node
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }

    def is_ours(name: str) -> bool:
        bases = [ast.unparse(base).rpartition(".")[2] for base in classes[name].bases]
        return name == "ProfcovError" or any(base in classes and is_ours(base) for base in bases)

    return {name: find_code(classes[name]) for name in classes if is_ours(name)}


def find_code(node: ast.ClassDef) -> str:
    values = {ast.unparse(each): each for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign)}
    codes = [each.value for text, each in values.items() if re.match(r"code\b", text)]
    assert len(codes) == 1, f"{node.name} has no code of its own"
    assert isinstance(codes[0], ast.Constant)
    return str(codes[0].value)


def calls_of(function: str) -> Iterator[ast.Call]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == function:
                yield node


def log_codes() -> set[str]:
    return {str(call.args[0].value) for call in calls_of("log_once") if isinstance(call.args[0], ast.Constant)}


def literals_like(pattern: str) -> set[tuple[str, str]]:
    """The strings in the code that a pattern matches whole, each with its module."""
    return {
        (path.relative_to(SOURCE).as_posix(), node.value)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(pattern, node.value)
    }


def setting_names() -> set[str]:
    values = [value for name, value in vars(settings).items() if name.isupper() and isinstance(value, str)]
    return {value for value in values if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", value)}


def exit_codes() -> set[int]:
    return {value for name, value in vars(cli).items() if name.isupper() and isinstance(value, int)} | {0}


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next of the same level."""
    level = heading.partition(" ")[0]
    text = (REFERENCE / page).read_text()
    assert f"{heading}\n" in text, f"docs/reference/{page} has no section {heading!r}"
    return re.split(rf"^{level} ", text.partition(f"{heading}\n")[2], flags=re.MULTILINE)[0]


# The reference.


def test_every_setting_has_its_line_and_every_line_its_setting() -> None:
    documented = {name for name in first_cells("settings.md") if name.isupper() and "_" in name}
    assert documented == setting_names()


@pytest.mark.parametrize("name", [None, *cli.COMMANDS])
def test_every_option_of_a_command_has_its_line_and_every_line_its_option(name: str | None) -> None:
    group = cli.profcov
    context = click.Context(group, info_name="profcov", help_option_names=["-h", "--help"])
    command = group if name is None else group.get_command(context, name)
    assert command is not None
    heading = "## profcov" if name is None else f"## profcov {name}"
    table = [line.split(" | ")[0] for line in section("commands.md", heading).splitlines() if line.startswith("| `")]
    documented = {word for row in table for word in re.findall(r"`([^`]+)`", row)}
    params = [*command.params]
    if isinstance(command, click.Group) and command is not group and name != "rq":
        params += [param for each in command.commands.values() for param in each.params]
    options = {opt for param in params if isinstance(param, click.Option) for opt in param.opts}
    if name == "rq":  # its commands are RQ's; what they have more than those is in tests/integration/rq/test_command.py
        options = {"--with-coverage"}
    arguments = {
        re.sub(r"[\[\].]", "", param.make_metavar(context)) for param in params if isinstance(param, click.Argument)
    }
    of_all = {"-h", "--help", "-q", "--quiet"}  # each command has them, and they are told once
    assert documented == (of_all | options if name is None else (options | arguments) - of_all)


def test_every_column_has_its_line_and_every_line_its_column() -> None:
    assert first_cells_of(section("commands.md", "## Columns")) == [*COLUMNS]


def test_every_command_has_its_section_and_every_section_its_command() -> None:
    sections = set(re.findall(r"^## profcov ?(.*)$", (REFERENCE / "commands.md").read_text(), re.MULTILINE))
    assert sections == {"", *cli.COMMANDS}


def test_every_exit_code_has_its_line() -> None:
    documented = {
        int(code) for code in re.findall(r"^\| (\d+) \|", section("errors.md", "## Exit codes"), re.MULTILINE)
    }
    assert documented == exit_codes()


def test_every_error_has_its_line_with_its_code_and_exit_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([\w-]+)` \| (\d+) \|", section("errors.md", "## Errors"), re.MULTILINE)
    assert {name: code for name, code, _ in rows} == error_codes()
    errors = importlib.import_module("profcov.errors")
    for name, _, exit_code in rows:
        if hasattr(errors, name):
            error = Exception.__new__(getattr(errors, name))
            assert cli.exit_code(error) == int(exit_code), name


def test_every_code_that_a_server_logs_has_its_line() -> None:
    documented = re.findall(r"^\| `([\w-]+)` \|", section("errors.md", "## What a server logs"), re.MULTILINE)
    assert set(documented) == log_codes()


def test_every_status_value_has_its_line() -> None:
    names = [name for name, value in vars(statuses).items() if name.isupper() and isinstance(value, str)]
    values = {getattr(statuses, name) for name in names if name not in WORDS}
    found_there = [
        Denial(Path(), "<user>", "me").public,
        EngineUnavailableError("<engine>", "<reason>").public,
        "<name of an exception>",
    ]
    assert set(first_cells("status-header.md")) == values | {statuses.unsupported(each) for each in found_there}
    assert {statuses.split_status(value)[0] for value in values} == {"traced", "disabled", "rejected", "unsupported"}


def test_statuses_and_labels_are_written_in_one_module_each() -> None:
    assert {path for path, _ in literals_like(r"(disabled|rejected|unsupported);.*")} == {"wire/statuses.py"}
    assert {path for path, _ in literals_like(r"\|?job:(other)?")} == {"wire/labels.py"}


def test_every_file_in_the_data_directory_has_its_line(tmp_path: Path) -> None:
    slug = parse_slug("shop")
    for line in (1, 2):
        write_shard(DataDirectory(tmp_path), slug, "profile:shop", {str(tmp_path / "shop.py"): {line}})
        made = combine(DataDirectory(tmp_path), slug)
    write_shard(DataDirectory(tmp_path), slug, "profile:shop", {str(tmp_path / "shop.py"): {3}})
    new_shard_path(tmp_path, slug).write_bytes(b"damaged")
    partial = combine(DataDirectory(tmp_path), slug)
    write_shard(DataDirectory(tmp_path), slug, "profile:shop", {str(tmp_path / "shop.py"): {4}})
    patterns = [as_pattern(name) for name in first_cells("files.md")]
    files = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 10
    assert [name for name in files if not any(pattern.fullmatch(name) for pattern in patterns)] == []
    assert made.complete
    assert set(partial.reasons) <= set(first_cells("files.md"))


def as_pattern(name: str) -> re.Pattern[str]:
    """A file name of the reference as a pattern: ``<slug>`` is any text without a dot, ``<shard>`` and ``<name>`` any."""
    parts = re.split(r"(<\w+>)", name)
    words = {"<shard>": "[^/]+", "<name>": "[^/]+", "<n>": "[0-9]+", "<pid>": "[0-9]+"}
    return re.compile("".join(words.get(p, "[^./]+") if p.startswith("<") else re.escape(p) for p in parts))


def test_every_key_of_a_sidecar_has_its_line(tmp_path: Path) -> None:
    slug = parse_slug("shop")
    write_shard(DataDirectory(tmp_path), slug, "profile:shop", {str(tmp_path / "shop.py"): {1}})
    facts = json.loads(combine(DataDirectory(tmp_path), slug).sidecar.read_text())
    rows = re.findall(r"^\| (`.+?`) \|", section("files.md", "## The sidecar"), re.MULTILINE)
    reasons = set(store_reasons.ALL)
    assert {key for row in rows for key in re.findall(r"`([^`]+)`", row)} == set(facts) | reasons


def test_every_key_of_a_collectors_configuration_has_its_line() -> None:
    text = (REFERENCE / "collector.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `coverage\.(\w+)\.(\w+)` \|", text, re.MULTILINE)
    assert [key for key, _, same in rows if key != same] == []
    keys = {(section, key) for section, names in _SECTIONS.items() for key in names}
    assert {(section, key) for _, section, key in rows} == keys
    assert {key for _, key in keys} == {field.name for field in fields(CoverageConfig)}
    assert [key for key in _REFUSED if f"`{key}`" not in text.replace("coverage.performance.", "")] == []


def test_the_schema_of_sidecars_knows_every_reason() -> None:
    schema = json.loads((ROOT / "docs/reference/sidecar.schema.json").read_text())
    reasons = set(store_reasons.ALL)
    assert set(schema["properties"]["reasons"]["items"]["enum"]) == reasons


def test_every_public_name_of_the_package_is_in_a_page() -> None:
    pages = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))
    names = [name for name in profcov.__all__ if name[0] != "_"]
    assert [name for name in names if f"profcov.{name}" not in pages] == []


# Pages and modules.


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    dead = []
    for target in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))):
        file, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = (page.parent / file).resolve() if file else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            dead.append(target)
    assert dead == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_and_modules_of_this_repository_exist(page: Path) -> None:
    text = FENCE.sub("", page.read_text())
    ours = (
        [] if name_of(page).startswith("docs/") else INDENTED.findall(text)
    )  # pages for users show commands of theirs
    words = {word.strip("\"',;") for code in CODE.findall(text) + ours for word in code.split()}
    paths = [(place, word) for place, names in PLACES.items() for word in words if word.split("/")[0] in names.split()]
    missing = [
        word for place, word in paths if "/" in word and not any(place.glob(re.sub(r"<\w+>", "*", word.rstrip("/"))))
    ]
    names = [found[1] for word in words if (found := OWN_NAME.fullmatch(word))]
    assert (missing, [name for name in names if not is_there(name)]) == ([], [])


def is_there(name: str) -> bool:
    """Whether a dotted name is a file of the package, or a name in the deepest module that it leads to."""
    place, (_, *rest) = SOURCE, name.split(".")
    while rest and place.joinpath(rest[0]).is_dir():
        place /= rest.pop(0)
    if rest and place.joinpath(f"{rest[0]}.py").is_file():
        place /= f"{rest.pop(0)}.py"
    module = place / "__init__.py" if place.is_dir() else place
    is_file = (SOURCE.parent / name).is_file()
    return is_file or not rest or (len(rest) == 1 and bool(re.search(rf"\b{rest[0]}\b", module.read_text())))


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them."""
    titles = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text())}
    assert [name_of(page) for page in (ROOT / "docs").rglob("*.md") if page != index and page not in linked] == []


def test_no_module_is_too_long() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


# Snippets: a Python block below `<!-- test: kind -->` is a complete program.

CHECKS = {
    "program": "",
    "wsgi": """
from werkzeug.test import Client
answer = Client(app).get("/", headers={"X-Profile-Trace": "check"})
assert answer.headers["X-Profile-Trace-Status"] == "traced", answer.headers
""",
    "asgi": """
import asyncio, httpx, logging
logging.getLogger("httpx").setLevel("WARNING")  # Litestar sets up logging
async def ask():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get("/", headers={"X-Profile-Trace": "check"})
answer = asyncio.run(ask())
assert answer.headers["X-Profile-Trace-Status"] == "traced", answer.headers
""",
    "rq": """
import profcov, redis, rq
found = redis.Redis.from_url(REDIS_URL)
target = queue if "queue" in globals() else rq.Queue(connection=found)
target.connection = found
with profcov.trace("check"):
    job = target.enqueue(print)
assert job.meta == {"profile_trace_slug": "check"}, job.meta
assert found.smembers("profcov:jobs:check") == {job.id.encode()}
found.flushdb()
""",
}
SNIPPETS = [
    pytest.param(kind, code, id=f"{name_of(page)}-{number}-{kind}")
    for page in PAGES
    for number, (kind, code) in enumerate(SNIPPET.findall(page.read_text()), 1)
]


@pytest.mark.parametrize(("kind", "code"), SNIPPETS)
def test_a_snippet_does_what_it_says(kind: str, code: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("redis_url") if kind == "rq" else ""
    environment = {**os.environ, "ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_DIR": str(tmp_path / "data")}
    program = f"REDIS_URL = {url!r}\n{code.replace('/tmp/', f'{tmp_path}/')}\n{CHECKS[kind]}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, without_start_line(done.stderr)) == (0, ""), done.stderr


def test_every_python_block_is_a_tested_snippet_or_a_file_of_a_tested_page() -> None:
    untested = []
    for page in PAGES:
        text = page.read_text()
        blocks = re.findall(r"^(.*)\n```python$", text, re.MULTILINE)
        untested += [f"{name_of(page)}: {above}" for above in blocks if not re.match(r"<!-- (test|file): ", above)]
    assert untested == []
