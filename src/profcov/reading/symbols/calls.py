"""What each function of a file calls by which name, and what the file's import calls: read, not run."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from profcov.reading.symbols.fingerprint import Definition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.reading.symbols.model import SymbolName

IMPORT: Final = ""
"""The caller of import-time code, including decorators and code below ``if __name__ == "__main__"``."""
LATER: Final = "?"
"""The caller of code in a lambda, whose time is unknown."""
_CALLED: Final = frozenset({"func", "decorator_list"})
_SILENT: Final = frozenset({"annotation", "returns", "ctx"})
_DOTTED: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


class Calls:
    """The callers, and mentions, of each name: its last part, as ``create`` of ``shop.orders.create()``.

    ``plain`` has the calls of a name alone, ``dotted`` those of an attribute, ``named`` the mentions without a call.
    """

    __slots__ = ("dotted", "named", "plain")

    def __init__(self) -> None:
        self.plain: dict[str, set[str]] = {}
        self.dotted: dict[str, set[str]] = {}
        self.named: dict[str, set[str]] = {}

    def add(self, other: Calls) -> None:
        """Add those of another file."""
        for mine, theirs in ((self.plain, other.plain), (self.dotted, other.dotted), (self.named, other.named)):
            for name, callers in theirs.items():
                mine.setdefault(name, set()).update(callers)


def read_calls(tree: ast.Module, names: Mapping[ast.AST, SymbolName]) -> Calls:
    """Read a file; ``names`` has the symbols of its definitions."""
    found = Calls()
    renamed: dict[str, str] = {}
    waiting: list[tuple[ast.AST, str]] = [(tree, IMPORT)]
    while waiting:
        node, caller = waiting.pop()
        if isinstance(node, ast.alias):
            renamed[node.asname or node.name] = node.name.rpartition(".")[2]
        else:
            _take(found, node, caller)
            waiting += _enter(node, caller, names)
    for alias, name in renamed.items():
        for where in (found.plain, found.dotted, found.named):
            if alias in where:
                where[name] = where.get(name, set()) | where[alias]
    return found


def _take(found: Calls, node: ast.AST, caller: str) -> None:
    if isinstance(node, ast.Name | ast.Attribute):
        if isinstance(node.ctx, ast.Load):
            _note(found.named, found.named, node, caller)
    elif isinstance(node, ast.Call):
        _note(found.plain, found.dotted, node.func, caller)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _DOTTED.fullmatch(node.value):
            found.named.setdefault(node.value.rpartition(".")[2], set()).add(caller)
    elif isinstance(node, Definition):
        for each in node.decorator_list:
            _note(found.plain, found.plain, each, caller)


def _note(plain: dict[str, set[str]], dotted: dict[str, set[str]], node: ast.AST, caller: str) -> None:
    if isinstance(node, ast.Name):
        plain.setdefault(node.id, set()).add(caller)
    elif isinstance(node, ast.Attribute):
        dotted.setdefault(node.attr, set()).add(caller)


def _enter(node: ast.AST, caller: str, names: Mapping[ast.AST, SymbolName]) -> Iterator[tuple[ast.AST, str]]:
    """Yield the children of a node, except annotations and called names, and the function that runs them."""
    for field in node._fields:
        value = getattr(node, field, None)
        if value is None or field in _SILENT:
            continue
        children = value if isinstance(value, list) else [value]
        if field in _CALLED:  # already noted as a call; but the object of an attribute is mentioned
            children = [each for each in children if not isinstance(each, ast.Name)]
            children = [each.value if isinstance(each, ast.Attribute) else each for each in children]
        runner = caller
        if field == "body" and isinstance(node, ast.Lambda):
            runner = LATER
        elif field == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            runner = names[node]
        for each in children:
            if isinstance(each, ast.AST):
                yield each, runner
