"""A hash of a body's code, whatever its layout."""

from __future__ import annotations

import ast
import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

SLIGHT: Final = "~"
_SAYS_NOTHING: Final = 4
"""Bodies with at most this many syntax nodes do not identify a symbol."""
_DEFINITIONS: Final = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
# Left out: what the compiler derives (ctx), and what does not affect execution (the u of u"text").
_SILENT: Final = frozenset({"ctx", "kind", "type_comment"})


def fingerprint(body: Sequence[ast.stmt]) -> str | None:
    """Return a hash of the statements of a body, or None if it has none.

    A docstring does not count, nor do nested definitions, which have their own hashes. Comments, layout, quotes and line
    numbers are not in the tree, and fields that newer versions of Python have added are left out if they are empty, so
    that all versions agree. A hash that begins with ``SLIGHT`` is that of a trivial body: ``pass``, ``return self.x``.
    """
    statements = body[1:] if body and _is_docstring(body[0]) else body
    if not statements:
        return None
    nodes = list(_flatten(statements))
    digest = hashlib.blake2b(digest_size=16)
    digest.update("".join(nodes).encode("utf-8", "surrogatepass"))
    return f"{SLIGHT if len(nodes) <= _SAYS_NOTHING else ''}{digest.hexdigest()}"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _flatten(statements: Sequence[ast.stmt]) -> Iterator[str]:
    """Yield each node as text, with how many nodes each of its fields has; these follow it.

    It does not recurse: a sum of 3,000 terms is a tree of 3,000 levels.
    """
    waiting: list[ast.AST] = list(reversed(statements))
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind in _DEFINITIONS:
            yield ";definition"
            continue
        text = f";{kind.__name__}"
        inner: list[ast.AST] = []
        for name in node._fields:
            value = getattr(node, name, None)
            if value is None or name in _SILENT:
                continue
            if isinstance(value, ast.AST):
                text += f",{name}"
                inner.append(value)
            elif not isinstance(value, list):
                text += f",{name}={value!r}"
            elif value:
                if kind is ast.JoinedStr:  # 3.12.0 and 3.12.1 end some with an empty string
                    value = [each for each in value if getattr(each, "value", None) != ""]
                text += f",{name}*{len(value)}"
                nodes = [each for each in value if isinstance(each, ast.AST)]
                inner += nodes
                if len(nodes) < len(value):  # names, and the None of a ** in a dict or of a keyword without a default
                    text += repr([None if isinstance(each, ast.AST) else [each] for each in value])
        yield text
        inner.reverse()
        waiting += inner
