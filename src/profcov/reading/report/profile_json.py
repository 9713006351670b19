"""``<slug>-coverage.json``: the report on one profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.reading.report.files import lay_out, write_whole
from profcov.store.line_sets import to_numbers

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.reading.analysis.profile_report import ProfileReport, Summary, SymbolReport

SCHEMA_VERSION: Final = 1
DEPTH: Final = 2


def write_profile(report: ProfileReport, directory: Path) -> None:
    """Write the report on a profile into a directory, whole or not at all.

    Raises:
        CoverageWriteError: it cannot be written.
    """
    name = f"{report.recorded.slug}-coverage.json"
    write_whole(directory / name, [*lay_out(profile_document(report), DEPTH), "\n"])


def profile_document(report: ProfileReport) -> dict[str, Any]:
    """Return the report as JSON. Nothing in it depends on when or where it is written."""
    facts = report.recorded.facts or {}
    reported = [_describe(each) for each in report.symbols]
    kinds = [each.symbol.kind for each in report.symbols]
    return {
        "schema_version": SCHEMA_VERSION,
        "profile": report.recorded.slug,
        "timestamp": facts.get("created"),
        "summary": summary_document(report.summary),
        "integrity": {
            "status": report.recorded.status,
            "reasons": list(report.recorded.reasons),
            "sha256": facts.get("sha256"),
            "changed_sources": sorted(facts.get("changed_sources") or ()),
            "unknown_files": list(report.unknown_files),
        },
        "jobs": {
            "runs": report.recorded.jobs,
            "lines": dict(report.job_lines),
            "symbols_only_in_jobs": [
                {"name": name, "functions": list(functions)} for name, functions in report.only_jobs.items()
            ],
        },
        "contexts": [
            {"context": each.context, "lines": each.lines, "symbols": each.symbols} for each in report.contexts
        ],
        "modules": [each for each, kind in zip(reported, kinds, strict=True) if kind == "module"],
        "classes": [each for each, kind in zip(reported, kinds, strict=True) if kind == "class"],
        "symbols": [each for each, kind in zip(reported, kinds, strict=True) if kind in {"function", "method"}],
    }


def summary_document(summary: Summary) -> dict[str, Any]:
    """Return the counts, and their shares in percent."""
    return {
        "file_count": summary.files,
        "module_count": summary.modules,
        "class_count": summary.classes,
        "function_count": summary.functions,
        "lines_covered": summary.lines_covered,
        "lines_total": summary.lines_total,
        "coverage_percent": _share(summary.lines_covered, summary.lines_total),
        "body_lines_covered": summary.body_lines_covered,
        "body_lines_total": summary.body_lines_total,
        "reach_percent": _share(summary.body_lines_covered, summary.body_lines_total),
    }


def _share(part: int, whole: int) -> float:
    """Return percent; 0 if there is nothing."""
    return 100.0 * part / whole if whole else 0.0


def _describe(each: SymbolReport) -> dict[str, Any]:
    return {
        "name": each.symbol.name,
        "file": each.symbol.place,
        "line_span": list(each.symbol.span),
        "executed_lines": to_numbers(each.executed),
        "covered": each.is_covered,
    }
