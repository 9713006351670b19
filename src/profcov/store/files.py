"""How files and directories are made: private to their owner, unless the settings' umask allows more."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Final

from profcov.errors import as_write_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PRIVATE: Final = 0o077
_NEW = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def make_directory(path: Path, umask: int = PRIVATE) -> None:
    """Make a directory and those above it; leave an existing one as it is.

    Raises:
        OSError: it cannot be made, or something else has its name.
    """
    try:
        path.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not path.is_dir():
            raise
        return
    path.chmod(0o777 & ~umask)  # mkdir has applied the process's own umask


def remove_file(path: Path) -> bool:
    """Remove a file, and return whether it was there.

    Raises:
        CoverageWriteError: it exists, and cannot be removed.
    """
    with as_write_error(path):
        try:
            path.unlink()
        except FileNotFoundError:
            return False
    return True


def make_own_directory(path: Path, umask: int = PRIVATE) -> None:
    """Make a directory inside a data directory, without following a symbolic link.

    Raises:
        OSError: it cannot be made, or something else has its name.
    """
    if path.is_symlink():
        raise NotADirectoryError(errno.ENOTDIR, "a symbolic link, which profcov does not follow", str(path))
    make_directory(path, umask)


def create_private(path: str | Path, umask: int = PRIVATE) -> int:
    """Make an empty file, never through a symbolic link, and return a descriptor to read and write it.

    Raises:
        FileExistsError: something has that name already.
        OSError: it cannot be made.
    """
    fd = os.open(path, os.O_RDWR | _NEW, 0o600)
    try:
        os.fchmod(fd, 0o666 & ~umask)
    except BaseException:
        os.close(fd)
        raise
    return fd


def replace_file(path: Path, chunks: Iterable[bytes], umask: int | None = None, *, beside: Path | None = None) -> None:
    """Write a file whole, or leave it as it was.

    Args:
        path: the file; a symbolic link is replaced, and not followed.
        chunks: its content.
        umask: which permissions it must not have; the process's own if None.
        beside: the temporary name; a random name beside it if None.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path, beside=beside) as fresh:
        fd = os.open(fresh, os.O_WRONLY | _NEW, 0o666) if umask is None else create_private(fresh, umask)
        with open(fd, "wb") as file:  # noqa: PTH123 (a descriptor)
            file.writelines(chunks)


@contextlib.contextmanager
def replacing(path: Path, *, beside: Path | None = None) -> Iterator[Path]:
    """Yield the name of a file to write, which replaces ``path`` at the end; leave nothing after a failure.

    Args:
        path: the file; a symbolic link is replaced, and not followed.
        beside: the temporary name; if None a random name that no command of coverage.py takes for data, whatever
            the name of ``path``.

    Raises:
        OSError: it cannot replace it.
    """
    fresh = beside or path.with_name(f".profcov-{secrets.token_hex(8)}")
    if beside is not None:
        fresh.unlink(missing_ok=True)  # a killed process of the same number has left it
    try:
        yield fresh
        fresh.replace(path)
    finally:
        for left in (fresh, fresh.with_name(f"{fresh.name}-journal")):  # SQLite's, if it was interrupted
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)


def file_digest(path: str | Path) -> str | None:
    """Return the sha256 of a file in hexadecimal, or None if it cannot be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def free_bytes(directory: Path) -> int | None:
    """Return how many bytes a file in a directory, existing or not, may take; None if the system does not report it."""
    for path in (directory, *directory.parents):
        try:
            facts = os.statvfs(path)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return facts.f_bavail * facts.f_frsize
    return None
