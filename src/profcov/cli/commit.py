"""The commit of the source in the working directory."""

from __future__ import annotations

import subprocess
from typing import Final

_SECONDS: Final = 10


def find_commit() -> str | None:
    """Return git's id of what is checked out, with ``-dirty`` after it where files were changed; None where git knows none."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None
