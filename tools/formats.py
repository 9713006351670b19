"""Write shards and artifacts, or read them with coverage.py's own classes: ``formats.py write|read DIRECTORY``.

``nox -s formats`` calls it with several versions of coverage.py.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coverage import Coverage, CoverageData
from coverage import __version__ as version

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards
from profcov.store.read import read_lines
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Mapping

LINES = {"/src/a.py": {1, 2, 900}, "/src/ü.py": {7}}
ARCS = {"/src/a.py": {(1, 2), (2, -1)}}


def write(place: Path) -> None:
    """Write a shard, and an artifact, of lines and of arcs."""
    shutil.rmtree(place, ignore_errors=True)
    for slug, executed in {"lines": LINES, "arcs": ARCS}.items():
        for _ in range(2):
            write_shard(DataDirectory(place), Slug(slug), f"profile:{slug}", executed, branch=slug == "arcs")  # type: ignore[arg-type]
        combine(DataDirectory(place), Slug(slug))
        write_shard(DataDirectory(place), Slug(slug), f"profile:{slug}", executed, branch=slug == "arcs")  # type: ignore[arg-type]


def read(place: Path) -> None:
    """Read all of it with coverage.py, combine it with coverage.py, and read it with profcov."""
    known: dict[str, Mapping[str, Any]] = {"lines": LINES, "arcs": ARCS}
    for slug, executed in known.items():
        paths = [place / f"{slug}.coverage", *list_shards(place, Slug(slug))]
        assert len(paths) == 2, paths
        together = place / f"{slug}-together"
        tool = Coverage(data_file=str(together), config_file=False, messages=False)
        tool.combine(data_paths=[str(path) for path in paths], strict=True, keep=True)
        tool.save()
        for path in (*paths, together):
            check(path, slug, executed)
        together.unlink()


def check(path: Path, slug: str, executed: Mapping[str, Any]) -> None:
    """Compare what coverage.py and profcov read of a file with what was written."""
    data = CoverageData(basename=str(path))
    data.read()
    assert data.has_arcs() == (slug == "arcs"), path
    assert data.measured_contexts() == {f"profile:{slug}"}, path
    assert data.measured_files() == set(executed), path
    for file, items in executed.items():
        found = data.arcs(file) if slug == "arcs" else data.lines(file)
        assert set(found or ()) == items, (path, file, found)
        lines = {line for arc in items for line in arc if line > 0} if slug == "arcs" else items
        assert read_lines(path)[file] == lines, (path, file)


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](Path(sys.argv[2]))
    print(f"coverage.py {version}: {sys.argv[1]}: as expected")
