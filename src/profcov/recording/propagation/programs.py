"""Which programs are Python, or will start it: only these get a slug through their environment."""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    Word = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_PYTHON: Final = re.compile(r"(python|pypy|graalpy)[\w.-]*", re.ASCII)
_SHELLS: Final = frozenset({"sh", "ash", "bash", "dash", "fish", "ksh", "mksh", "zsh"})
_HEAD: Final = 512
"""How many bytes of a script are read."""
_EXEC: Final = b"'''exec' "
"""The start of the second line of a shell script that is a Python script: pip writes it if the interpreter's path is long."""


class Program:
    """A program that is about to be started: its name, and the words that follow on the command line.

    A name without a directory is searched for in ``search``; ``directory`` is where it will start.
    """

    def __init__(
        self, name: Word, words: Sequence[Word], search: Sequence[str] = (), directory: Word | None = None
    ) -> None:
        text = os.fsdecode(name)
        places = [os.path.join(place, text) for place in search] if os.sep not in text else []  # noqa: PTH118
        found = next((place for place in places if os.access(place, os.X_OK)), text)
        self._path = os.path.join(os.fsdecode(directory or ""), found)  # noqa: PTH118
        self._words = [os.fsdecode(word) for word in words]
        self._interpreter = _read_interpreter(self._path)

    @property
    def is_python(self) -> bool:
        """Whether it is a Python interpreter, or a Python script."""
        return _is_python(self._path) or _is_python(self._interpreter)

    @property
    def may_start_python(self) -> bool:
        """Whether it is a shell or a shell script, or a word of its command line names Python or a Python script."""
        shells = {os.path.basename(self._path), os.path.basename(self._interpreter)} & _SHELLS  # noqa: PTH119
        return bool(shells) or any(word.endswith(".py") or _is_python(word) for word in self._words)


def _is_python(path: str) -> bool:
    """Return whether a path leads to an interpreter: by its name, or by that of the file behind a link."""
    if not path:
        return False
    names = (os.path.basename(path), os.path.basename(os.path.realpath(path)))  # noqa: PTH119
    return path == sys.executable or any(_PYTHON.fullmatch(name) for name in names)


def _read_interpreter(path: str) -> str:
    """Return the interpreter in the first line of a script, without ``env``; empty if it is no script."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return ""
        with open(path, "rb") as file:  # noqa: PTH123
            head = file.read(_HEAD)
    except OSError:
        return ""
    if not head.startswith(b"#!"):
        return ""
    first, second = [*head[2:].splitlines(), b"", b""][:2]
    if second.startswith(_EXEC):
        command = os.fsdecode(second[len(_EXEC) :].strip())
        return command.split('"')[1] if command.startswith('"') else command.split(" ")[0]
    words = [word for word in os.fsdecode(first).split() if not word.startswith("-") and "=" not in word]
    if len(words) > 1 and os.path.basename(words[0]) == "env":  # noqa: PTH119
        del words[0]
    return words[0] if words else ""
