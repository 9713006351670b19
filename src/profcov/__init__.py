"""profcov: which code does each end-to-end scenario run?

``trace`` and ``current_slug`` are for code that is neither a request nor an RQ job. Importing this package imports
no framework, and not coverage.py either.
"""

from profcov.tracing import current_slug, trace
from profcov.version import __version__

__all__ = ["__version__", "current_slug", "trace"]
