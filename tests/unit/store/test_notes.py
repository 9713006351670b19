"""What a process notes until readers have taken it into account."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from profcov.slug import Slug
from profcov.store import notes
from profcov.store import presence as presence_module
from profcov.store.directory import DataDirectory
from profcov.store.holders import forget_failed, list_failed, list_notes
from profcov.store.layout import lock_path
from profcov.store.notes import NoteFile
from profcov.store.presence import PROCESSES, Presence
from profcov.store.rows import MISSING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Start = Callable[..., subprocess.Popen[str]]


DEMO, OTHER = Slug("demo"), Slug("other")


def files(data: Path) -> list[str]:
    return [path.name for path in (data / "state" / PROCESSES).iterdir() if not path.name.startswith(".")]


def test_what_readers_have_taken_into_account_makes_room_for_other_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MAX_NOTES", 10)
    presence = Presence(DataDirectory(tmp_path))
    sizes = []
    for number in range(4):
        said = [f"{number}-{each}" for each in range(10)]
        for text in said:
            presence.note(MISSING, DEMO, text)
        assert sorted(each.missing or "" for each in list_failed(tmp_path, DEMO)) == said
        forget_failed(tmp_path, list_failed(tmp_path, DEMO))
        presence.mend()
        presence.mend()
        sizes += [(tmp_path / "state" / PROCESSES / name).stat().st_size for name in files(tmp_path)]
    assert sizes == [sizes[0]] * 4
    presence.withdraw()


def test_notes_of_slugs_that_a_stranger_makes_up_crowd_none_out_of_a_slug_that_the_directory_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "MAX_NOTES", 10)
    monkeypatch.setattr(presence_module, "MAX_NOTES", 10)
    presence = Presence(DataDirectory(tmp_path))
    DataDirectory(tmp_path).make_state()
    lock_path(tmp_path, DEMO).touch()
    for number in range(30):
        presence.note(MISSING, Slug(f"made-up-{number}"), "refused-paused")
    assert len(list_notes(tmp_path)) == 10
    presence.note(MISSING, DEMO, "refused-paused")
    assert [each.missing for each in list_failed(tmp_path, DEMO)] == ["refused-paused"]
    presence.abandon()


def test_a_note_that_is_forgotten_while_it_is_noted_again_takes_no_row_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    presence = Presence(DataDirectory(tmp_path))
    presence.note(MISSING, DEMO, "first")
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    presence.mend()
    write = NoteFile.write

    def write_late(file: NoteFile, data: bytes, place: int) -> None:
        monkeypatch.setattr(NoteFile, "write", write)
        file.forget_read(used=set())
        file.note((DEMO, MISSING, "second"))  # in its row
        write(file, data, place)

    monkeypatch.setattr(NoteFile, "write", write_late)
    presence.note(MISSING, DEMO, "first")
    for _ in range(3):
        assert sorted(each.missing or "" for each in list_failed(tmp_path, DEMO)) == ["first", "second"]
        presence.mend()
    presence.abandon()


def test_a_note_that_is_noted_again_while_it_is_forgotten_keeps_its_row(tmp_path: Path) -> None:
    presence = Presence(DataDirectory(tmp_path))
    presence.note(MISSING, DEMO, "first")
    forget_failed(tmp_path, list_failed(tmp_path, DEMO))
    presence.mend()
    presence.note(MISSING, DEMO, "first")
    cast("NoteFile", presence.open()).forget_read(used=set())  # as was seen before
    presence.note(MISSING, DEMO, "second")
    for _ in range(3):
        assert sorted(each.missing or "" for each in list_failed(tmp_path, DEMO)) == ["first", "second"]
        presence.mend()
    presence.abandon()
