"""What this process notes in the data directory for readers: its work in flight, and what is missing.

Its file ``state/processes/<host>.<pid>.<n>`` is locked for as long as it lives, and has a row of fixed width for each unit in
flight and for each thing noted: when, in seconds since 1970 (0 in a row that is free); of which kind; the slug; and the id
of the job that a unit is, or the reason why an artifact will be partial.

Nothing here takes a lock: a unit may end in any thread at any moment. ``_rows`` has what is in flight, and is changed before the
file is; a row is written only by the code that began it, so that no write comes late.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import weakref
from collections import deque
from typing import TYPE_CHECKING, Final

from profcov.slug import parse_slug
from profcov.store.flock import try_exclusive
from profcov.store.layout import host_name, lock_path, state_dir
from profcov.store.notes import MAX_NOTES, NoteFile
from profcov.store.rows import FREE, IDLE, IN_FLIGHT, MISSING, UNWRITTEN, WIDTH, make_row, read_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory
    from profcov.store.notes import Note
    from profcov.store.own_file import OwnFile

PROCESSES: Final = "processes"
MIN_ROWS: Final = 16
"""How many rows are allocated at once: the disk may be full later."""
MAX_TRIES: Final = 10


class _File(NoteFile):
    """The file of a process, as it was made; a row is reused only in the file in which it was begun."""

    __slots__ = ("free", "path")

    def __init__(self, fd: int, path: str, new_row: Callable[[], int]) -> None:
        super().__init__(fd, new_row)
        self.path = path
        self.free: deque[int] = deque()

    @property
    def is_in_place(self) -> bool:
        """Whether the data directory is still the one in which the file was made."""
        return os.access(self.path, os.F_OK) or self.is_at(self.path)


class Presence:
    """This process's file in a data directory; made with the first note, and again if it is gone."""

    def __init__(self, directory: DataDirectory) -> None:
        self.directory = directory
        self._place = state_dir(directory.path) / PROCESSES
        self._file: _File | None = None
        self._made: dict[str, _File | None] = {}
        """Each file by its path, from before it is made until it is removed, because making and removing may be interrupted."""
        self._unused: set[str] = set()
        self._rows: dict[int, bytes] = {}
        self._numbers: dict[int, object] = {}
        self._owners: dict[int, weakref.ref[object]] = {}
        self._suspects: set[int] = set()
        self._unsaid: dict[Note, None] = {}

    def open(self) -> object:
        """Return an object for the present directory: another one after it was moved, removed or created anew.

        Raises:
            OSError: the file cannot be made.
        """
        file = self._file
        return file if file is not None and file.is_ours and file.is_in_place else self._make()

    def is_at(self, home: object) -> bool:
        """Return whether the directory is still the one that :meth:`open` returned."""
        file = self._file
        return file is not None and file is home and file.is_in_place

    def begin(
        self,
        slug: Slug,
        job: str = "",
        kind: str = IN_FLIGHT,
        *,
        into: list[tuple[int, object]],
        owner: object | None = None,
    ) -> None:
        """Note that a unit is in flight, and its ``job``; put what :meth:`end` needs ``into`` a list.

        It is there before anything else is done, in case this is interrupted. :meth:`mend` frees the row of an ``owner`` that was
        dropped without having ended.

        Raises:
            OSError: it cannot be noted.
        """
        file = self._file or self._make()
        try:
            row = file.free.pop()
        except IndexError:
            row = self._new_row()
        into.append((row, file))
        if owner is not None:
            self._owners[row] = weakref.ref(owner)
        self._rows[row] = make_row(kind, slug, job)  # first: code that makes the file again notes it, too
        self._write(row)

    def note_again(self, begun: list[tuple[int, object]]) -> None:
        """Note a unit in the present file: it may not have a unit that was begun while another thread made the file.

        Raises:
            OSError: it cannot be noted.
        """
        for row, _ in begun[:1]:
            self._write(row)

    def end(self, begun: list[tuple[int, object]]) -> None:
        """Note that a unit is no longer in flight, with what :meth:`begin` has put into a list; empty the list.

        Called again after an interruption, it does the rest; two threads do not call it at once. The row is given back last.
        """
        for row, file in begun[:1]:
            self._rows.pop(row, None)
            is_written = True
            try:
                self._write(row)
            except OSError:  # `mend` tries again
                is_written = False
            self._owners.pop(row, None)
            begun.clear()
            current = self._file
            if is_written and current is not None and file is current:
                current.free.append(row)

    def note(self, kind: str, slug: Slug, text: str = "") -> None:
        """Write a note that stays until readers have taken it into account; never raise."""
        if len(self._unsaid) < MAX_NOTES or self._knows(slug):
            self._unsaid[slug, kind, text] = None
        self._say()

    def take_back(self, kind: str, slug: Slug, text: str = "") -> None:
        """Remove a note."""
        self._unsaid.pop((slug, kind, text), None)
        file = self._file
        if file is not None:
            with contextlib.suppress(OSError):
                file.take_back((slug, kind, text))

    @property
    def has_dropped(self) -> bool:
        """Whether a unit was dropped without having ended."""
        return any(owner() is None for owner in list(self._owners.values()))

    def mend(self) -> None:
        """Write pending notes, and repair what was interrupted: units while they began or ended, files while they were made.

        It never raises. One thread calls it every half a second: a row is suspect if no unit has it now, and free if it was suspect
        before.
        """
        with contextlib.suppress(OSError):
            for row, owner in dict(self._owners).items():
                if owner() is None:  # its row was not given back, so no other unit has it
                    self._rows.pop(row, None)
                    self._write(row)
                    if self._owners.pop(row, None) is not None and self._file is not None:
                        self._file.free.append(row)
            file = self._current() if self._rows else self._file
            if file is not None and file.is_ours:
                used = {place // WIDTH for place, *_ in read_rows(file.fd)}
                suspects = used.difference(list(self._rows), file.note_rows)
                for row in suspects & self._suspects:
                    self._write(row)
                    file.put_right(row)
                self._suspects = suspects
                file.forget_read(used)
        self._remove_unused()
        self._say()

    def withdraw(self) -> None:
        """Remove the file: the process ends, with everything written. Make it again if that is not so."""
        self._unused.update(self._made)
        self._remove_unused()
        self._say()
        file = self._file
        with contextlib.suppress(OSError):
            if file is not None and file.is_at(file.path):
                if _has_notes(file):
                    for row in list(self._rows):
                        file.write(IDLE, row * WIDTH)
                else:
                    os.unlink(file.path)  # noqa: PTH108
        self.abandon()

    def go_on(self) -> None:
        """Note again what is in flight: `exec` failed, and the process continues."""
        if self._rows:
            with contextlib.suppress(OSError):  # `mend` tries again
                self._current()

    def abandon(self) -> None:
        """Release, in a forked child, the parent's file: its lock ends when no process has it open."""
        self._file, made, self._made = None, self._made, {}
        for file in list(made.values()):
            if file is not None:
                file.close()

    def _say(self) -> None:
        if self._file is None and not os.path.exists(self.directory.path):  # noqa: PTH110 (a Path's own raises)
            return  # nothing was recorded there yet that could count as complete
        for note in list(self._unsaid):
            try:
                file = self._current()
                if file.has_room(note) or self._knows(note[0]):
                    file.note(note)
            except OSError:  # the disk is full: try again later
                return
            self._unsaid.pop(note, None)

    def _knows(self, slug: Slug) -> bool:
        """Return whether something was or will be recorded of a slug: these are limited in number."""
        return os.path.exists(lock_path(self.directory.path, slug))  # noqa: PTH110 (a Path's own raises)

    def _write(self, row: int) -> None:
        """Write the present state of a row into the present file: another thread may make one meanwhile."""
        while True:
            wanted = self._rows.get(row)
            file = self._file or (None if wanted is None else self._make())
            try:
                if file is not None:
                    file.write(wanted or IDLE, row * WIDTH)
            except OSError:
                if wanted is None or file is None or file.is_ours:
                    raise
                self._make()  # the application has closed it: the check is part of each write, and not made twice
            if self._file is file and self._rows.get(row) is wanted:
                return

    def _new_row(self) -> int:
        """Return the number of a row that none has had. Without the GIL, ``itertools.count`` promises no such thing before Python 3.14."""
        mine, number = object(), len(self._numbers)
        while self._numbers.setdefault(number, mine) is not mine:
            number += 1
        return number

    def _current(self) -> _File:
        file = self._file
        return file if file is not None and file.is_ours else self._make()

    def _make(self) -> _File:
        for _ in range(MAX_TRIES):
            with contextlib.suppress(FileNotFoundError, FileExistsError):  # moved, removed or created anew this instant
                return self._try_to_make()
        return self._try_to_make()

    def _try_to_make(self) -> _File:
        self.directory.make_state(PROCESSES)
        name = f"{host_name()}.{os.getpid()}.{secrets.randbelow(10**15)}"
        path = str(self._place / name)
        self._made[path] = None
        file = self._made[path] = _File(self.directory.create(_unfinished(path)), path, self._new_row)
        # Locked before it has its name: an unlocked file counts as a dead process's.
        if not try_exclusive(file.fd):
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK), path)
        rows = dict(self._rows)
        file.write(b"".join(rows.get(row, FREE) for row in range(max([MIN_ROWS - 1, *rows]) + 1)), 0)
        os.rename(_unfinished(path), path)  # noqa: PTH104
        before, self._file = self._file, file
        for row in set(list(self._rows)) - rows.keys():  # noqa: C414 (as in `note_rows`); begun meanwhile, and noted in the file before
            self._write(row)
        if before is not None and before.is_at(before.path):
            # The application has closed its descriptor, and so released its lock: it would pass for a dead process's.
            self._take_over(before.path)
        return file

    def _remove_unused(self) -> None:
        """Remove the files that are not in use, and were not at the last check: another thread may be making one."""
        unused = {path for path, file in dict(self._made).items() if file is None or file is not self._file}
        for path in unused & self._unused:
            with contextlib.suppress(OSError, ValueError):  # a row that is damaged
                self._take_over(path)
        self._unused = unused

    def _take_over(self, path: str) -> None:
        """Remove a file of ours, finished or not; its notes are in another."""
        for each in (path, _unfinished(path)):
            with contextlib.suppress(FileNotFoundError):  # moved, or removed with its directory
                fd = os.open(each, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    notes = [(parse_slug(slug), kind, text) for _, _, kind, slug, text in read_rows(fd)]
                finally:
                    os.close(fd)
                self._unsaid.update(dict.fromkeys(note for note in notes if note[1] in {MISSING, UNWRITTEN}))
                os.unlink(each)  # noqa: PTH108
        self._made.pop(path, None)


def _unfinished(path: str) -> str:
    directory, name = os.path.split(path)
    return f"{directory}/.{name}"


def _has_notes(file: OwnFile) -> bool:
    """Return whether a file has notes that must stay when its process is gone."""
    return any(kind in {MISSING, UNWRITTEN} for _, _, kind, _, _ in read_rows(file.fd)) if file.is_ours else False
