from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from profcov.cli.run import _write_configuration
from profcov.store.directory import DataDirectory

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS = 300


def test_programs_that_start_at_the_same_moment_find_the_whole_configuration(tmp_path: Path) -> None:
    path = _write_configuration(DataDirectory(tmp_path), ["source =", "    src"])
    whole = path.read_text()
    assert whole.endswith("[run]\nsource =\n    src\n")
    assert path.stat().st_mode & 0o777 == 0o600
    done = threading.Event()

    def write() -> None:
        for _ in range(ROUNDS):
            _write_configuration(DataDirectory(tmp_path), ["source =", "    src"])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        seen.add(path.read_text() if path.exists() else None)
    writer.join()
    assert seen == {whole}
    assert [each.name for each in path.parent.iterdir()] == ["run.ini"]
