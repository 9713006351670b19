"""The dashboard's data as one JSON document; the JavaScript of ``frontend/`` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from profcov.reading.analysis.overlap import list_sole_lines
from profcov.reading.report.dashboard.about import describe_edition
from profcov.reading.report.dashboard.changes import describe_changes
from profcov.reading.report.dashboard.signatures import sign_matrix
from profcov.reading.report.text import encodable, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from profcov.reading.analysis.gaps import SymbolGap
    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.analysis.notes import Note
    from profcov.reading.report.dashboard.edition import Edition
    from profcov.slug import Slug

VERSION: Final = 1
KINDS: Final = ("module", "class", "function", "method")
_NO_REASONS: Final = {"unknown": ["it has no sidecar"]}


def make_document(edition: Edition) -> dict[str, Any]:
    """Return the data of the page: profiles, modules, symbols, and which profiles cover each symbol."""
    matrix, gaps = edition.overview.matrix, edition.overview.gaps
    numbers, lines, signatures = sign_matrix(matrix)
    changes = None if edition.since is None else describe_changes(*edition.since)
    return {
        "version": VERSION,
        "title": encodable(edition.title),
        "generated": edition.generated,
        "profiles": [_describe_profile(edition, slug) for slug in matrix.profiles],
        "modules": list(_describe_modules(edition)),
        "symbols": {**_describe_symbols(edition), "signature": numbers},
        "startup": _list_places(edition, gaps.startup),
        "outside": _list_places(edition, gaps.outside),
        "kinds": list(KINDS),
        "signatures": signatures,
        "lines": lines,
        "sole": _describe_sole(matrix),
        "totals": {"statements": gaps.body_lines_total, "reached": gaps.body_lines_covered},
        "changes": changes,
        "about": [[title, encodable(text)] for title, text in describe_edition(edition)],
        "truncated": [encodable(each) for each in _list_left_out(edition, changes)],
    }


def _list_left_out(edition: Edition, changes: Mapping[str, Any] | None) -> Iterator[str]:
    yield from edition.left_out
    if edition.overview.matrix.index.unreadable:
        yield f"{plural(len(edition.overview.matrix.index.unreadable), 'source file')}: cannot be measured."
    unnamed = sum(changes["counts"][key] - len(changes[key]) for key in ("gained", "lost")) if changes else 0
    if unnamed:
        yield f"{plural(unnamed, 'symbol')} gained or lost: counted, but not named."


def _describe_profile(edition: Edition, slug: Slug) -> dict[str, Any]:
    reach, note, played = (
        edition.overview.matrix.profiles[slug],
        edition.overview.notes.get(slug),
        edition.played.get(slug),
    )
    return {
        "slug": slug,
        "status": reach.status,
        "reasons": [encodable(_tell(reason, note)) for reason in reach.reasons] or _NO_REASONS.get(reach.status, []),
        "lines": reach.lines,
        "files": reach.files,
        "reached": reach.reached,
        "seconds": played.seconds if played else None,
        "requests": played.requests if played else None,
        "jobs": note.jobs if note else None,
        "failed_jobs": note.failed_jobs if note else None,
        "web_lines": reach.web_lines,
        "job_lines": reach.job_lines,
        "unknown_files": len(reach.unknown_files),
        "created": note.created if note else None,
        "html": edition.find_link(f"html/{slug}/index.html"),
        "json": edition.find_link(f"{slug}-coverage.json", f"reports/{slug}-coverage.json"),
        "replay": encodable(edition.replay_command(slug)),
    }


def _tell(reason: str, note: Note | None) -> str:
    jobs = note.doubtful_jobs.get(reason) if note else None
    return f"{reason}: {jobs}" if jobs else reason


def _describe_modules(edition: Edition) -> Iterator[dict[str, Any]]:
    """Yield each module: its state, and the statements missed, as ``gaps.json`` has them.

    A reached module misses statements of its functions and methods. A module is ``empty`` if nothing in it can be missed, for
    example because it only sets constants; and ``apart`` if all of it ran for no profile, or at start-up.
    """
    gaps = {gap.module.name: gap for gap in edition.overview.gaps.modules}
    apart = {
        gap.symbol.name.partition(":")[0] for gap in (*edition.overview.gaps.startup, *edition.overview.gaps.outside)
    }
    for each in edition.overview.matrix.index.files.values():
        module = each.symbols[0]
        executed = edition.overview.matrix.executed.get(each.file, 0)
        gap = gaps.get(module.name)
        state = gap.state if gap else "reached" if executed else "apart" if module.name in apart else "empty"
        missed = gap.missed if gap else (each.callable_lines & ~executed).bit_count() if executed else 0
        yield {"name": encodable(module.name), "file": encodable(module.place), "state": state, "missed": missed}


def _list_places(edition: Edition, found: Sequence[SymbolGap]) -> list[int]:
    names = {gap.symbol.name for gap in found}
    return [place for place, symbol in enumerate(edition.overview.matrix.index.symbols) if symbol.name in names]


def _describe_sole(matrix: Matrix) -> dict[str, list[int]]:
    """Return the lines that only one profile runs: columns of symbols and profiles, by their positions, and how many."""
    places = {slug: place for place, slug in enumerate(matrix.profiles)}
    found = list_sole_lines(matrix)
    return {
        "symbol": [each.place for each in found],
        "profile": [places[each.slug] for each in found],
        "lines": [each.lines for each in found],
    }


def _describe_symbols(edition: Edition) -> dict[str, list[Any]]:
    """Return a list of each fact, all in the order of the matrix.

    Import-time code belongs to no profile, and is not missed either: the body of a module or class is missed only if the
    module may never have been imported.
    """
    columns: dict[str, list[Any]] = {
        name: [] for name in ("name", "module", "kind", "line", "end", "statements", "missed")
    }
    kinds = {kind: number for number, kind in enumerate(KINDS)}
    matrix = edition.overview.matrix
    unimported = {gap.module.file for gap in edition.overview.gaps.modules if gap.state != "never called"}
    for number, each in enumerate(matrix.index.files.values()):
        executed = matrix.executed.get(each.file, 0)
        prefix = f"{each.symbols[0].name}:"
        for symbol, body in zip(each.symbols, each.bodies, strict=True):
            runs_by_calls = symbol.kind in {"function", "method"}
            missed = body & ~executed if runs_by_calls or each.file in unimported else 0
            columns["name"].append(encodable(symbol.name.removeprefix(prefix)) if symbol.kind != "module" else "")
            columns["module"].append(number)
            columns["kind"].append(kinds[symbol.kind])
            columns["line"].append(symbol.span[0])
            columns["end"].append(symbol.span[1])
            columns["statements"].append(body.bit_count())
            columns["missed"].append(missed.bit_count())
    return columns
