"""From artifacts to an overview: each artifact is looked at once and let go, and each thing is worked out once."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

from profcov.reading.pipeline import make_overview
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.unit.conftest import Tree


def test_an_artifact_is_let_go_before_the_next_is_read(tree: Tree) -> None:
    tree.write("app.py", "def f():\n    return 1\n")
    alive: list[weakref.ref[set[str]]] = []

    def read(count: int) -> Iterator[Recorded]:
        for number in range(count):
            gc.collect()
            assert sum(each() is not None for each in alive) <= 1  # the one that was yielded last
            content = Content({("", "app.py"): 0b100}, files={"app.py"})
            alive.append(weakref.ref(content.files))
            yield Recorded(Slug(f"p{number}"), content, {"status": "complete", "created": str(number)})

    overview = make_overview(tree.inventory(), read(4))
    assert [note.created for note in overview.notes.values()] == ["0", "1", "2", "3"]
    assert list(overview.matrix.profiles) == list(overview.notes) == list(overview.unique)
    assert overview.gaps is overview.gaps
    assert overview.gaps.body_lines_covered == 1
