"""How the recording half looks at dictionaries and sets that other threads and finalizers change meanwhile.

On Python 3.11 the collector runs at any allocation of a container, in C too, and what it runs may change what is just being read.
There ``list(each.items())``, ``tuple(each.values())`` and ``each.copy()`` raise RuntimeError or are wrong at times, whereas
``dict(each)``, ``list(each.values())`` and ``list(each)`` allocate nothing between their first item and their last.
"""

from __future__ import annotations

import ast
from pathlib import Path

import profcov

PACKAGE = Path(profcov.__file__).parent
HALF = ("recording", "store", "web", "queues", "wire", "tracing.py", "status.py", "startup.py")
NEWER = "monitoring"
"""Modules of the engine that needs Python 3.12, where the collector runs between bytecodes only."""


def find_unsafe(text: str) -> list[str]:
    """Return the calls that hand a view of a dictionary to what allocates while it reads."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            match node.func.id, node.args[0]:
                case ("list", ast.Call(func=ast.Attribute(value=ast.Attribute() | ast.Name(), attr="items"))):
                    found.append(ast.unparse(node))
                case (
                    "tuple",
                    ast.Call(func=ast.Attribute(value=ast.Attribute() | ast.Name(), attr="values" | "items" | "keys")),
                ):
                    found.append(ast.unparse(node))
                case _:
                    pass
    return found


def test_no_shared_dictionary_is_read_while_pairs_are_allocated() -> None:
    modules = [
        path for name in HALF for path in ([PACKAGE / name] if name.endswith(".py") else (PACKAGE / name).rglob("*.py"))
    ]
    assert len(modules) > 100
    found = {
        path.relative_to(PACKAGE).as_posix(): find_unsafe(path.read_text("utf-8"))
        for path in modules
        if not path.name.startswith(NEWER)
    }
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_what_allocates_is_found() -> None:
    assert find_unsafe("list(self._all.items())\ntuple(known.values())\n") == [
        "list(self._all.items())",
        "tuple(known.values())",
    ]
    assert find_unsafe("dict(self._all).items()\nlist(dict(own).items())\nlist(known.values())\n") == []
