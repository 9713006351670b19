"""The inventory as a JSON document, and back."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, get_args

from profcov.errors import CoverageReadError
from profcov.reading.report.files import lay_out, read_document, write_whole
from profcov.reading.symbols.model import Inventory, Kind, SourceFile, Symbol, SymbolName, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA_VERSION: Final = 1
DEPTH: Final = 2
"""How deep it is laid out: a line for each symbol and file."""
MAX_LINE: Final = 10_000_000
"""The highest line number that is accepted: sets of lines are bits of integers, so a wild number would take all memory."""


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


def write_inventory(inventory: Inventory, path: Path) -> None:
    """Write an inventory to a file, whole or not at all.

    Raises:
        CoverageWriteError: it cannot be written.
    """
    write_whole(path, [*lay_out(inventory_document(inventory), DEPTH), "\n"])


def read_inventory(path: Path) -> Inventory:
    """Return the inventory that a file holds.

    Raises:
        CoverageReadError: it is not there, or it is something else.
    """
    document = read_document(path, SCHEMA_VERSION, "`profcov symbols --out` makes it")
    try:
        inventory = Inventory(
            tuple(_read_symbol(each) for each in document["symbols"]),
            tuple(_read_file(each) for each in document["files"]),
            tuple(Unreadable(_read_text(each["file"]), _read_text(each["reason"])) for each in document["unreadable"]),
        )
        _check_whole(inventory)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = (
            f"it is no inventory of this version: {type(error).__name__}: {error}; `profcov symbols --out` makes one"
        )
        raise CoverageReadError(path, reason) from error
    return inventory


def _check_whole(inventory: Inventory) -> None:
    """Raise ValueError unless names are unique, and each file has its symbols, in the order of files."""
    if len({symbol.name for symbol in inventory.symbols}) < len(inventory.symbols):
        raise ValueError("two symbols have one name")
    if [file for file, _ in groupby(inventory.symbols, lambda symbol: symbol.file)] != [
        source.file for source in inventory.files
    ]:
        raise ValueError("its files are not those of its symbols")


def _read_symbol(facts: Mapping[str, Any]) -> Symbol:
    first, last = _read_lines(facts["line_span"])
    if facts["kind"] not in get_args(Kind):
        raise ValueError("a symbol is of no known kind")
    return Symbol(
        name=SymbolName(_read_text(facts["name"])),
        kind=facts["kind"],
        file=_read_text(facts["file"]),
        span=(first, last),
        body_lines=tuple(_read_lines(facts["body_lines"])),
        parent=None if facts["parent"] is None else SymbolName(_read_text(facts["parent"])),
        body_hash=None if facts["body_hash"] is None else _read_text(facts["body_hash"]),
        traits=tuple(facts["traits"]),
    )


def _read_file(facts: Mapping[str, Any]) -> SourceFile:
    spans = [_read_lines(span) for span in facts["long_statements"]]
    later = {line: first for first, last in spans for line in range(first + 1, last + 1)}
    module, statements = SymbolName(_read_text(facts["module"])), frozenset(_read_lines(facts["statements"]))
    return SourceFile(_read_text(facts["file"]), module, statements, later, _read_text(facts["sha256"]))


def _read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} stands where text is to be")
    return value


def _read_lines(values: Any) -> list[int]:
    for value in values:
        if type(value) is not int or not 0 < value <= MAX_LINE:
            raise ValueError(f"a line is a whole number from 1 to {MAX_LINE:,}")
    return list(values)


def _find_spans(first_lines: Mapping[int, int]) -> list[list[int]]:
    """Return the first and last line of each statement of several lines."""
    last: dict[int, int] = {}
    for line, first in first_lines.items():
        last[first] = max(line, last.get(first, line))
    return [[first, end] for first, end in sorted(last.items())]
