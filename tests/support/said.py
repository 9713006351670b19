"""What a program has said on standard error."""

from __future__ import annotations


def without_start_line(said: str) -> str:
    """Return what a program has said besides the line that each server and worker has at start."""
    lines = said.splitlines(keepends=True)
    return "".join(line for line in lines if "profcov: recording into " not in line)
