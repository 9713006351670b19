"""Names for shards that a test writes itself, such as damaged ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profcov.store.layout import new_shard_name, shards_dir

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.slug import Slug


def new_shard_path(data_dir: Path, slug: Slug) -> Path:
    """Return where this process would write a new shard."""
    return shards_dir(data_dir) / new_shard_name(slug)
