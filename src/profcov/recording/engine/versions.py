"""Which version of its source a code object was compiled from: a process may edit, reload and rerun a file.

While a file has one version, its code is not examined. Another version comes only when a module body runs, so the file is checked
then; from that moment on each new code object is searched for in what the versions compile to.
"""

from __future__ import annotations
import __future__

import functools
import hashlib
import operator
import os
import time
from types import CodeType
from typing import TYPE_CHECKING, Final

from profcov.recording.faults import raise_foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODULE: Final = "<module>"
"""The name of the code of a module's body, and of anything else that is given to ``exec``."""
CO_OPTIMIZED: Final = 1
"""The flag of a function's code, as in ``inspect``, whose import is expensive."""
MARK: Final = "\0"
"""Ends the name of a file in the key of a later version; no file has it in its name."""
MAX_VERSIONS: Final = 8
"""How many versions of a file are known by their code."""
_SETTLED_SECONDS: Final = 2.0
"""The resolution of some file systems: a file as fresh as that may be changed again, and look the same."""
_FUTURES: Final = functools.reduce(
    operator.or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)

Mark = tuple[CodeType, bytes]
"""The identity of a code object. For Python 3.11 two that differ in their lines are equal."""


class SourceFile:
    """A measured file, with the sha256 of each version of it that this process has run.

    Args:
        path: where it is.
        name: its name in the data, which is also the key of its first version.
        digests: where the sha256 of versions go, by key; None for code of no known version.
        on_version: called with this when there is another version.
    """

    __slots__ = ("_digests", "_newest", "_on_version", "_path", "_rest", "_seen", "_versions", "name")

    def __init__(
        self, path: str, name: str, digests: dict[str, str | None], on_version: Callable[[SourceFile], object]
    ) -> None:
        self.name = self._newest = self._rest = name
        self._path = path
        self._on_version = on_version
        self._digests = digests
        self._versions: dict[str, frozenset[Mark]] = {}
        self._seen: tuple[int, ...] | None = None

    @property
    def is_mixed(self) -> bool:
        """Whether its code objects must be distinguished."""
        return bool(self._versions) or self._rest != self.name

    def meet(self, code: CodeType | None, since: float, *, is_hooked: bool = False) -> None:
        """Check the file for the first time. If it was modified after ``since``, its code may not be what was imported.

        ``is_hooked``: an import hook compiled the code, which may differ from what the file compiles to.
        """
        try:
            content, is_touched = self._read(since)
        except OSError as error:  # it is gone
            raise_foreign(error)
            return
        if is_touched and code is not None:
            whole = self._compile(content, code)
            if not (is_hooked and whole is not None and _is_rewritten(whole, code)):
                self._digests[self.name] = None
                self._add(content, whole)
                return
        self._digests[self.name] = hashlib.sha256(content).hexdigest()

    def look_again(self, code: CodeType | None = None) -> bool:
        """Check the file again, if it has changed; return whether there is another version."""
        try:
            if self._seen is not None and self._seen == _stamp(os.stat(self._path)):  # noqa: PTH116
                return False
            content, _ = self._read()
        except OSError as error:  # it is gone
            raise_foreign(error)
            return False
        if self._digests.get(self._newest) == hashlib.sha256(content).hexdigest():
            return False
        return self._add(content, self._compile(content, code))

    def key_of(self, code: CodeType) -> str:
        """Return the key of the version that a code object was compiled from."""
        is_body = code.co_name == MODULE
        if is_body:
            self.look_again(code)
        if not self._versions:
            return self._rest
        mark = code, code.co_linetable
        if mark in self._versions.get(
            self._newest, ()
        ):  # first: what two versions have in common belongs to the newest
            return self._newest
        for key, marks in dict(self._versions).items():
            if mark in marks:
                return key
        if is_body:
            self.doubt()
        return self._rest

    def doubt(self) -> str:
        """From now on file code of no known version under a separate key: something was run that no file has."""
        key = self.name + MARK
        self._digests[key] = None
        self._rest = key
        return key

    def _read(self, since: float = 0.0) -> tuple[bytes, bool]:
        with open(self._path, "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            content = file.read()
        is_settled = max(status.st_mtime, status.st_ctime) < time.time() - _SETTLED_SECONDS
        self._seen = _stamp(status) if is_settled else None
        return content, status.st_ctime >= since

    def _compile(self, content: bytes, code: CodeType | None) -> CodeType | None:
        try:
            # Code given to `exec` has its caller's __future__ imports.
            futures = 0 if code is None else code.co_flags & _FUTURES
            whole: CodeType = compile(content, self._path, "exec", flags=futures, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise_foreign(error)
            return None
        return whole

    def _add(self, content: bytes, whole: CodeType | None) -> bool:
        """Note a version by its compiled code; one that cannot be compiled has run nothing."""
        if whole is None:
            return False
        digest = hashlib.sha256(content).hexdigest()
        key = self.name if self._digests.get(self.name) == digest else f"{self.name}{MARK}{digest}"
        self._digests[key] = digest
        self._versions[key] = frozenset((each, each.co_linetable) for each in _list_codes(whole))
        self._on_version(self)
        self._newest = key  # last: if a time limit strikes before, the next check repeats it all
        for oldest in [each for each in list(self._versions) if each != key][: 1 - MAX_VERSIONS]:
            self._versions.pop(oldest, None)
            self.doubt()
        return True


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _is_rewritten(whole: CodeType, code: CodeType) -> bool:
    """Return whether code may be what a hook made of a module: a definition in the same lines."""
    begins = code.co_qualname, code.co_firstlineno
    alike = [each for each in _list_codes(whole) if (each.co_qualname, each.co_firstlineno) == begins]
    return any(_last_line(each) == _last_line(code) for each in alike)


def _last_line(code: CodeType) -> int:
    return max((end for _, end, *_ in code.co_positions() if end), default=0)


def _list_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_codes(constant)
