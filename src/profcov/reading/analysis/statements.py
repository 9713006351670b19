"""How many lines an artifact has: statements, as coverage.py counts them, and as every report of ours does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profcov.configuration import Configuration
from profcov.errors import ProfcovError
from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.analysis.matrix import count_lines
from profcov.reading.symbols.archives import find_archive
from profcov.reading.symbols.inventory import build_inventory
from profcov.store.files import file_digest
from profcov.store.layout import sidecar_path
from profcov.store.merge import read_content
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Mapping


class StatementCounter:
    """Counts the statements of artifacts, each file of a source read once.

    ``config_file`` is what was named; else each artifact counts with what measured it.
    """

    def __init__(self, config_file: Path | None = None) -> None:
        self._config_file = config_file
        self._indexes: dict[str, dict[str, SymbolIndex]] = {}

    def count(self, artifact: Path) -> int | None:
        """Return how many statements ran; None where a source that ran is not here, so that nobody can tell."""
        try:
            facts = read_sidecar(artifact) if sidecar_path(artifact).is_file() else {}
            lines = {file: bits for file, bits in read_content(artifact).bits_by_file().items() if bits}
            return self._count(lines, facts)
        except (ProfcovError, OSError):  # who reports on it says what is wrong
            return None

    def _count(self, lines: Mapping[str, int], facts: Mapping[str, Any]) -> int | None:
        configuration = Configuration(self._config_file, None if self._config_file else facts.get("settings"))
        known = self._indexes.setdefault(json.dumps(configuration.measured, sort_keys=True), {})
        digests = facts.get("sources") or {}
        for file in lines:
            place = configuration.locate(file)
            now = file_digest(place)
            if now is None and find_archive(Path(place)) is not None:
                continue  # what runs in an archive has no digest
            if now is None or digests.get(file) not in {None, now}:
                return None
        fresh = lines.keys() - known.keys()
        if fresh:
            index = SymbolIndex(build_inventory(configuration, only=fresh))
            known |= dict.fromkeys(fresh, index)
        if not any(file in index.files for file, index in known.items() if file in lines):
            return None if lines else 0
        return sum(count_lines(known[file].executed({file: bits})) for file, bits in lines.items())
