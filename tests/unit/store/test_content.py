"""Data files are read as they were written, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.errors import CoverageReadError
from profcov.slug import Slug
from profcov.store.content import read_content
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DEMO = Slug("demo")


def write(data: Path, lines: dict[str, set[int]]) -> Path:
    return write_shard(DataDirectory(data), DEMO, "profile:demo", lines, facts={})


def test_a_file_of_another_version_of_the_format_is_read_by_coverage_py(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = write(data, {"/src/a.py": {1, 9}})
    fast = read_content(shard)
    monkeypatch.setattr("profcov.store.content.SCHEMA", 6)
    slow = read_content(shard)
    assert (slow.lines, slow.arcs, slow.files) == (fast.lines, fast.arcs, fast.files)


def test_no_byte_of_a_shard_changes_unnoticed(data: Path) -> None:
    """Each byte flipped, one after another: the shard is refused, or it reads as it was."""
    shard = write(data, {"/src/a.py": {1, 2, 3}, "/src/b.py": {70}})
    content, expected = shard.read_bytes(), read_content(shard)
    refused = 0
    for position in [*range(0, len(content), 61), *range(len(content) - 60, len(content))]:
        shard.write_bytes(content[:position] + bytes([content[position] ^ 0x11]) + content[position + 1 :])
        try:
            found = read_content(shard)
        except CoverageReadError:
            refused += 1
            continue
        assert found.lines == expected.lines
        assert found.facts in (expected.facts, {})  # without, if the name of our row was hit
    assert refused > 10
