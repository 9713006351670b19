"""A data directory with thousands of names in it: everything that reads it does so once, and not once for each name."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from profcov.settings import Settings
from profcov.slug import Slug
from profcov.store.clean import choose_old
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.layout import list_shards, list_slugs
from profcov.store.shard import write_shard
from profcov.store.survey import survey
from profcov.web.status_facts import gather

if TYPE_CHECKING:
    from pathlib import Path

NAMES, SLUGS = 2000, 200
looks: Counter[str] = Counter()
"""How often each of these events came; a hook cannot be taken away."""
sys.addaudithook(lambda event, _: looks.update([event] if event in {"os.scandir", "os.listdir"} else ()))


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    shards = write_shard(DataDirectory(tmp_path), Slug("shop"), "profile:shop", {"/src/a.py": {1}}).parent
    for number in range(NAMES):
        name = f"s{number % SLUGS}.coverage.host.1.{number}" if number % 2 else f"notes-{number}.txt"
        os.close(os.open(shards / name, os.O_CREAT | os.O_WRONLY))
    return tmp_path


def test_each_reader_looks_a_few_times_however_many_names_there_are(crowded: Path) -> None:
    before = looks.total()
    assert len(list_slugs(crowded)) == SLUGS // 2 + 1
    assert len(list_shards(crowded, Slug("s1"))) == NAMES // SLUGS
    held = survey(crowded)
    assert sum(len(each.shards) for each in held) == NAMES // 2 + 1
    assert len(choose_old(held, keep=1)) == SLUGS // 2
    assert gather(Settings(data_dir=crowded))["data"]["pending"]["count"] == SLUGS // 2 + 1
    assert combine(DataDirectory(crowded), Slug("shop")).complete
    assert 6 <= looks.total() - before < SLUGS // 4
