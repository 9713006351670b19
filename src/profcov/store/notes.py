"""The notes in a process's file, each in its own row, until readers have taken them into account.

No lock: code that writes a row checks afterwards whether its note still owns it. Rows go from one note to another when readers have
zeroed them; a note gets its row first, and is written second.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from profcov.store.own_file import OwnFile
from profcov.store.rows import IDLE, WIDTH, make_row, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.slug import Slug

MAX_NOTES: Final = 1000
"""How many notes there are at once; those of slugs that the directory knows are not limited, or strangers could crowd them out."""

Note = tuple["Slug", str, str]
"""A slug, a kind, and the reason."""


class NoteFile(OwnFile):
    """A file with rows that hold notes; ``new_row`` numbers those that are added."""

    __slots__ = ("_new_row", "_notes", "_read", "_spare")

    def __init__(self, fd: int, new_row: Callable[[], int]) -> None:
        super().__init__(fd)
        self._new_row = new_row
        self._notes: dict[Note, int] = {}
        self._read: set[int] = set()
        self._spare: deque[int] = deque()

    @property
    def note_rows(self) -> set[int]:
        """The rows that have notes."""
        return set(list(self._notes.values()))  # noqa: C414 (a list is made at once, also without the GIL)

    def has_room(self, note: Note) -> bool:
        """Return whether something was noted before, or there is room for it."""
        return note in self._notes or len(self._notes) < MAX_NOTES

    def note(self, note: Note) -> None:
        """Write a note, even if it was written before.

        Raises:
            OSError: it cannot be noted.
        """
        row = None
        while row is None or self._notes.get(note) != row:
            if row is not None:  # it was forgotten before it was written: the row may belong to another note by now
                self.put_right(row)
            row = self._notes.get(note)
            if row is None:
                row = self._notes.setdefault(note, self._find_row())
            self._write_note(note, row)

    def take_back(self, note: Note) -> None:
        """Remove the note.

        Raises:
            OSError: it cannot be noted.
        """
        row = self._notes.get(note)
        if row is not None:
            self.write(IDLE, row * WIDTH)
            if self._notes.get(note) != row:
                self.put_right(row)

    def put_right(self, row: int) -> None:
        """Write the note that owns a row again, after the row was written for another."""
        for note, its_row in dict(self._notes).items():
            if its_row == row:
                self._write_note(note, row)

    def forget_read(self, used: set[int]) -> None:
        """Forget notes that readers have taken into account, at this look and the last; called by one thread."""
        read = self.note_rows - used
        gone = [(note, row) for note, row in dict(self._notes).items() if row in read & self._read]
        self._read = read
        for note, _ in gone:
            self._notes.pop(note, None)
        again = {place // WIDTH for place, *_ in read_rows(self.fd)} if gone else set()
        for note, row in gone:  # one that was noted again before it was forgotten keeps its row
            if row not in again:
                self._spare.append(row)
            elif self._notes.setdefault(note, row) != row:
                self.write(IDLE, row * WIDTH)

    def _find_row(self) -> int:
        try:
            return self._spare.popleft()
        except IndexError:
            return self._new_row()

    def _write_note(self, note: Note, row: int) -> None:
        slug, kind, text = note
        self.write(make_row(kind, slug, text), row * WIDTH)
