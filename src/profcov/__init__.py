"""profcov: which code does each end-to-end scenario run?

``trace`` and ``current_slug`` are for code that is neither a request nor an RQ job, ``bind`` and ``unbound`` for work
that you hand over by your own means, ``engine_status`` to see what profcov does in this process. Importing this
package imports no framework, and not coverage.py either.
"""

from typing import TYPE_CHECKING, Any

from profcov.recording.propagation.binding import bind, unbound
from profcov.status import EngineStatus, engine_status
from profcov.tracing import current_slug, trace
from profcov.version import __version__

if TYPE_CHECKING:
    from profcov.collector import CoverageCollector, CoverageConfig

__all__ = [
    "CoverageCollector",
    "CoverageConfig",
    "EngineStatus",
    "__version__",
    "bind",
    "current_slug",
    "engine_status",
    "trace",
    "unbound",
]


if not TYPE_CHECKING:  # or a misspelt name would be one to type checkers

    def __getattr__(name: str) -> Any:
        """Import what needs coverage.py only on first access."""
        if name in {"CoverageCollector", "CoverageConfig"}:
            from profcov import collector  # noqa: PLC0415

            return getattr(collector, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
