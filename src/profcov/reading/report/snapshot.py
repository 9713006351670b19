"""A matrix read back from the directory into which it was written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from profcov.errors import CoverageReadError
from profcov.reading.analysis.drift import Snapshot
from profcov.reading.analysis.identity import Identity
from profcov.reading.report.files import read_document
from profcov.reading.report.matrix_files import PROFILE_SYMBOLS, SYMBOL_PROFILES
from profcov.reading.report.matrix_json import SCHEMA_VERSION
from profcov.reading.symbols.model import SymbolName
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from pathlib import Path

_HINT = "`profcov matrix --out DIR` makes it"


def read_snapshot(directory: Path) -> Snapshot:
    """Return the matrix that a directory holds.

    Raises:
        CoverageReadError: a file of it is not there, or is something else.
    """
    try:
        symbols = read_document(directory / SYMBOL_PROFILES, SCHEMA_VERSION, _HINT, _drop_profiles)
        profiles = read_document(directory / PROFILE_SYMBOLS, SCHEMA_VERSION, _HINT, _share_names)
        return Snapshot(
            symbols=tuple(
                Identity(SymbolName(name), facts["kind"], facts["parent"], facts["body_hash"])
                for name, facts in symbols["symbols"].items()
            ),
            profiles={parse_slug(slug): each["symbols"] for slug, each in profiles["profiles"].items()},
            partial=frozenset(
                parse_slug(slug) for slug, each in profiles["profiles"].items() if each["status"] != "complete"
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"its files are no matrix of this version: {type(error).__name__}: {error}; {_HINT}"
        raise CoverageReadError(directory, reason) from error


def _drop_profiles(facts: dict[str, Any]) -> dict[str, Any]:
    """Forget the profiles of a symbol: the other file has them, and there may be millions."""
    if isinstance(facts.get("profiles"), list):
        del facts["profiles"]
    return facts


def _share_names(facts: dict[str, Any]) -> dict[str, Any]:
    """Keep the names of a profile's symbols once for all profiles."""
    if isinstance(facts.get("symbols"), list):
        facts["symbols"] = frozenset(map(sys.intern, facts["symbols"]))
    return facts
