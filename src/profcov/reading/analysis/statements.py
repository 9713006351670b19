"""How many lines an artifact has: statements, as coverage.py counts them, and as every report of ours does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profcov.configuration import Configuration
from profcov.errors import ProfcovError
from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.symbols.archives import find_archive
from profcov.reading.symbols.inventory import build_inventory
from profcov.store.content import read_content
from profcov.store.files import file_digest
from profcov.store.layout import sidecar_path
from profcov.store.line_sets import count_lines
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def count_statements(artifacts: Iterable[Path], config_file: Path | None = None) -> dict[Path, int]:
    """Map artifacts to how many statements ran; leave out those whose source is not available to count them.

    ``config_file`` is the named configuration; else each artifact uses the one that measured it. Each source tree is listed once,
    and only files that ran are read.
    """
    groups: dict[str, tuple[Configuration, dict[Path, dict[str, int]]]] = {}
    for artifact in artifacts:
        try:
            facts = read_sidecar(artifact) if sidecar_path(artifact).is_file() else {}
            lines = {file: bits for file, bits in read_content(artifact).bits_by_file().items() if bits}
            configuration = Configuration(config_file, None if config_file else facts.get("settings"))
            if _is_here(lines, facts, configuration):
                key = json.dumps(configuration.measured, sort_keys=True)
                groups.setdefault(key, (configuration, {}))[1][artifact] = lines
        except (ProfcovError, OSError):  # the command that reports on it reports the error
            continue
    counted: dict[Path, int] = {}
    for configuration, ran in groups.values():
        try:
            index = SymbolIndex(build_inventory(configuration, only={file for lines in ran.values() for file in lines}))
        except (ProfcovError, OSError):
            continue
        for artifact, lines in ran.items():
            if not lines or any(file in index.files for file in lines):
                counted[artifact] = count_lines(index.executed(lines))
    return counted


def _is_here(lines: Iterable[str], facts: Mapping[str, Any], configuration: Configuration) -> bool:
    """Return whether each file that ran is available, unchanged."""
    digests = facts.get("sources") or {}
    for file in lines:
        place = configuration.locate(file)
        now = file_digest(place)
        if now is None and find_archive(Path(place)) is not None:
            continue  # files in an archive have no digest
        if now is None or digests.get(file) not in {None, now}:
            return False
    return True
