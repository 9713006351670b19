"""Python 3.15's lazy imports: what the recording half imports is loaded before it hooks the import system.

With ``-X lazy_imports=all`` every import at the top of a module is put off until its name is first used. In our callbacks, and in
the hook of the import system itself, that would be an import inside an import, or under a lock: ``ImportCycleError``.
"""

from __future__ import annotations

import sys
import types
from typing import Final

_OURS: Final = frozenset({"coverage", "profcov"})


def load_lazy() -> None:
    """Load everything that our modules and coverage.py's have put off, and what these put off in turn; fast if there is nothing."""
    lazy = getattr(types, "LazyImportType", None)
    seen: set[str] = set()
    while lazy is not None and (fresh := {name for name in tuple(sys.modules) if _is_ours(name)} - seen):
        seen |= fresh
        for module in [sys.modules[name] for name in fresh]:
            for name in [name for name, value in vars(module).items() if type(value) is lazy]:
                getattr(module, name)


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in _OURS
