"""The session of ``recorded_site.py`` as three writers have recorded it, played against the site of another day.

``recordings/site`` has what Firefox's developer tools and mitmproxy wrote; Chromium is recorded anew by each run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import find_chromium
from recorded_site import GRID, PLAYED, serve_site

from profcov.playback.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

HERE = Path(__file__).parent
HINTS = "forms: {/dem: {form: {units: m}, files: {dem: dem.bin}}, /raw: {data: dem.bin}}"


@pytest.mark.parametrize("writer", ["firefox", "mitmproxy"])
def test_a_session_is_played_from_what_its_writer_recorded(writer: str, playback: Run) -> None:
    recording = HERE / "recordings" / "site" / f"{writer}.har"
    assert load(recording).profile.lacks == ()
    with serve_site() as site:
        played = playback(recording, "--base-url", site.url)
    assert (played.returncode, site.seen) == (0, PLAYED), played.stderr


def test_a_session_in_chromium_is_played_with_what_the_hints_add(tmp_path: Path, playback: Run) -> None:
    recording = tmp_path / "shop.har"
    words = [sys.executable, HERE / "record_site.py", "chromium", recording, find_chromium()]
    subprocess.run([str(word) for word in words], check=True, timeout=120)
    planned = playback(recording, "--dry-run")
    lacking = [line for line in planned.stderr.splitlines() if "the recording does not have the body of" in line]
    assert (len(lacking), "PUT" in lacking[0], "POST" in lacking[1]) == (2, True, True)
    (tmp_path / "shop.profcov.yaml").write_text(HINTS)
    (tmp_path / "shop.uploads").mkdir()
    (tmp_path / "shop.uploads/dem.bin").write_bytes(GRID)
    with serve_site() as site:
        played = playback(recording, "--base-url", site.url)
    assert (played.returncode, site.seen) == (0, PLAYED), played.stderr
