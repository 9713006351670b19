"""The gaps as JSON and as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.reading.report.text import code, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from profcov.reading.analysis.gaps import Gaps, ModuleGap, State, SymbolGap
    from profcov.reading.symbols.model import Symbol

SCHEMA_VERSION: Final = 1
DEPTH: Final = 3
_STATES: Final[dict[State, tuple[str, str]]] = {
    "never imported": (
        "Modules never imported",
        "No process that worked for a profile has imported them. Statements: all.",
    ),
    "never called": (
        "Modules imported, but never called",
        "Their import ran, and nothing else. Statements: those within functions and methods.",
    ),
    "not known": (
        "Modules never reached",
        "An artifact has no sidecar, so it is not known whether they were imported. Statements: all.",
    ),
}


def gaps_document(gaps: Gaps) -> dict[str, Any]:
    """Return ``gaps.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "summary": {"body_lines_covered": gaps.body_lines_covered, "body_lines_total": gaps.body_lines_total},
        "modules": {
            state.replace(" ", "_"): [
                {**_name(gap.module), "missed_statements": gap.missed} for gap in gaps.in_state(state)
            ]
            for state in _STATES
        },
        "symbols": [
            {**_name(gap.symbol), "kind": gap.symbol.kind, "missed_statements": gap.missed} for gap in gaps.symbols
        ],
        "startup": [
            {**_name(gap.symbol), "kind": gap.symbol.kind, "missed_statements": gap.missed} for gap in gaps.startup
        ],
        "ran_outside": [
            {**_name(gap.symbol), "kind": gap.symbol.kind, "missed_statements": gap.missed} for gap in gaps.outside
        ],
        "unmeasured": [{"file": each.file, "reason": each.reason} for each in gaps.unmeasured],
    }


def gaps_markdown(gaps: Gaps) -> Iterator[str]:
    """Yield ``gaps.md``."""
    missed = gaps.body_lines_total - gaps.body_lines_covered
    yield "# Gaps: what no profile reaches\n\n"
    startup = sum(gap.missed for gap in gaps.startup)
    outside = sum(gap.missed for gap in gaps.outside)
    apart = f" {startup} of these ran at start-up, or never." if startup else ""
    apart += f" {outside} are in functions that ran, but for no profile." if outside else ""
    yield f"Functions and methods have {gaps.body_lines_total} statements; no profile runs {missed} of them.{apart}\n"
    for state, (title, meaning) in _STATES.items():
        found = gaps.in_state(state)
        if found:
            yield f"\n## {title}\n\n{meaning}\n\n"
            yield from _lines(("module", "file", "missed statements"), _describe_modules(found))
    if gaps.symbols:
        yield "\n## Functions and methods never called, in modules that are reached\n\n"
        yield from _lines(("symbol", "where", "missed statements"), _describe_symbols(gaps.symbols))
    if gaps.startup:
        yield "\n## Ran at start-up, or never\n\n"
        yield "Only imports, application factories and entry points call them, judging by names. Start-up code belongs to no "
        yield "profile: no alarm.\n\n"
        yield from _lines(("symbol", "where", "statements"), _describe_symbols(gaps.startup))
    if gaps.outside:
        yield "\n## Ran, but for no profile\n\n"
        yield "Entered outside of any traced request, job or block: in a background thread, for untraced traffic, at start-up. "
        yield "Known as far as the monitoring engine has seen it.\n\n"
        yield from _lines(("symbol", "where", "statements"), _describe_symbols(gaps.outside))
    if gaps.unmeasured:
        yield "\n## Cannot be measured\n\nNot counted above.\n\n"
        yield from _lines(("file", "why"), [(code(each.file), code(each.reason)) for each in gaps.unmeasured])


def _describe_modules(found: Sequence[ModuleGap]) -> list[tuple[str, ...]]:
    return [(code(gap.module.name), code(gap.module.place), str(gap.missed)) for gap in found]


def _describe_symbols(found: Sequence[SymbolGap]) -> list[tuple[str, ...]]:
    return [(code(gap.symbol.name), code(gap.symbol.where), str(gap.missed)) for gap in found]


def _lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    return (f"{line}\n" for line in table(titles, rows))


def _name(symbol: Symbol) -> dict[str, Any]:
    return {"name": symbol.name, "file": symbol.place, "line_span": list(symbol.span)}
