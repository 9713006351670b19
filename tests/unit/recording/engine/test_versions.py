from __future__ import annotations

import ast
import os
import sys
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest

from profcov.recording.engine import versions
from profcov.recording.engine.versions import MAX_VERSIONS, SourceFile

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType

ONE = "def f():\n    return 1\n\ndef same():\n    return 0\n"
TWO = "def f():\n    return 2\n\ndef same():\n    return 0\n"
NEVER, ALWAYS = float("inf"), 0.0
"""Since when a file counts as touched."""


class Subject:
    """A file, and what is known of its versions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digests: dict[str, str | None] = {}
        self.told: list[SourceFile] = []
        self.file = SourceFile(str(path), "m.py", self.digests, self.told.append)

    def write(self, text: str) -> str:
        self.path.write_text(text)
        return text

    def run(self, text: str, **how: Any) -> dict[str, CodeType]:
        """Run a text under the name of the file; return its code objects, that of its body as the engine meets it."""
        body = compile(text, str(self.path), "exec", dont_inherit=True, **how)
        names: dict[str, Any] = {}
        exec(body, names)
        functions = {name: value.__code__ for name, value in names.items() if callable(value)}
        return {"body": body, **functions}

    def version_of(self, code: CodeType) -> str | None:
        return self.digests[self.file.key_of(code)]


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(tmp_path / "m.py")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def test_code_of_a_file_that_was_run_anew_is_of_the_version_that_it_was_compiled_from(subject: Subject) -> None:
    old = subject.run(subject.write(ONE))
    subject.file.meet(old["body"], NEVER)
    assert subject.version_of(old["f"]) == digest(ONE)
    new = subject.run(subject.write(TWO))
    assert subject.version_of(new["body"]) == digest(TWO)
    assert (subject.version_of(new["f"]), subject.version_of(old["f"])) == (digest(TWO), digest(ONE))
    assert subject.version_of(new["same"]) == digest(TWO)
    again = subject.run(subject.write(ONE))
    assert subject.version_of(again["body"]) == digest(ONE)
    assert (subject.version_of(new["f"]), subject.version_of(again["f"])) == (digest(TWO), digest(ONE))
    assert len(subject.digests) == 2
    assert subject.told == [subject.file] * 2


def test_a_look_that_was_struck_is_taken_again(subject: Subject) -> None:
    old = subject.run(subject.write(ONE))
    subject.file.meet(old["body"], NEVER)
    new = subject.run(subject.write(TWO))
    strikes = iter([KeyboardInterrupt()])

    def tell(file: SourceFile) -> None:
        for error in strikes:
            raise error
        subject.told.append(file)

    subject.file._on_version = tell
    with pytest.raises(KeyboardInterrupt):
        subject.file.look_again()
    assert subject.file.look_again()
    assert subject.told == [subject.file]
    assert subject.version_of(new["f"]) == digest(TWO)


def test_a_file_that_was_edited_and_not_run_again_is_what_it_was(subject: Subject) -> None:
    old = subject.run(subject.write(ONE))
    subject.file.meet(old["body"], NEVER)
    subject.write(TWO)
    assert subject.version_of(old["f"]) == subject.version_of(old["same"]) == digest(ONE)
    assert not subject.file.is_mixed


def test_a_version_of_the_same_size_and_moment_is_another_all_the_same(subject: Subject) -> None:
    old = subject.run(subject.write(ONE))
    moment = time.time_ns()
    os.utime(subject.path, ns=(moment, moment))
    subject.file.meet(old["body"], NEVER)
    new = subject.run(subject.write(TWO))
    os.utime(subject.path, ns=(moment, moment))
    assert subject.version_of(new["body"]) == digest(TWO)


def test_a_file_that_has_rested_and_is_as_it_was_is_not_read_again(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = subject.run(subject.write(ONE))["body"]
    monkeypatch.setattr(versions, "_SETTLED_SECONDS", -60.0)
    subject.file.meet(code, NEVER)
    reads = []
    monkeypatch.setattr(SourceFile, "_read", lambda *_: reads.append(1))
    assert subject.version_of(code) == digest(ONE)
    assert reads == []


def test_functions_that_differ_in_their_lines_only_are_told_apart(subject: Subject) -> None:
    text = "def f(x):\n    a = x\n    return a\n"
    old = subject.run(subject.write(text))
    subject.file.meet(old["body"], NEVER)
    new = subject.run(subject.write(text.replace("    return", "\n    return")))
    subject.version_of(new["body"])
    assert subject.version_of(old["f"]) == digest(text)


@pytest.mark.parametrize("text", [ONE, ONE.replace("f()", "f(x: int = 0)")])
def test_of_a_file_that_was_touched_code_is_known_if_it_is_in_it(subject: Subject, text: str) -> None:
    other, code = subject.run(TWO), subject.run(subject.write(text))
    subject.file.meet(code["f"], ALWAYS)
    assert subject.version_of(code["f"]) == subject.version_of(code["same"]) == digest(text)
    assert subject.version_of(other["f"]) is None


def test_code_is_known_again_after_it_has_run_hot(subject: Subject) -> None:
    text = "def f(x):\n    return [y + x.real for y in range(3)]\n"
    names: dict[str, Any] = {}
    exec(compile(subject.write(text), str(subject.path), "exec"), names)
    for _ in range(100):
        names["f"](1)
    subject.file.meet(names["f"].__code__, ALWAYS)
    assert subject.version_of(names["f"].__code__) == digest(text)


def test_what_the_caller_of_exec_has_of_the_future_is_in_the_code(subject: Subject) -> None:
    text = "def f(x: int) -> str:\n    return x\n"
    import __future__

    code = subject.run(subject.write(text), flags=__future__.annotations.compiler_flag)
    subject.file.meet(code["body"], ALWAYS)
    assert subject.version_of(code["body"]) == subject.version_of(code["f"]) == digest(text)


def test_code_that_is_not_what_the_file_compiles_to_is_of_no_version(subject: Subject) -> None:
    old = subject.run(subject.write(ONE))
    subject.file.meet(old["f"], NEVER)
    subject.write(TWO)
    new = subject.run(TWO.replace("return 2", "return 2 + 0 * len(str(locals()))"))  # as an import hook would
    assert subject.version_of(new["body"]) is None
    assert (subject.version_of(new["f"]), subject.version_of(new["same"])) == (None, digest(TWO))


def test_of_a_file_that_changes_again_and_again_so_many_versions_are_known(subject: Subject) -> None:
    first = subject.run(subject.write("def f():\n    return 0\n"))
    subject.file.meet(first["f"], NEVER)
    texts = [f"def f():\n    return {number}\n" for number in range(1, 2 * MAX_VERSIONS)]
    codes = []
    for text in texts:
        codes.append(subject.run(subject.write(text)))
        assert subject.version_of(codes[-1]["body"]) == digest(text)
    known = [subject.version_of(code["f"]) for code in codes]
    assert known[-MAX_VERSIONS:] == [digest(text) for text in texts[-MAX_VERSIONS:]]
    assert set(known[:-MAX_VERSIONS]) == {None}
    assert subject.version_of(first["f"]) is None


@pytest.mark.parametrize("text", ["def f(:\n", "x = '\0'\n", pytest.param("(" * 100_000, id="deep")])
def test_a_file_that_is_no_python_by_now_has_run_nothing_new(subject: Subject, text: str) -> None:
    old = subject.run(subject.write(ONE))
    subject.file.meet(old["body"], NEVER)
    subject.write(text)
    assert subject.version_of(old["body"]) == subject.version_of(old["f"]) == digest(ONE)
    subject.path.unlink()
    assert subject.version_of(old["body"]) == digest(ONE)


def test_a_file_that_is_not_there_has_no_version_until_it_is(subject: Subject) -> None:
    code = subject.run(ONE)
    subject.file.meet(code["body"], NEVER)
    assert (subject.file.key_of(code["body"]), subject.digests) == ("m.py", {})
    subject.write(ONE)
    assert subject.version_of(code["body"]) == digest(ONE)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_code_that_is_being_monitored_is_known(subject: Subject) -> None:
    code = subject.run(subject.write(ONE))["f"]
    monitoring: Any = vars(sys)["monitoring"]
    monitoring.use_tool_id(4, "test")
    try:
        monitoring.set_local_events(4, code, monitoring.events.LINE | monitoring.events.PY_START)
        subject.file.meet(code, ALWAYS)
        assert subject.version_of(code) == digest(ONE)
    finally:
        monitoring.set_local_events(4, code, 0)
        monitoring.free_tool_id(4)


class Renumber(ast.NodeTransformer):
    """What import hooks do: more code in the same lines."""

    def visit_Return(self, node: ast.Return) -> ast.AST:
        call = ast.parse("(lambda x: x)(0)", mode="eval").body
        assert isinstance(call, ast.Call)
        assert node.value is not None
        call.args = [node.value]
        return ast.fix_missing_locations(ast.copy_location(ast.Return(call), node))


def test_what_an_import_hook_has_rewritten_is_of_the_file_that_was_compiled(subject: Subject) -> None:
    text = subject.write("def f():\n    x = (\n        1\n    )\n    return x\n")
    body = compile(Renumber().visit(ast.parse(text)), str(subject.path), "exec")
    code = next(each for each in body.co_consts if hasattr(each, "co_code"))
    assert code != subject.run(text)["f"]
    subject.file.meet(code, ALWAYS, is_hooked=True)
    assert (subject.version_of(code), subject.file.is_mixed) == (digest(text), False)


@pytest.mark.parametrize("text", ["\ndef f():\n    return 1\n", "def f():\n    x = 1\n    return 1\n", "("])
def test_a_file_that_was_changed_since_is_another_whatever_has_loaded_it(subject: Subject, text: str) -> None:
    code = subject.run(subject.write("def f():\n    return 1\n"))["f"]
    subject.write(text)
    subject.file.meet(code, ALWAYS, is_hooked=True)
    assert subject.version_of(code) is None


def test_a_file_is_compiled_once_at_a_look(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[bytes] = []

    def count(content: bytes, *how: Any, **more: Any) -> Any:
        compiled.append(content)
        return compile(content, *how, **more)

    code = subject.run(subject.write("def f():\n    return 1\n"))["f"]
    subject.write("\ndef f():\n    return 1\n")
    monkeypatch.setattr(versions, "compile", count, raising=False)
    subject.file.meet(code, ALWAYS, is_hooked=True)
    assert len(compiled) == 1
    subject.write(TWO)
    subject.file.look_again()
    assert len(compiled) == 2


def test_without_a_hook_other_code_is_another_version(subject: Subject) -> None:
    code = subject.run(subject.write("def f():\n    return 1\n"))["f"]
    subject.write("def f():\n    return 2\n")
    subject.file.meet(code, ALWAYS)
    assert subject.version_of(code) is None
