"""The browser of the tests: Debian's Chromium, driven by playwright, which brings none of its own then."""

from __future__ import annotations

import os
import shutil

import pytest


def find_chromium() -> str:
    """Return Chromium's path; where there is none, the test is skipped, and in CI it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        reason = "there is no Chromium here: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
