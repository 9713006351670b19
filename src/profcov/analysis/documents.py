"""The JSON documents that say what the inventory and the matrix hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from profcov.analysis.matrix import Matrix
    from profcov.symbols.model import Inventory

SCHEMA_VERSION: Final = 1


def profile_symbols_document(matrix: Matrix) -> dict[str, Any]:
    """Return ``profile-symbols.json``: each profile's covered symbols, and how many lines of how many files it ran."""
    return {
        "schema_version": SCHEMA_VERSION,
        "profiles": {
            slug: {"symbols": list(reach.symbols), "lines": reach.lines, "files": reach.files}
            for slug, reach in matrix.profiles.items()
        },
    }


def inventory_document(inventory: Inventory) -> dict[str, Any]:
    """Return the inventory as JSON: every symbol, and the files that could not be read."""
    return {
        "schema_version": SCHEMA_VERSION,
        "symbols": [
            {
                "name": symbol.name,
                "kind": symbol.kind,
                "file": symbol.file,
                "line_span": list(symbol.span),
                "body_lines": list(symbol.body_lines),
            }
            for symbol in inventory.symbols
        ],
        "unreadable": [{"file": bad.file, "reason": bad.reason} for bad in inventory.unreadable],
    }
