"""Collecting coverage from Python, for programs that drive it themselves: a wrapping of coverage.py, and its data files.

Everything that the process runs between ``start`` and ``stop`` is collected, whoever asks for it; for what single requests
and jobs run there are slugs.
"""

from profcov.collector.collect import CoverageCollector
from profcov.collector.config import DEFAULT_EXCLUDE, CoverageConfig

__all__ = ["DEFAULT_EXCLUDE", "CoverageCollector", "CoverageConfig"]
