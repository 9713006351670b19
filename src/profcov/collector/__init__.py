"""Collecting coverage from Python, for programs that start and stop it themselves: a wrapper of coverage.py and its data files.

Everything that the process runs between ``start`` and ``stop`` is collected. To collect single requests and jobs, use slugs.
"""

from profcov.collector.collect import CoverageCollector
from profcov.collector.config import DEFAULT_EXCLUDE, CoverageConfig

__all__ = ["DEFAULT_EXCLUDE", "CoverageCollector", "CoverageConfig"]
