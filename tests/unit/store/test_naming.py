"""The names that files get in an artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.read import read_lines
from profcov.store.shard import write_shard
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from pathlib import Path


DEMO = Slug("demo")


def write(data: Path, lines: dict[str, set[int]], label: str = "profile:demo", **facts: Any) -> Path:
    return write_shard(DataDirectory(data), DEMO, label, lines, facts=facts)


def test_versions_are_told_apart_under_the_names_that_files_get(tmp_path: Path, data: Path) -> None:
    config = tmp_path / "paths.ini"
    config.write_text(f"[paths]\nsource =\n    {tmp_path}/src\n    /host/*/src\n")
    (tmp_path / "src").mkdir()
    for name in ("a", "b"):
        (tmp_path / "src" / f"{name}.py").write_text("x = 1\n")
    now = str(file_digest(tmp_path / "src/a.py"))
    one, two = "/host/one/src/{}.py", "/host/two/src/{}.py"
    same: dict[str, Any] = {"sources": {one.format("a"): now, one.format("b"): "1" * 64}, "imported": [one.format("b")]}
    write(data, {one.format("a"): {1}, one.format("b"): {1}}, written=2.0, **same)
    other: dict[str, Any] = {
        "sources": {two.format("a"): "2" * 64, two.format("b"): "1" * 64},
        "imported": [two.format("a")],
    }
    write(data, {two.format("a"): {5}, two.format("b"): {6}}, written=1.0, **other)
    made = combine(DataDirectory(data), DEMO, config_file=config)
    a, b = (str(tmp_path / "src" / f"{name}.py") for name in ("a", "b"))
    assert read_lines(made.path) == {a: {1}, b: {1, 6}}
    facts = read_sidecar(made.path)
    assert facts["sources"] == {a: now, b: "1" * 64}
    assert facts["imported"] == [a, b]
    assert facts["changed_sources"] == {a: sorted([now, "2" * 64])}
    assert made.reasons == ("source-changed",)
