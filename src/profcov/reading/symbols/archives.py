"""Python sources inside an archive that Python imports from: a zipapp, an egg."""

from __future__ import annotations

import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

SUFFIXES: Final = (".pyz", ".pyzw", ".pex", ".egg", ".par")
"""Archives that are searched without being named: others are rarely imported from."""
_SKIPPED: Final = frozenset({"site-packages", "node_modules", "__pycache__"})


def find_archive(path: Path) -> Path | None:
    """Return the archive that a path is or is in, or None."""
    here = next((each for each in (path, *path.parents) if each.exists()), path)
    return here if here.is_file() and zipfile.is_zipfile(here) else None


def list_sources(archive: Path, below: Path) -> Iterator[Path]:
    """Yield the Python files of an archive below a path, as Python names them: by the archive's name and theirs."""
    with zipfile.ZipFile(archive) as content:
        names = sorted(content.namelist())
    for name in names:
        path = archive / name
        folders = name.split("/")[:-1]
        is_hidden = any(each.startswith(".") or each in _SKIPPED for each in folders)
        if name.endswith(".py") and not is_hidden and path.is_relative_to(below):
            yield path


class Archives:
    """Archives that files are read from: each is opened once, because opening reads its whole list of files."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._open: dict[Path, zipfile.ZipFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def read(self, path: Path) -> bytes:
        """Return the bytes of a file in an archive.

        Raises:
            OSError: it is in none.
        """
        archive = next((each for each in path.parents if each in self._open), None) or find_archive(path)
        if archive is None:
            raise FileNotFoundError(2, "No such file", str(path))
        try:
            if archive not in self._open:
                self._open[archive] = self._stack.enter_context(zipfile.ZipFile(archive))
            return self._open[archive].read(path.relative_to(archive).as_posix())
        except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise OSError(f"{path} cannot be read from its archive: {error}") from error
