"""The statements of many artifacts are counted at once: each source tree is listed once, however many there are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from profcov.reading.analysis import statements
from profcov.reading.analysis.statements import count_statements
from profcov.reading.symbols.inventory import build_inventory
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    import pytest
    from tests.unit.reading.analysis.conftest import Application


def record(data: Path, slug: str, file: str, *lines: int) -> Path:
    write_shard(
        DataDirectory(data),
        Slug(slug),
        f"profile:{slug}",
        {file: set(lines)},
        facts={"sources": {file: file_digest(file)}},
    )
    return combine(DataDirectory(data), Slug(slug)).path


def test_a_source_tree_is_listed_once_for_all_artifacts_of_it(
    application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    application.write(app="def f():\n    x = (\n        1\n    )\n    return x\n", other="def g():\n    return 2\n")
    data, app, other = application.root / "data", str(application.root / "app.py"), str(application.root / "other.py")
    made = [record(data, "a", app, 2, 3, 5), record(data, "b", other, 2), record(data, "c", app, 3)]
    changed = record(data, "d", other, 2)
    listed = []
    build = build_inventory
    monkeypatch.setattr(statements, "build_inventory", lambda *args, **more: listed.append(1) or build(*args, **more))
    assert count_statements([*made, Path("nowhere.coverage")]) == dict(zip(made, (2, 1, 1), strict=True))
    assert listed == [1]
    application.write(other="def g():\n    return 3\n")
    assert count_statements([*made, changed]) == {made[0]: 2, made[2]: 1}
