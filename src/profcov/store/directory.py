"""Making the data directory, with marks that keep other tools from keeping it, and what is below its ``state/``."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from profcov.store.files import PRIVATE, create_private, make_directory, make_own_directory
from profcov.store.layout import state_dir

if TYPE_CHECKING:
    from pathlib import Path

_MARKS: Final = {
    ".gitignore": b"# Made by profcov: what it has recorded here is nothing to commit.\n*\n",
    "CACHEDIR.TAG": b"Signature: 8a477f597d28d172789f06886806bc55\n# Made by profcov; see https://bford.info/cachedir/\n",
}


def make_state(data_dir: Path, name: str = "", umask: int = PRIVATE, *, is_marked: bool = True) -> None:
    """Make ``state/``, or a directory in it, with those above; symbolic links are not followed.

    An empty data directory then gets its marks, unless it is one for artifacts; one that has other files, such as a project's
    own directory, does not.

    Raises:
        OSError: it cannot be made, or something else has its name.
    """
    state = state_dir(data_dir)
    place = os.path.join(state, name)  # noqa: PTH118 (for each shard: a Path interns its parts)
    if os.path.isdir(place) and not os.path.islink(place.rstrip("/")):  # noqa: PTH112, PTH114
        return
    make_directory(data_dir, umask)
    if is_marked and not os.listdir(data_dir):  # noqa: PTH208 (once a directory)
        _mark(data_dir, umask)
    make_own_directory(state, umask)
    if name:
        make_own_directory(state / name, umask)


def _mark(data_dir: Path, umask: int) -> None:
    for name, text in _MARKS.items():
        with contextlib.suppress(FileExistsError):  # another process was faster
            fd = create_private(data_dir / name, umask)
            try:
                os.write(fd, text)
            finally:
                os.close(fd)


def open_or_create(data_dir: Path, path: Path, umask: int = PRIVATE) -> int:
    """Return a descriptor of a file in ``state/``, making both if necessary; never follow a symbolic link.

    Raises:
        OSError: it cannot be made or opened.
    """
    while True:
        try:
            return os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            make_state(data_dir, umask=umask)
        try:
            return create_private(path, umask)
        except FileExistsError:
            continue  # another process was faster
