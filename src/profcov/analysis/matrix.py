"""The matrix: which profile covers which symbols, and which profiles cover a symbol."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from profcov.slug import Slug
    from profcov.symbols.model import Inventory, SourceFile, SymbolName


@dataclass(frozen=True, slots=True)
class Reach:
    """What one profile covers.

    ``symbols`` are sorted. ``lines`` counts the statements that ran, as ``coverage report`` does, and ``files`` the
    files they are in. ``unknown_files`` ran, too, but are not in the inventory, so nothing is known of them.
    """

    symbols: tuple[SymbolName, ...]
    lines: int
    files: int
    unknown_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Both directions. Profiles without a symbol are in ``profiles``; symbols without a profile are not in ``symbols``."""

    profiles: Mapping[Slug, Reach]
    symbols: Mapping[SymbolName, tuple[Slug, ...]]


def build_matrix(inventory: Inventory, profiles: Mapping[Slug, Mapping[str, AbstractSet[int]]]) -> Matrix:
    """Match the lines that each profile ran (file to line numbers) with the inventory.

    A function or method is covered if a line of its own body ran. A class or module is covered if a line of its own
    body ran, or if anything in it is covered.
    """
    index = _Index(inventory)
    reaches = {slug: index.reach(profiles[slug]) for slug in sorted(profiles)}
    found: defaultdict[SymbolName, list[Slug]] = defaultdict(list)
    for slug, reach in reaches.items():
        for name in reach.symbols:
            found[name].append(slug)
    return Matrix(reaches, {name: tuple(found[name]) for name in sorted(found)})


def unique_symbols(matrix: Matrix) -> dict[Slug, list[SymbolName]]:
    """Map each profile to the symbols that no other profile covers, sorted."""
    only: dict[Slug, list[SymbolName]] = {slug: [] for slug in matrix.profiles}
    for name, slugs in matrix.symbols.items():
        if len(slugs) == 1:
            only[slugs[0]].append(name)
    return only


class _Index:
    """The inventory turned round: from files and lines to symbols."""

    def __init__(self, inventory: Inventory) -> None:
        self._files: dict[str, SourceFile] = {source.file: source for source in inventory.files}
        self._owners: dict[str, dict[int, SymbolName]] = {source.file: {} for source in inventory.files}
        self._parents = {symbol.name: symbol.parent for symbol in inventory.symbols}
        self._containers = {symbol.name for symbol in inventory.symbols if symbol.kind in {"class", "module"}}
        for symbol in inventory.symbols:
            self._owners[symbol.file].update(dict.fromkeys(symbol.body_lines, symbol.name))

    def reach(self, lines_of: Mapping[str, AbstractSet[int]]) -> Reach:
        covered: set[SymbolName] = set()
        line_count = file_count = 0
        for file in lines_of.keys() & self._files.keys():
            source, owners = self._files[file], self._owners[file]
            ran = {source.first_lines.get(line, line) for line in lines_of[file]} & source.statements
            covered.update(owners[line] for line in ran & owners.keys())
            line_count += len(ran)
            file_count += bool(ran)
        covered.update([container for name in covered for container in self._around(name)])
        unknown = sorted(file for file, lines in lines_of.items() if lines and file not in self._files)
        return Reach(tuple(sorted(covered)), line_count, file_count, tuple(unknown))

    def _around(self, name: SymbolName) -> Iterator[SymbolName]:
        parent = self._parents[name]
        while parent is not None:
            if parent in self._containers:
                yield parent
            parent = self._parents[parent]
