"""Gaps: what no profile reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.analysis.index import FileIndex
    from profcov.analysis.matrix import Matrix
    from profcov.symbols.model import Symbol, Unreadable

State = Literal["never imported", "never called", "not known"]


@dataclass(frozen=True, slots=True)
class ModuleGap:
    """A module of which no profile ran a line, and how many statements that leaves.

    ``never called`` means that it was imported, so what its import runs is not missed: the statements are those within
    functions and methods, but for those of start-up. Where an artifact does not tell what was imported, and the others did not import it either,
    it is not known.
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
    """All gaps, those with the most missed statements first; and of how many statements of functions and methods how many ran.

    ``symbols`` are in modules that profiles reach. ``startup`` are no alarm: what they say is that it ran at start-up, or never.
    They are in modules that were imported. ``unmeasured`` are the files of which nothing can be known.
    """

    modules: tuple[ModuleGap, ...]
    symbols: tuple[SymbolGap, ...]
    startup: tuple[SymbolGap, ...]
    body_lines_covered: int
    body_lines_total: int
    unmeasured: tuple[Unreadable, ...] = ()

    def in_state(self, state: State) -> list[ModuleGap]:
        """Return the modules in one state."""
        return [each for each in self.modules if each.state == state]


def find_gaps(matrix: Matrix) -> Gaps:
    """Return what no profile of a matrix reaches. A module without a statement is no gap."""
    modules: list[ModuleGap] = []
    symbols: list[SymbolGap] = []
    startup: list[SymbolGap] = []
    covered = total = 0
    for file in matrix.index.files.values():
        executed = matrix.executed.get(file.file, 0)
        total += file.callable_lines.bit_count()
        covered += (executed & file.callable_lines).bit_count()
        if not executed:
            modules.extend(_judge_module(file, matrix))
        if executed or file.file in matrix.imported:
            found = list(_find_symbols(file, executed))
            startup += [gap for gap in found if gap.symbol.is_startup]
            symbols += [gap for gap in found if executed and not gap.symbol.is_startup]
    modules.sort(key=lambda gap: (-gap.missed, gap.module.name))
    for found in (symbols, startup):
        found.sort(key=lambda gap: (-gap.missed, gap.symbol.name))
    return Gaps(tuple(modules), tuple(symbols), tuple(startup), covered, total, matrix.index.unreadable)


def _find_symbols(file: FileIndex, executed: int) -> Iterator[SymbolGap]:
    for symbol, body in zip(file.symbols, file.bodies, strict=True):
        if symbol.kind in {"function", "method"} and body and not body & executed:
            yield SymbolGap(symbol, body.bit_count())


def _judge_module(file: FileIndex, matrix: Matrix) -> Iterator[ModuleGap]:
    state: State = "never imported" if matrix.knows_imports else "not known"
    missed = file.statements.bit_count()
    if file.file in matrix.imported:
        state = "never called"
        missed = (file.callable_lines & ~file.startup_lines).bit_count()
    if missed:
        yield ModuleGap(file.symbols[0], state, missed)
