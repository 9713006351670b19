"""What ``stall.py`` has gevent's pool of threads do: coverage.py alone sees it or greenlets that ``threading`` starts, not both."""

from __future__ import annotations


def sort(name: str) -> str:
    letters = sorted(name)
    return "".join(letters)
