from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from profcov.settings import Settings
from profcov.slug import parse_slug
from profcov.store.admission import Admission
from profcov.store.clean import discard, remove
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def admission(directory: Path, **settings: Any) -> Admission:
    return Admission(Settings(enabled=True, data_dir=directory, **settings))


def test_all_slugs_are_allowed_where_there_are_no_patterns(tmp_path: Path) -> None:
    assert admission(tmp_path).is_allowed("anything")


@pytest.mark.parametrize(
    ("slug", "allowed"),
    [
        ("us-small", True),
        ("nightly", True),
        ("nightly2", False),
        ("eu-small", False),
        ("us-", True),
        ("US-small", False),
    ],
)
def test_a_slug_must_match_one_of_the_patterns(tmp_path: Path, slug: str, allowed: bool) -> None:
    assert admission(tmp_path, allow=("us-*", "nightly")).is_allowed(slug) is allowed


def test_a_directory_takes_slugs_up_to_its_limit_and_those_it_has(tmp_path: Path) -> None:
    gate = admission(tmp_path / "data", max_profiles=3)
    assert [gate.has_room(parse_slug(name)) for name in ("a", "b", "c", "d", "a", "c")] == [True] * 3 + [
        False,
        True,
        True,
    ]


def test_a_second_process_does_not_pass_the_limit_either(tmp_path: Path) -> None:
    """Eight processes at once, each with its own ten slugs: the directory ends up with the limit, exactly."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from profcov.settings import Settings\n"
        "from profcov.store.admission import Admission\n"
        "sys.stdin.readline()\n"
        "gate = Admission(Settings(enabled=True, data_dir=Path(sys.argv[1]), max_profiles=25))\n"
        "print(sum(gate.has_room(f'{sys.argv[2]}-{n}') for n in range(10)))\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), f"p{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(taken) == 25
    assert len(list(tmp_path.glob("state/*.lock"))) == 25


def test_a_full_directory_is_not_read_again_for_every_stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = admission(tmp_path, max_profiles=1)
    assert gate.has_room(parse_slug("a"))
    assert not gate.has_room(parse_slug("b"))
    monkeypatch.setattr("profcov.store.admission.count_slugs", lambda *_: pytest.fail("was read again"))
    assert not gate.has_room(parse_slug("c"))


def test_the_place_of_a_slug_that_was_combined_dropped_or_cleaned_is_free_again(tmp_path: Path) -> None:
    slugs = [parse_slug(name) for name in ("a", "b", "c", "d")]
    gate = admission(tmp_path, max_profiles=4)
    assert all(map(gate.has_room, slugs))
    for slug in slugs:
        write_shard(DataDirectory(tmp_path), slug, f"profile:{slug}", {"/a.py": {1}})
    assert not admission(tmp_path, max_profiles=4).has_room(parse_slug("e"))
    combine(DataDirectory(tmp_path), slugs[0])
    discard(DataDirectory(tmp_path), slugs[1])
    remove(DataDirectory(tmp_path), slugs[2])
    gate = admission(tmp_path, max_profiles=4)
    assert [gate.has_room(parse_slug(name)) for name in ("e", "f", "g", "h")] == [True, True, True, False]


def test_a_slug_that_is_recorded_again_after_it_was_combined_has_its_place_again(tmp_path: Path) -> None:
    slug = parse_slug("a")
    assert admission(tmp_path, max_profiles=1).has_room(slug)
    for _ in range(2):
        write_shard(DataDirectory(tmp_path), slug, "profile:a", {"/a.py": {1}})
        assert not admission(tmp_path, max_profiles=1).has_room(parse_slug("b"))
        combine(DataDirectory(tmp_path), slug)
    assert admission(tmp_path, max_profiles=1).has_room(parse_slug("b"))


def test_a_process_that_was_stopped_at_the_gate_does_not_stop_the_others_for_ever(tmp_path: Path) -> None:
    DataDirectory(tmp_path).make_state()
    gate = os.open(tmp_path / "state" / "new-slug", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            admission(tmp_path).has_room(parse_slug("a"))
    finally:
        os.close(gate)
