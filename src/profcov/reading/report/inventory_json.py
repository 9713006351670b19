"""The inventory as a JSON document, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.errors import CoverageReadError
from profcov.reading.report.files import read_document
from profcov.reading.symbols.model import Inventory, SourceFile, Symbol, SymbolName, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA_VERSION: Final = 1
DEPTH: Final = 2
"""How deep it is laid out: a line for each symbol and file."""


def inventory_document(inventory: Inventory) -> dict[str, Any]:
    """Return the inventory as JSON: every symbol, the files, and those that could not be read."""
    return {
        "schema_version": SCHEMA_VERSION,
        "symbols": [
            {
                "name": symbol.name,
                "kind": symbol.kind,
                "traits": list(symbol.traits),
                "file": symbol.file,
                "line_span": list(symbol.span),
                "body_lines": list(symbol.body_lines),
                "body_hash": symbol.body_hash,
                "parent": symbol.parent,
            }
            for symbol in inventory.symbols
        ],
        "files": [
            {
                "file": source.file,
                "module": source.module,
                "sha256": source.sha256,
                "statements": sorted(source.statements),
                "long_statements": _find_spans(source.first_lines),
            }
            for source in inventory.files
        ],
        "unreadable": [{"file": bad.file, "reason": bad.reason} for bad in inventory.unreadable],
    }


def read_inventory(path: Path) -> Inventory:
    """Return the inventory that a file holds.

    Raises:
        CoverageReadError: it is not there, or it is something else.
    """
    document = read_document(path, SCHEMA_VERSION, "`profcov symbols --out` makes it")
    try:
        return Inventory(
            tuple(_read_symbol(each) for each in document["symbols"]),
            tuple(_read_file(each) for each in document["files"]),
            tuple(Unreadable(str(each["file"]), str(each["reason"])) for each in document["unreadable"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = (
            f"it is no inventory of this version: {type(error).__name__}: {error}; `profcov symbols --out` makes one"
        )
        raise CoverageReadError(path, reason) from error


def _read_symbol(facts: Mapping[str, Any]) -> Symbol:
    first, last = facts["line_span"]
    return Symbol(
        name=SymbolName(facts["name"]),
        kind=facts["kind"],
        file=facts["file"],
        span=(first, last),
        body_lines=tuple(facts["body_lines"]),
        parent=facts["parent"],
        body_hash=facts["body_hash"],
        traits=tuple(facts["traits"]),
    )


def _read_file(facts: Mapping[str, Any]) -> SourceFile:
    later = {line: first for first, last in facts["long_statements"] for line in range(first + 1, last + 1)}
    return SourceFile(facts["file"], facts["module"], frozenset(facts["statements"]), later, facts["sha256"])


def _find_spans(first_lines: Mapping[int, int]) -> list[list[int]]:
    """Return the first and last line of each statement of several lines; in between all lines are its."""
    last: dict[int, int] = {}
    for line, first in first_lines.items():
        last[first] = max(line, last.get(first, line))
    return [[first, end] for first, end in sorted(last.items())]
