"""Non-public names of coverage.py: that those we use are as we use them, and that nobody else uses any."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import coverage
import coverage.config
import coverage.exceptions
import coverage.files
import coverage.inorout
import coverage.tracer
import pytest

import profcov
from profcov.configuration.file_rules import FileRules, match_files
from profcov.configuration.options import SOURCES
from profcov.recording.engine.c_tracer import by_code, make_tracer, make_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SOURCE = Path(profcov.__file__).parent
ALLOWED = {"configuration/file_rules.py", "recording/engine/c_tracer.py"}
PUBLIC = {"coverage", "coverage.exceptions", "coverage.types"}


def parameters(function: Callable[..., object]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_the_functions_that_name_files_are_as_we_call_them() -> None:
    assert len(parameters(coverage.files.abs_file)) == 1
    assert len(parameters(coverage.files.relative_filename)) == 1
    assert parameters(coverage.files.set_relative_directory) == []


def test_what_decides_on_a_file_is_made_and_asked_as_we_do() -> None:
    making = inspect.signature(coverage.inorout.InOrOut.__init__)
    making.bind(None, coverage.Coverage().config, lambda *_: None, None, include_namespace_packages=False)
    asking = inspect.signature(coverage.inorout.InOrOut.should_trace)
    asking.bind(None, "file.py", None)
    decider = coverage.inorout.InOrOut(
        coverage.Coverage(config_file=False).config, lambda *_: None, None, include_namespace_packages=False
    )
    decider.plugins = type("NoPlugins", (), {"file_tracers": ()})()
    disposition = decider.should_trace(str(Path(__file__)), None)
    assert disposition.trace
    assert disposition.source_filename == str(Path(__file__))


def test_what_decides_on_a_file_has_the_rules_that_we_ask_about_links(tmp_path: Path) -> None:
    tool = coverage.Coverage(config_file=False, source=[str(tmp_path)], omit=["left.py"])
    decider: Any = coverage.inorout.InOrOut(tool.config, lambda *_: None, None, include_namespace_packages=False)
    known = vars(decider)
    assert known.get("source_dirs", known.get("source")) == [str(tmp_path)]  # coverage.py before 7.8 has the second
    inside, left = str(tmp_path / "in.py"), str(Path("left.py").resolve())
    assert [decider.source_match.match(each) for each in (inside, left)] == [True, False]
    assert [decider.omit_match.match(each) for each in (inside, left)] == [False, True]
    assert [decider.third_match.match(each) for each in (inside, coverage.__file__)] == [False, True]
    bare: Any = coverage.inorout.InOrOut(
        coverage.Coverage(config_file=False).config, lambda *_: None, None, include_namespace_packages=False
    )
    assert bare.omit_match is None


def test_what_decides_on_a_file_can_be_asked_by_who_reads_of_folders_that_stand_in_for_sources(tmp_path: Path) -> None:
    tool = coverage.Coverage(config_file=False, source=["elsewhere"], source_pkgs=["nowhere"], omit=["left.py"])
    assert [getattr(tool.config, name) for name in SOURCES[:2]] == [["elsewhere"], ["nowhere"]]
    rules = FileRules(tool, [str(tmp_path)])
    inside, odd, left = (str(tmp_path / name) for name in ("in.py", "od\udce9.py", "left.py"))
    assert [rules.measure(each, each) for each in (inside, odd, left, "/elsewhere/in.py")] == [True, True, False, False]
    assert [rules.omit(each, each) for each in (inside, left)] == [False, True]
    assert [rules.omit("/elsewhere/in.py", left), rules.name_of(inside)] == [True, inside]
    assert tool.config.source == ["elsewhere"]


def test_file_patterns_are_coverage_py_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for pattern, name in (
        ("a.py", "/x/y/a.py"),
        ("sub/*", f"{tmp_path.resolve()}/sub/b/c.py"),
        ("*/[ab].p?", "/x/a.py"),
    ):
        assert (match_files([pattern])(name), match_files([])(name)) == (True, False)
        assert not match_files([pattern])("/x/other.txt")
    with pytest.raises(coverage.exceptions.ConfigError, match="b\\*\\*"):
        match_files(["a/b**"])


def test_coverage_py_runs_what_is_around_a_package_to_find_it_so_that_who_reads_finds_packages_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pinned" / "sub").mkdir(parents=True)
    (tmp_path / "pinned" / "__init__.py").write_text(
        "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n"
    )
    (tmp_path / "pinned" / "sub" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    FileRules(coverage.Coverage(config_file=False, source_pkgs=["pinned.sub"]))
    assert (tmp_path / "pinned" / "ran").exists()


@pytest.mark.parametrize(
    "name",
    [
        *("data", "lock_data", "unlock_data", "trace_arcs", "should_trace", "should_trace_cache", "check_include"),
        *("file_tracers", "warn", "disable_plugin", "concur_id_func", "should_start_context", "switch_context"),
        *("start", "stop"),
    ],
)
def test_the_c_tracer_has_what_we_set_and_call(name: str) -> None:
    assert hasattr(coverage.tracer.CTracer, name)


@pytest.mark.parametrize(
    "name",
    [
        *("original_filename", "canonical_filename", "source_filename", "trace", "reason", "file_tracer"),
        "has_dynamic_filename",
    ],
)
def test_the_disposition_has_what_we_set(name: str) -> None:
    assert hasattr(coverage.tracer.CFileDisposition, name)


def test_the_c_tracer_asks_a_file_tracer_as_ours_answers() -> None:
    names: dict[str, Any] = {}
    exec(compile("def probe():\n    a = 1\n    return a\n", "probe.py", "exec"), names)
    data: dict[Any, set[int]] = {}
    tracer = make_tracer(data, lambda name, _: by_code(make_verdict(name, "probe.py")), {}, arcs=False)
    before = sys.gettrace()
    tracer.start()
    try:
        names["probe"]()
    finally:
        tracer.stop()
        sys.settrace(before)
    code = names["probe"].__code__
    assert data == {("probe.py", code, code.co_linetable): {2, 3}}


def test_the_public_methods_are_there() -> None:
    for name in (
        "set_context",
        "add_lines",
        "add_arcs",
        "write",
        "read",
        "lines",
        "measured_files",
        "measured_contexts",
    ):
        assert callable(getattr(coverage.CoverageData, name))
    assert {"data_paths", "strict", "keep"} <= set(parameters(coverage.Coverage.combine))


def test_no_other_module_touches_a_non_public_name() -> None:
    files = {str(path.relative_to(SOURCE)): path for path in SOURCE.rglob("*.py")}
    assert len(files) > 50
    users = {name for name, path in files.items() if set(imported(path)) - PUBLIC}
    assert users <= ALLOWED
    assert users, "the test sees no import"


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of coverage.py that a file imports, and non-public names that it takes from public ones."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.partition(".")[0] == "coverage")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "coverage":
            assert node.module is not None
            for each in node.names:
                whole = f"{node.module}.{each.name}"
                public = node.module in PUBLIC and not _is_module(whole) and not each.name.startswith("_")
                yield node.module if public else whole


def _is_module(name: str) -> bool:
    package, _, last = name.rpartition(".")
    return package == "coverage" and (Path(coverage.__file__).parent / f"{last}.py").exists() and last != "exceptions"
