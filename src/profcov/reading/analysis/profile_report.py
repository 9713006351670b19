"""What one profile runs, symbol by symbol, and which symbols only its jobs ran."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from profcov.store.line_sets import count_lines, unite
from profcov.wire.labels import read_function

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from profcov.reading.analysis.index import SymbolIndex
    from profcov.reading.symbols.model import Symbol, SymbolName
    from profcov.store.read import Recorded


@dataclass(frozen=True, slots=True)
class SymbolReport:
    """A symbol, the statements of it that ran as bits, and whether it is covered.

    The statements of a module are all those of its file; of any other symbol they are its own body's.
    """

    symbol: Symbol
    executed: int
    is_covered: bool


@dataclass(frozen=True, slots=True)
class ContextShare:
    """How many statements have a context label, and how many symbols they cover."""

    context: str
    lines: int
    symbols: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts: of the files in the artifact, as coverage.py reports on it; and of the bodies of all functions and methods."""

    files: int
    modules: int
    classes: int
    functions: int
    lines_covered: int
    lines_total: int
    body_lines_covered: int
    body_lines_total: int


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """One profile.

    ``job_lines`` counts the statements that each function ran as a job. ``only_jobs`` maps each symbol that nothing but
    jobs reached to the functions of these jobs. Both come from the context labels.
    """

    recorded: Recorded
    summary: Summary
    symbols: tuple[SymbolReport, ...]
    contexts: tuple[ContextShare, ...]
    job_lines: Mapping[str, int]
    only_jobs: Mapping[SymbolName, tuple[str, ...]]
    unknown_files: tuple[str, ...]


def report_profile(index: SymbolIndex, recorded: Recorded) -> ProfileReport:
    """Match what one profile ran with the inventory."""
    by_context = {label: index.executed(files) for label, files in recorded.content.bits_by_context().items()}
    executed = unite(by_context.values())
    files = recorded.content.files
    covered = {label: index.covered(each) for label, each in by_context.items()}
    return ProfileReport(
        recorded=recorded,
        summary=_count(index, executed, files),
        symbols=tuple(_report_symbols(index, executed)),
        contexts=tuple(
            ContextShare(label, count_lines(by_context[label]), covered[label].bit_count()) for label in by_context
        ),
        job_lines=_count_job_lines(by_context),
        only_jobs=_find_only_jobs(index, covered),
        unknown_files=tuple(sorted(files - index.files.keys())),
    )


def _count(index: SymbolIndex, executed: Mapping[str, int], files: set[str]) -> Summary:
    known = [index.files[file] for file in files if file in index.files]
    kinds = [symbol.kind for each in known for symbol in each.symbols]
    return Summary(
        files=len(files),
        modules=kinds.count("module"),
        classes=kinds.count("class"),
        functions=kinds.count("function") + kinds.count("method"),
        lines_covered=count_lines(executed),
        lines_total=sum(each.statements.bit_count() for each in known),
        body_lines_covered=sum((each.callable_lines & executed.get(each.file, 0)).bit_count() for each in known),
        body_lines_total=sum(each.callable_lines.bit_count() for each in index.files.values()),
    )


def _report_symbols(index: SymbolIndex, executed: Mapping[str, int]) -> Iterable[SymbolReport]:
    for each in index.files.values():
        ran = executed.get(each.file, 0)
        for symbol, body, reach in zip(each.symbols, each.bodies, each.reaches, strict=True):
            own = ran if symbol.kind == "module" else ran & body
            yield SymbolReport(symbol, own, bool(ran & reach))


def _count_job_lines(by_context: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    functions = sorted({function for label in by_context if (function := read_function(label)) is not None})
    return {
        function: count_lines(unite(each for label, each in by_context.items() if read_function(label) == function))
        for function in functions
    }


def _find_only_jobs(index: SymbolIndex, covered: Mapping[str, int]) -> dict[SymbolName, tuple[str, ...]]:
    jobs: dict[str, int] = {}
    others = 0
    for label, symbols in covered.items():
        function = read_function(label)
        if function is None:
            others |= symbols
        else:
            jobs[function] = jobs.get(function, 0) | symbols
    found: dict[SymbolName, list[str]] = {}
    for function in sorted(jobs):
        for name in index.names(jobs[function] & ~others):
            found.setdefault(name, []).append(function)
    return {name: tuple(functions) for name, functions in found.items()}
