"""The data directory: made with marks that keep other tools from keeping it, and what is made below its ``state/``."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.store.files import PRIVATE, create_private, make_directory, make_own_directory
from profcov.store.layout import state_dir

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.settings import Settings

_MARKS: Final = {
    ".gitignore": b"# Made by profcov: what it has recorded here is nothing to commit.\n*\n",
    "CACHEDIR.TAG": b"Signature: 8a477f597d28d172789f06886806bc55\n# Made by profcov; see https://bford.info/cachedir/\n",
}


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A directory to make files in; ``umask`` is which permissions they must not have."""

    path: Path
    umask: int = PRIVATE

    @classmethod
    def of(cls, settings: Settings) -> DataDirectory:
        """Return the directory that these settings name."""
        return cls(settings.data_dir, settings.umask)

    def at(self, path: Path | None) -> DataDirectory:
        """Return another directory, of the same umask; this one if None."""
        return self if path is None else DataDirectory(path, self.umask)

    def make_state(self, name: str = "", *, is_marked: bool = True) -> None:
        """Make ``state/``, or a directory in it, with those above; symbolic links are not followed.

        An empty data directory then gets its marks, unless it is one for artifacts; one that has other files, such as a project's
        own directory, does not.

        Raises:
            OSError: it cannot be made, or something else has its name.
        """
        state = state_dir(self.path)
        place = os.path.join(state, name)  # noqa: PTH118 (for each shard: a Path interns its parts)
        if os.path.isdir(place) and not os.path.islink(place.rstrip("/")):  # noqa: PTH112, PTH114
            return
        make_directory(self.path, self.umask)
        if is_marked and not os.listdir(self.path):  # noqa: PTH208 (once a directory)
            self._mark()
        make_own_directory(state, self.umask)
        if name:
            make_own_directory(state / name, self.umask)

    def create(self, path: str | Path) -> int:
        """Make an empty file, as :func:`profcov.store.files.create_private` does."""
        return create_private(path, self.umask)

    def open_or_create(self, path: Path) -> int:
        """Return a descriptor of a file in ``state/``, making both if necessary; never follow a symbolic link.

        Raises:
            OSError: it cannot be made or opened.
        """
        while True:
            try:
                return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError:
                self.make_state()
            try:
                return self.create(path)
            except FileExistsError:
                continue  # another process was faster

    def _mark(self) -> None:
        for name, text in _MARKS.items():
            with contextlib.suppress(FileExistsError):  # another process was faster
                fd = self.create(self.path / name)
                try:
                    os.write(fd, text)
                finally:
                    os.close(fd)
