"""Code that the interpreter runs when it is first asked for: annotations (3.14), type aliases, and bounds of type parameters.

Whoever comes first runs it, and nobody after him: like import-time code it is nobody's, with all that it calls.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import CodeType, FrameType

_CO_OPTIMIZED: Final = 1  # as in inspect, whose import is dear
_ANNOTATE: Final = "__annotate__"
_FORMAT: Final = ".format"
"""The parameter of what evaluates an alias or a bound, from Python 3.14 on: no function of anybody's can have it."""
_HAS_MARK: Final = sys.version_info >= (3, 14)


def is_lazy(code: CodeType) -> bool:
    """Tell whether a code object evaluates an annotation, an alias or a bound."""
    if _HAS_MARK:
        return code.co_name == _ANNOTATE or code.co_varnames[:1] == (_FORMAT,)
    if code.co_argcount or code.co_nlocals or not code.co_flags & _CO_OPTIMIZED or not code.co_name.isidentifier():
        return False
    *_, (_, _, last) = code.co_lines()
    return last == code.co_firstlineno and _is_evaluated(
        code.co_name, _read_line(code.co_filename, code.co_firstlineno)
    )


def _is_evaluated(name: str, line: str) -> bool:
    """Tell whether a source line defines an alias, or has a type parameter, of a name, rather than a function."""
    return re.search(rf"\btype\s+{name}\s*[\[=]|(^|[\[,])\s*\**{name}\s*[:=](?!=)", line) is not None


def _read_line(filename: str, number: int) -> str:
    try:
        with open(filename, "rb") as file:  # noqa: PTH123
            lines = file.read().decode("utf-8", "replace").splitlines()
        return lines[number - 1]
    except (OSError, IndexError):
        return ""


def is_within(frame: FrameType | None, codes: Mapping[int, object]) -> bool:
    """Tell whether a frame, or one that it was called from, runs one of the code objects (by id)."""
    while frame is not None:
        if id(frame.f_code) in codes:
            return True
        frame = frame.f_back
    return False
