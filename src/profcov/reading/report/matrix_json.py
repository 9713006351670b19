"""The matrix as JSON, in both directions."""

from __future__ import annotations

import json
from itertools import compress
from typing import TYPE_CHECKING, Final

from profcov.store.line_sets import to_flags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.analysis.overlap import Unique
    from profcov.slug import Slug

SCHEMA_VERSION: Final = 1


def profile_symbols(matrix: Matrix, unique: Mapping[Slug, Unique]) -> Iterator[str]:
    """Yield ``profile-symbols.json``: each profile's covered symbols, and how many lines of how many files it ran.

    It yields text, a line for each name, because there may be millions.
    """
    names = [f"\n        {json.dumps(symbol.name)}" for symbol in matrix.index.symbols]
    yield f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "profiles": {{'
    separator = ""
    for slug, reach in matrix.profiles.items():
        facts = {
            "status": reach.status,
            "reasons": list(reach.reasons),
            "lines": reach.lines,
            "files": reach.files,
            "symbol_count": reach.covered.bit_count(),
            "unique_count": unique[slug].symbols.bit_count(),
            "unique_lines": unique[slug].lines,
            "unknown_files": list(reach.unknown_files),
        }
        yield f"{separator}\n    {json.dumps(slug)}: {{\n"
        yield from (f"      {json.dumps(key)}: {json.dumps(value)},\n" for key, value in facts.items())
        found = ",".join(compress(names, to_flags(reach.covered, len(names))))
        end = "\n      ]" if found else "]"
        yield f'      "symbols": [{found}{end}\n    }}'
        separator = ","
    yield "\n  }\n}\n" if separator else "}\n}\n"


def symbol_profiles(matrix: Matrix) -> Iterator[str]:
    """Yield ``symbol-profiles.json``: for every symbol its facts, and the profiles that cover it, on one line."""
    slugs = [json.dumps(slug) for slug in matrix.profiles]
    yield f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "symbols": {{'
    separator = ""
    for symbol, flags in matrix.rows():
        facts = {
            "kind": symbol.kind,
            "file": symbol.place,
            "line_span": list(symbol.span),
            "body_hash": symbol.body_hash,
            "parent": symbol.parent,
        }
        found = ", ".join(compress(slugs, flags))
        yield f'{separator}\n    {json.dumps(symbol.name)}: {json.dumps(facts)[:-1]}, "profiles": [{found}]}}'
        separator = ","
    yield "\n  }\n}\n" if separator else "}\n}\n"
