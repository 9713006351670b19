"""A data directory with 100,000 names in it: everything that reads it does so once."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from profcov.settings import Settings
from profcov.slug import Slug
from profcov.store.clean import choose_old
from profcov.store.combine import combine
from profcov.store.layout import list_shards, list_slugs
from profcov.store.shard import write_shard
from profcov.store.survey import survey
from profcov.web.status_facts import gather

if TYPE_CHECKING:
    from pathlib import Path

NAMES, SLUGS = 100_000, 200


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("crowded")
    shards = write_shard(data, Slug("shop"), "profile:shop", {"/src/a.py": {1}}).parent
    for number in range(NAMES):
        name = f"s{number % SLUGS}.coverage.host.1.{number}" if number % 2 else f"notes-{number}.txt"
        os.close(os.open(shards / name, os.O_CREAT | os.O_WRONLY))
    return data


def test_each_reader_takes_seconds_at_most(crowded: Path) -> None:
    began = time.monotonic()
    assert len(list_slugs(crowded)) == SLUGS // 2 + 1
    assert len(list_shards(crowded, Slug("s1"))) == NAMES // SLUGS
    held = survey(crowded)
    assert sum(len(each.shards) for each in held) == NAMES // 2 + 1
    assert len(choose_old(held, keep=1)) == SLUGS // 2
    assert gather(Settings(data_dir=crowded))["data"]["pending"]["count"] == SLUGS // 2 + 1
    assert combine(crowded, Slug("shop")).complete
    assert time.monotonic() - began < 30, "something reads the directory once for each name"
