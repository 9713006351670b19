"""Gaps: what no profile reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from profcov.reading.analysis.index import FileIndex
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.symbols.model import Symbol, Unreadable

State = Literal["never imported", "never called", "not known"]


@dataclass(frozen=True, slots=True)
class ModuleGap:
    """A module of which no profile ran a line, and how many statements are missed.

    ``never called`` means that it was imported, so import-time statements are not missed: the statements are those within
    functions and methods, except those of start-up, and those that ran for no profile. If an artifact does not show what
    was imported, and the others did not import it either, the state is not known.
    """

    module: Symbol
    state: State
    missed: int


@dataclass(frozen=True, slots=True)
class SymbolGap:
    """A function or method of whose body no line ran."""

    symbol: Symbol
    missed: int


@dataclass(frozen=True, slots=True)
class Gaps:
    """All gaps, those with the most missed statements first; and how many statements of functions and methods ran, out of how many.

    ``symbols`` are in modules that profiles reach. ``startup`` are no alarm: they ran at start-up, or never. ``outside`` ran, but for
    no profile. Both are in modules that were imported. ``unmeasured`` are the files that cannot be measured.
    """

    modules: tuple[ModuleGap, ...]
    symbols: tuple[SymbolGap, ...]
    startup: tuple[SymbolGap, ...]
    outside: tuple[SymbolGap, ...]
    body_lines_covered: int
    body_lines_total: int
    unmeasured: tuple[Unreadable, ...] = ()

    def in_state(self, state: State) -> list[ModuleGap]:
        """Return the modules in one state."""
        return [each for each in self.modules if each.state == state]


def find_gaps(matrix: Matrix) -> Gaps:
    """Return what no profile of a matrix reaches. A module without a statement is no gap."""
    modules: list[ModuleGap] = []
    kinds: dict[str, list[SymbolGap]] = {"missed": [], "startup": [], "outside": []}
    covered = total = 0
    for file in matrix.index.files.values():
        executed = matrix.executed.get(file.file, 0)
        total += file.callable_lines.bit_count()
        covered += (executed & file.callable_lines).bit_count()
        if not executed and file.file not in matrix.imported:
            missed = file.statements.bit_count()
            modules += [ModuleGap(file.symbols[0], _name_state(matrix), missed)] if missed else []
            continue
        found = _sort_out(_find_symbols(file, executed), matrix.outside.get(file.file, ()))
        if not executed:
            missed = sum(gap.missed for gap in found.pop("missed", ()))
            modules += [ModuleGap(file.symbols[0], "never called", missed)] if missed else []
        for kind, gaps in found.items():
            kinds[kind] += gaps
    modules.sort(key=lambda gap: (-gap.missed, gap.module.name))
    symbols, startup, outside = (
        tuple(sorted(each, key=lambda gap: (-gap.missed, gap.symbol.name))) for each in kinds.values()
    )
    return Gaps(tuple(modules), symbols, startup, outside, covered, total, matrix.index.unreadable)


def _name_state(matrix: Matrix) -> State:
    return "never imported" if matrix.knows_imports else "not known"


def _sort_out(gaps: Iterable[SymbolGap], outside: Container[int]) -> dict[str, list[SymbolGap]]:
    """Separate missed functions from those of start-up, and from those that ran outside of any unit, by their first line."""
    found: dict[str, list[SymbolGap]] = {}
    for gap in gaps:
        has_run = gap.symbol.span[0] in outside
        found.setdefault("startup" if gap.symbol.is_startup else "outside" if has_run else "missed", []).append(gap)
    return found


def _find_symbols(file: FileIndex, executed: int) -> Iterator[SymbolGap]:
    for symbol, body in zip(file.symbols, file.bodies, strict=True):
        if symbol.kind in {"function", "method"} and body and not body & executed:
            yield SymbolGap(symbol, body.bit_count())
