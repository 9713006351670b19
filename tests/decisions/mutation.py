"""A mutation: one small change of the demo's tree, drawn by its seed; and what the modules of kinds share."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

Tree = Mapping[str, bytes]
"""Content by path below the demo's directory."""

Change = Mapping[str, bytes | None]
"""New content by path; None for a file that goes."""

NO_APPLICATION: Final = {"run.py", "services.py", "table.py", "valkey.py", "interrupts.py"}
"""Modules of the demo that start and show it; no process of the application imports them."""


@dataclass(frozen=True)
class Mutation:
    """What a seed stands for: the kind, where it struck, and the files that it changed."""

    seed: int
    kind: str
    where: str
    change: Change


Candidate = tuple[str, Callable[[], Change]]
"""Where a mutation is possible, and what makes it."""

Kind = Callable[["Demo"], Iterator[Candidate]]
KINDS: Final[dict[str, tuple[int, Kind]]] = {}
"""The kinds by name, each with its weight."""


def kind(weight: int = 1) -> Callable[[Kind], Kind]:
    """Add a kind, named as its function is; people write those of weight 3 daily."""

    def add(function: Kind) -> Kind:
        KINDS[function.__name__.replace("_", "-")] = weight, function
        return function

    return add


@dataclass(frozen=True)
class Source:
    """A Python file of the application, and what can be changed in it. Offsets are of bytes, as the parser's columns are."""

    path: str
    content: bytes

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.content)

    @cached_property
    def starts(self) -> list[int]:
        starts = [0]
        for line in self.content.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return where a node begins and ends, its decorators included."""
        decorators = getattr(node, "decorator_list", ())
        start, _ = self._place(decorators[0]) if decorators else self._place(node)
        return start - bool(decorators), self._place(node)[1]  # the @

    def _place(self, node: Any) -> tuple[int, int]:
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.AST) -> bytes:
        start, end = self.span(node)
        return self.content[start:end]

    def indent(self, node: ast.stmt) -> bytes:
        """Return the white space before a statement."""
        return b" " * node.col_offset

    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        return [each for each in self.walk() if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]

    def classes(self) -> list[ast.ClassDef]:
        return [each for each in self.tree.body if isinstance(each, ast.ClassDef)]

    def walk(self, top: ast.AST | None = None) -> Iterator[ast.AST]:
        """Yield the nodes below one, in the order of the text, without what is in an f-string: its places differ by version."""
        for child in ast.iter_child_nodes(top or self.tree):
            yield child
            if not isinstance(child, ast.JoinedStr):
                yield from self.walk(child)

    def statements(self) -> Iterator[ast.stmt]:
        """Yield the statements of all function bodies, docstrings left out."""
        for function in self.functions():
            for node in self.walk(function):
                if isinstance(node, ast.stmt) and not is_docstring(node):
                    yield node

    def expressions(self) -> Iterator[ast.expr]:
        """Yield the expressions of all function bodies."""
        for function in self.functions():
            for statement in function.body:
                if not is_docstring(statement):
                    yield from (node for node in [*self.walk(statement)] if isinstance(node, ast.expr))

    def module_level(self) -> list[ast.stmt]:
        return [each for each in self.tree.body if not is_docstring(each) and not is_future(each)]

    def constants(self) -> Iterator[tuple[str, ast.expr]]:
        """Yield the constants of the module: name and value."""
        for node in self.tree.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
                yield node.target.id, node.value
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                yield node.targets[0].id, node.value

    def put(self, *edits: tuple[int, int, bytes]) -> Change:
        """Return the file with ranges replaced."""
        content = self.content
        for start, end, new in sorted(edits, reverse=True):
            content = content[:start] + new + content[end:]
        return {self.path: content}

    def substitute(self, old: bytes, new: bytes, count: int = -1) -> Change:
        """Return the file with one text in place of another."""
        return {self.path: self.content.replace(old, new, count)}

    def replace(self, node: ast.AST, new: bytes | str) -> Callable[[], Change]:
        start, end = self.span(node)
        return lambda: self.put((start, end, new if isinstance(new, bytes) else new.encode()))

    def before(self, node: ast.stmt, new: str) -> Callable[[], Change]:
        """Insert lines before a statement."""
        start, _ = self.span(node)
        lines = [line.encode() + b"\n" + self.indent(node) for line in new.splitlines()]
        return lambda: self.put((start, start, b"".join(lines)))

    def after(self, node: ast.stmt, new: str) -> Callable[[], Change]:
        """Insert lines after a statement."""
        _, end = self.span(node)
        lines = [b"\n" + self.indent(node) + line.encode() for line in new.splitlines()]
        return lambda: self.put((end, end, b"".join(lines)))

    def append(self, new: str) -> Callable[[], Change]:
        return lambda: {self.path: self.content + b"\n\n" + new.encode() + b"\n"}

    def at(self, node: ast.stmt | ast.expr) -> str:
        return f"{self.path}:{node.lineno}"


@dataclass(frozen=True)
class Demo:
    """The tree that is mutated."""

    files: Tree
    sources: Sequence[Source] = field(default=())

    @classmethod
    def read(cls, directory: Path) -> Demo:
        """Read the demo."""
        paths = [path for path in sorted(directory.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
        files = {str(path.relative_to(directory)): path.read_bytes() for path in paths}
        return cls(
            files, [Source(path, files[path]) for path in files if path.endswith(".py") and path not in NO_APPLICATION]
        )

    def source(self, path: str) -> Source:
        return next(each for each in self.sources if each.path == path)


def put(path: str, content: bytes | None) -> Candidate:
    change: Change = {path: content}
    return path, lambda: change


def replace_text(demo: Demo, path: str, old: bytes, new: bytes) -> Candidate:
    """Write another text once; fail if the demo has changed and no longer has it."""
    content = demo.files[path]
    if old not in content:
        raise LookupError(f"{path} has no {old!r}")
    return put(path, content.replace(old, new, 1))


def is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_future(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def increase(value: object, by: float) -> object:
    """Return another value of the same type: a number plus ``by``, a text with a letter more, the other truth, a number for None."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + by
    return f"{value}x" if isinstance(value, str) else by


def bodies(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """Return a function's own statements, without its docstring."""
    return [each for each in function.body if not is_docstring(each)]


def draw(demo: Demo, seed: int) -> Mutation:
    """Return the mutation of a seed: a kind, then one of its places."""
    rng = random.Random(seed)
    names = sorted(KINDS)
    while True:
        # A kind of few places has fewer mutations to offer.
        weights = [KINDS[name][0] * min(1.0, len(_candidates(demo, name)) / 12) for name in names]
        (name,) = rng.choices(names, weights)
        where, make = rng.choice(_candidates(demo, name))
        change = make()
        if any(demo.files.get(path) != content for path, content in change.items()) and (
            name == "syntax-error" or _compiles(change)
        ):
            return Mutation(seed, name, where, change)


_found: Final[dict[tuple[int, str], list[Candidate]]] = {}


def _candidates(demo: Demo, name: str) -> list[Candidate]:
    key = id(demo), name
    if key not in _found:
        _found[key] = list(KINDS[name][1](demo))
    return _found[key]


def _compiles(change: Change) -> bool:
    try:
        for path, content in change.items():
            if path.endswith(".py") and content is not None:
                compile(content, path, "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True
