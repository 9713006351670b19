"""Run by every Python below ``profcov run``, for its directory comes first on ``PYTHONPATH``.

Python imports a module of this name when it starts. profcov itself is loaded when the first framework or server is, so
that other programs start as fast as ever. The ``sitecustomize`` that Python would have found without us is run as well.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

_FRAMEWORKS = frozenset({"django", "falcon", "flask", "litestar", "quart", "rq", "starlette"})
_SERVERS = frozenset({"gunicorn", "hypercorn", "uvicorn", "waitress", "werkzeug", "wsgiref"})
_AWAITED = _FRAMEWORKS | _SERVERS


class _Waiter:
    """Finds nothing by itself: it loads profcov when one of the modules is asked for, and is gone then."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 (the import system's signature)
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname not in _AWAITED or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        try:
            from profcov.zero_code import install  # noqa: PLC0415

            install()
        except Exception:  # noqa: BLE001, S110 (another environment, without profcov: the command must run all the same)
            pass
        return importlib.util.find_spec(fullname)  # from the start: somebody may be waiting for it now


def _run_the_next() -> None:
    """Import the ``sitecustomize`` that this one hides; whatever it raises is Python's to report, as ever."""
    here = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 (every Python that starts would import pathlib)
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != here]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401, PLC0415
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        if ours is not None:
            sys.modules["sitecustomize"] = ours


sys.meta_path.insert(0, _Waiter())
_run_the_next()
