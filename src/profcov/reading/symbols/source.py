"""One source file read into its symbols, each with the statements of its own body."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from profcov.reading.symbols.calls import Calls, read_calls
from profcov.reading.symbols.fingerprint import Definition, fingerprint
from profcov.reading.symbols.logical_lines import find_first_lines
from profcov.reading.symbols.model import Kind, SourceFile, Symbol, SymbolName, Trait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coverage import Coverage

    from profcov.reading.symbols.archives import Archives

_UNOWNED: Final = -1
_OVERLOAD: Final = "@overload"
_ACCESSORS = frozenset({"getter", "setter", "deleter"})
_PROPERTIES = frozenset({"property", "cached_property"})
_KEPT: Final = frozenset({"staticmethod", "classmethod", "cache", "lru_cache", "wraps", "contextmanager", "override"})
"""Decorators that do not register a function anywhere."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading one file: its symbols, what they call, and which of them have a decorator that may call them."""

    source: SourceFile
    symbols: list[Symbol]
    calls: Calls
    decorated: frozenset[SymbolName]


def read_source(coverage: Coverage, path: Path, file: str, module: str, archives: Archives) -> Reading:
    """Read one file; ``file`` is its name in artifacts.

    Raises:
        OSError, SyntaxError, ValueError, tokenize.TokenError, RecursionError, MemoryError: it is not Python.
        coverage.exceptions.CoverageException: coverage.py cannot read it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings about invalid escapes and the like are not ours to report
        is_file = path.is_file()
        raw = path.read_bytes() if is_file else archives.read(path)
        text = _decode(raw)
        tree = ast.parse(text)
        statements = _find_statements(coverage, path) if is_file else _find_statements_of(coverage, raw)
    digest = hashlib.sha256(raw).hexdigest()
    source = SourceFile(file, SymbolName(module), frozenset(statements), find_first_lines(text), digest)
    outline = _Outline(source, tree, text.count("\n") + (not text.endswith("\n")))
    decorated = frozenset(name for node, name in outline.names.items() if _is_handed_on(node))
    return Reading(source, outline.symbols(), read_calls(tree, outline.names), decorated)


def _find_statements(coverage: Coverage, path: Path) -> list[int]:
    _, statements, *_ = coverage.analysis2(str(path))
    return statements


def _find_statements_of(coverage: Coverage, raw: bytes) -> list[int]:
    """Find the statements of a file in an archive: coverage.py knows only some kinds of archives."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "member.py")
        path.write_bytes(raw)
        return _find_statements(coverage, path)


def _decode(raw: bytes) -> str:
    """Return source as text, decoded by its declared encoding, with one kind of line end."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    return io.TextIOWrapper(io.BytesIO(raw), encoding).read()


@dataclass(frozen=True, slots=True)
class _Scope:
    """One symbol while the file is read. ``runs_later``: it is a function, or is defined inside one."""

    index: int
    name: SymbolName
    kind: Kind
    span: tuple[int, int]
    parent: SymbolName | None
    body_hash: str | None
    traits: tuple[Trait, ...]
    runs_later: bool


class _Outline:
    """The symbols of one file, and the one that owns each line."""

    def __init__(self, source: SourceFile, tree: ast.Module, line_count: int) -> None:
        self._source = source
        self.names: dict[ast.AST, SymbolName] = {}
        self._names: Counter[str] = Counter()
        self._scopes: list[_Scope] = []
        self._owners = [0] * (line_count + 2)
        span = (1, max(line_count, 1))
        module = _Scope(0, source.module, "module", span, None, fingerprint(tree.body), (), runs_later=False)
        self._names[module.name] += 1
        self._scopes.append(module)
        self._visit(tree, module)

    def symbols(self) -> list[Symbol]:
        bodies: list[list[int]] = [[] for _ in self._scopes]
        for line in sorted(self._source.statements):
            owner = self._owners[line]
            if owner != _UNOWNED:
                bodies[owner].append(line)
        file = self._source.file
        return [
            Symbol(scope.name, scope.kind, file, scope.span, tuple(body), scope.parent, scope.body_hash, scope.traits)
            for scope, body in zip(self._scopes, bodies, strict=True)
        ]

    def _visit(self, node: ast.AST, scope: _Scope) -> None:
        for definition in _definitions(node):
            inner = self._define(definition, scope)
            self._claim(definition, inner.index, at_import=not scope.runs_later)
            self._visit(definition, inner)

    def _define(self, node: Definition, scope: _Scope) -> _Scope:
        is_class = isinstance(node, ast.ClassDef)
        kind: Kind = "class" if is_class else "method" if scope.kind == "class" else "function"
        joint = {"module": ":", "class": "."}.get(scope.kind, ".<locals>.")
        span = (_first_line(node), node.end_lineno or node.lineno)
        name = f"{scope.name}{joint}{node.name}{_role(node)}"
        self._names[name] += 1
        number = self._names[name]
        unique = SymbolName(name if number == 1 else f"{name}#{number}")
        self.names[node] = unique
        later = scope.runs_later or not is_class
        traits = _find_traits(node, is_nested=scope.runs_later, is_again=number > 1)
        index, body_hash = len(self._scopes), fingerprint(node.body)
        inner = _Scope(index, unique, kind, span, scope.name, body_hash, traits, runs_later=later)
        self._scopes.append(inner)
        return inner

    def _claim(self, node: Definition, index: int, *, at_import: bool) -> None:
        """Give the body's lines to the symbol, and those of decorators and signature to no symbol.

        A function on one line has its body on the ``def`` line. If that ``def`` runs at import, artifacts hold the
        line only if the body ran, because import-time lines belong to no profile. Within a function it runs whenever the outer
        function does, so it proves nothing about either, and the inner function has no body of its own. Nor has an
        overload, which never runs; only newer versions of coverage.py exclude its ``...``.
        """
        start, signature = self._statement(_first_line(node)), self._statement(node.lineno)
        body, end = self._statement(_first_line(node.body[0])), node.end_lineno or node.lineno
        on_one_line = body == signature
        can_tell = not on_one_line or (at_import and not isinstance(node, ast.ClassDef))
        self._own(start, end, _UNOWNED)
        if can_tell and _role(node) != _OVERLOAD:
            self._own(body, end, index)

    def _own(self, start: int, end: int, index: int) -> None:
        self._owners[start : end + 1] = [index] * (end + 1 - start)

    def _statement(self, line: int) -> int:
        return self._source.first_lines.get(line, line)


def _definitions(node: ast.AST) -> Iterator[Definition]:
    """Yield the definitions directly in a scope, also those in its ``if``, ``try``, ``with``, loops and ``match``."""
    waiting = list(_blocks(node))[::-1]
    while waiting:
        child = waiting.pop()
        if isinstance(child, Definition):
            yield child
        else:
            waiting.extend(list(_blocks(child))[::-1])


def _blocks(node: ast.AST) -> Iterator[ast.AST]:
    # Expressions hold no definitions: lambdas are not symbols.
    wanted = (ast.stmt, ast.ExceptHandler, ast.match_case)
    return (child for child in ast.iter_child_nodes(node) if isinstance(child, wanted))


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _role(node: Definition) -> str:
    for decorator in node.decorator_list:
        match decorator:
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if (
                owner == node.name and attribute in _ACCESSORS
            ):
                return f"@{attribute}"
            case ast.Name(id="overload") | ast.Attribute(attr="overload"):
                return _OVERLOAD
    return ""


def _is_handed_on(node: ast.AST) -> bool:
    """Return whether a definition has a decorator that may register it to be called."""
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return any(_last_name(each.func if isinstance(each, ast.Call) else each) not in _KEPT for each in decorators)


def _find_traits(node: Definition, *, is_nested: bool, is_again: bool) -> tuple[Trait, ...]:
    role = _role(node)
    found: dict[Trait, bool] = {
        "async": isinstance(node, ast.AsyncFunctionDef),
        "nested": is_nested,
        "overload": role == _OVERLOAD,
        "property": role[1:] in _ACCESSORS or any(_last_name(each) in _PROPERTIES for each in node.decorator_list),
        "redefinition": is_again and role != _OVERLOAD,
    }
    return tuple(trait for trait, applies in found.items() if applies)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""
