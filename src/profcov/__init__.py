"""profcov: which code does each end-to-end scenario run?"""

__version__ = "0.1.0"
