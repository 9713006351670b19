"""profcov: which code does each end-to-end scenario run?

``trace`` and ``current_slug`` are for code that is neither a request nor an RQ job, ``bind`` and ``unbound`` for work
that is handed over by means of your own. Importing this package imports
no framework, and not coverage.py either.
"""

from profcov.propagation.binding import bind, unbound
from profcov.tracing import current_slug, trace
from profcov.version import __version__

__all__ = ["__version__", "bind", "current_slug", "trace", "unbound"]
