"""What data files say, in words: the names of the functions whose bodies ran."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from profcov.slug import parse_slug
from profcov.store.layout import list_shards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coverage import CoverageData


def in_file(path: Path) -> set[str]:
    """Return the functions in one shard or artifact."""
    from profcov.store.read import read_lines  # here, for it imports coverage.py, and there are tests that nobody does

    return {name for file, lines in read_lines(path).items() for name in _functions(file, lines)}


def close(data: CoverageData) -> None:
    """Close a data object, or Python 3.13 warns of its database; older versions of coverage.py have none to close."""
    if hasattr(data, "close"):
        data.close(force=True)


def in_shards(data_dir: Path | str, slug: str) -> set[str]:
    """Return the functions in all shards of a slug."""
    shards = list_shards(Path(data_dir), parse_slug(slug))
    return set().union(*map(in_file, shards))


def _functions(file: str, lines: set[int]) -> Iterable[str]:
    return {name for name, body in _bodies(file) if lines & body}


@cache
def _bodies(file: str) -> tuple[tuple[str, set[int]], ...]:
    return tuple(_walk(ast.parse(Path(file).read_text(encoding="utf-8"))))


def _walk(node: ast.AST) -> Iterator[tuple[str, set[int]]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [each for each in ast.walk(child) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)][1:]
            own = set(range(child.body[0].lineno, (child.end_lineno or 0) + 1))
            for function in inner:
                own -= set(range(function.lineno, (function.end_lineno or 0) + 1))
            yield child.name, own
        yield from _walk(child)
