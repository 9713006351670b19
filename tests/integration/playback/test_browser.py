"""A session of headless Chromium with the demo application, replayed from the HAR that Playwright wrote of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from browser import find_chromium

from profcov.demo.run import demo_files
from profcov.demo.services import Recording, start_services
from profcov.playback.loading import load
from profcov.playback.player.barrier import wait_for_jobs
from profcov.playback.player.options import PlayOptions
from profcov.playback.player.play import play
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

BROWSE = Path(__file__).with_name("browse.py")
HINTS = "forms:\n  /dem: {form: {units: m}, files: {dem: dem.asc}}\n"


def test_a_browser_session_is_replayed_with_the_same_lines(tmp_path: Path) -> None:
    chromium = find_chromium()
    har = tmp_path / "browser.har"
    (tmp_path / "browser.profcov.yaml").write_text(HINTS)
    (tmp_path / "browser.uploads").mkdir()
    slug = parse_slug("browser")
    with demo_files() as (config, paths):
        dem = tmp_path / "browser.uploads/dem.asc"
        dem.write_bytes((paths[0].parent / "data/dem.asc").read_bytes())
        recorded = tmp_path / "recorded"
        with start_services(Recording(recorded, config), tmp_path / "logs") as services:
            words = [sys.executable, BROWSE, chromium, services.web_url, har, dem, slug]
            subprocess.run([str(word) for word in words], check=True, timeout=120)
            assert wait_for_jobs(services.redis_url, slug, 60) == ()
            original = combine(DataDirectory(recorded), slug, config_file=config)
        replayed = tmp_path / "replayed"
        with start_services(Recording(replayed, config), tmp_path / "logs-2") as services:
            profile = load(har).profile
            options = PlayOptions(
                trace=True,
                base_url=services.web_url,
                redis_url=services.redis_url,
                directory=DataDirectory(replayed),
                config_file=config,
            )
            artifact = play(profile, options).artifact
    assert artifact is not None
    assert (original.reasons, artifact.reasons) == ((), ())
    assert lines_of(artifact.path) == lines_of(original.path)


def lines_of(artifact: Path) -> Mapping[str, object]:
    lines = read_lines(artifact)
    assert sum(map(len, lines.values())) > 300
    return lines
