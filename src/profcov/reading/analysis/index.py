"""The inverted inventory: from the lines of a file to the symbols that they cover."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress, groupby
from typing import TYPE_CHECKING

from profcov.store.line_sets import to_bits, to_flags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.reading.symbols.model import Inventory, SourceFile, Symbol, SymbolName


@dataclass(frozen=True, slots=True)
class FileIndex:
    """One file; sets of lines are bits of integers, line n being bit n.

    ``symbols`` are the file's; ``bodies`` has the own body of each, and ``reaches`` the lines each of which proves that
    the symbol ran: for a function or method its own body, for a class or module also what is in it. ``callable_lines``
    are the bodies of all functions and methods, which no import runs; ``startup_lines`` those of functions that only start-up
    calls. ``spans`` has for each statement of several lines its first line and the later ones; ``later`` has all later ones.
    """

    file: str
    symbols: tuple[Symbol, ...]
    bodies: tuple[int, ...]
    reaches: tuple[int, ...]
    callable_lines: int
    startup_lines: int
    statements: int
    spans: tuple[tuple[int, int], ...]
    later: int

    def executed(self, lines: int) -> int:
        """Return which statements ran, at their first lines, as coverage.py counts them."""
        if lines & self.later:
            for first, later in self.spans:
                if lines & later:
                    lines |= first
        return lines & self.statements

    def covered(self, executed: int) -> str:
        """Return for each symbol 1 if one of the statements proves that it ran, else 0."""
        return "".join(["1" if executed & reach else "0" for reach in self.reaches])


class SymbolIndex:
    """All files of an inventory. A set of symbols is an integer, too: bit n is the n-th symbol of ``symbols``."""

    def __init__(self, inventory: Inventory) -> None:
        groups = {file: tuple(symbols) for file, symbols in groupby(inventory.symbols, lambda symbol: symbol.file)}
        self.unreadable = inventory.unreadable
        self.files: dict[str, FileIndex] = {
            source.file: _index(source, groups[source.file]) for source in inventory.files
        }
        self.symbols: tuple[Symbol, ...] = tuple(symbol for each in self.files.values() for symbol in each.symbols)
        self._places = {file: place for place, file in enumerate(self.files)}
        self._nothing = ["0" * len(each.symbols) for each in self.files.values()]

    def executed(self, lines: Mapping[str, int]) -> dict[str, int]:
        """Return which statements of which files ran; leave out files without one, and unknown files."""
        files = self.files
        known = ((file, files[file].executed(bits)) for file, bits in lines.items() if file in files)
        return {file: statements for file, statements in known if statements}

    def covered(self, executed: Mapping[str, int]) -> int:
        """Return the symbols that these statements cover."""
        parts = self._nothing.copy()
        for file, statements in executed.items():
            parts[self._places[file]] = self.files[file].covered(statements)
        # The first symbol is the lowest bit, the last digit of a number.
        return int("".join(parts)[::-1] or "0", 2)

    def names(self, covered: int) -> Iterator[SymbolName]:
        """Return the names of a set of symbols, in the order of files and lines."""
        return (symbol.name for symbol in compress(self.symbols, to_flags(covered, len(self.symbols))))


def _index(source: SourceFile, symbols: tuple[Symbol, ...]) -> FileIndex:
    bodies = [to_bits(symbol.body_lines) for symbol in symbols]
    reaches = dict(zip((symbol.name for symbol in symbols), bodies, strict=True))
    by_name = {symbol.name: symbol for symbol in symbols}
    for symbol in reversed(symbols):  # innermost first: the content of a class is known before that of its module
        around = by_name.get(symbol.parent) if symbol.parent else None
        # A function is not covered by its nested definitions, but the class around the function is.
        while around is not None and around.kind not in {"class", "module"}:
            around = by_name.get(around.parent) if around.parent else None
        if around is not None:
            reaches[around.name] |= reaches[symbol.name]
    spans: dict[int, int] = {}
    for line, first in source.first_lines.items():
        spans[first] = spans.get(first, 0) | 1 << line
    pairs = tuple((1 << first, lines) for first, lines in spans.items())
    later = to_bits(source.first_lines)
    callables = [symbol for symbol in symbols if symbol.kind in {"function", "method"}]
    return FileIndex(
        file=source.file,
        symbols=symbols,
        bodies=tuple(bodies),
        reaches=tuple(reaches.values()),
        callable_lines=to_bits(line for symbol in callables for line in symbol.body_lines),
        startup_lines=to_bits(line for symbol in callables if symbol.is_startup for line in symbol.body_lines),
        statements=to_bits(source.statements),
        spans=pairs,
        later=later,
    )
