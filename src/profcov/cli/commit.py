"""The commit of the source in the working directory."""

from __future__ import annotations

import subprocess
from typing import Final

_SECONDS: Final = 10


def find_commit() -> str | None:
    """Return git's id of the checked-out commit, with ``-dirty`` if files were changed; None without git."""
    words = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None
