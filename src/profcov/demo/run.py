"""The demo: start the application, play every profile at once, combine, and show the result."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from profcov.demo.services import Recording, start_services
from profcov.demo.table import make_rows
from profcov.errors import CoverageWriteError, as_write_error
from profcov.playback.loading import load_profiles
from profcov.playback.player.options import PlayOptions
from profcov.playback.player.runner import play_all
from profcov.reading.analysis.notes import Played
from profcov.reading.pipeline import make_overview
from profcov.reading.report.coverage_html import write_html
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.page import NAME, write_page
from profcov.reading.report.matrix_files import NAMES, write_matrix
from profcov.reading.symbols.inventory import build_inventory
from profcov.settings import DEFAULT_CONFIG
from profcov.store.directory import DataDirectory
from profcov.store.flock import try_exclusive
from profcov.store.layout import artifact_path, previous_path, sidecar_path
from profcov.store.read import read_artifact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from profcov.playback.player.play import PlayResult

DEFAULT_OUT: Final = Path("artifacts/demo")
PLAY_SECONDS: Final = 120.0


@contextlib.contextmanager
def demo_files() -> Iterator[tuple[Path, list[Path]]]:
    """Yield the demo's coverage configuration and its profiles, as files, wherever the package is installed."""
    with as_file(files("profcov.demo")) as package:
        yield package / DEFAULT_CONFIG, sorted((package / "profiles").glob("*.yaml"))


def play_demo(out: Path, *, jobs: int | None = None, single: bool = False) -> list[PlayResult]:
    """Play the demo's profiles and leave their artifacts in ``out``; return what each play did.

    Args:
        out: the directory for the artifacts, and below it ``logs/``.
        jobs: how many profiles at a time; all if None.
        single: one web process with one thread, and one worker: the sequential truth to compare with.

    Raises:
        ProfcovError: a process does not start, or a profile fails.
    """
    out.mkdir(parents=True, exist_ok=True)
    with demo_files() as (config, paths), tempfile.TemporaryDirectory() as data:
        recording = Recording(Path(data), config)
        if single:
            recording = replace(recording, web_processes=1, web_threads=1, workers=1)
        with start_services(recording, out / "logs") as services:
            profiles = load_profiles(paths, {"api_url": services.api_url})
            options = PlayOptions(
                trace=True,
                base_url=services.web_url,
                redis_url=services.redis_url,
                directory=DataDirectory(Path(data)),
                out=out,
                config_file=config,
                timeout=PLAY_SECONDS,
            )
            outcomes = play_all(profiles, options, jobs=jobs or len(profiles))
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
    return [outcome.result for outcome in outcomes if outcome.result is not None]


@contextlib.contextmanager
def serve_demo(out: Path) -> Iterator[dict[str, str]]:
    """Keep the application running, and yield where everything is: addresses, directories, the configuration.

    Raises:
        ServiceError: a process does not start.
        RedisServerError: there is no Redis server.
    """
    data = out.absolute() / "data"
    with demo_files() as (config, paths), start_services(Recording(data, config), out / "logs") as services:
        yield {
            "web_url": services.web_url,
            "api_url": services.api_url,
            "redis_url": services.redis_url,
            "data_dir": str(data),
            "config": str(config),
            "profiles": str(paths[0].parent),
        }


def run_demo(out: Path, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run the whole demo, write its reports, and return the rows of its table.

    ``tell`` is called with a sentence for each thing that takes a while.

    Raises:
        ProfcovError: a process does not start, or a profile fails.
    """
    with _hold(out):
        return _run_demo(out, tell)


@contextlib.contextmanager
def _hold(out: Path) -> Iterator[None]:
    """Make a directory, and exclude other demos from it: another would remove this one's files.

    Raises:
        CoverageWriteError: another one does, or it cannot be written.
    """
    with as_write_error(out):
        out.mkdir(parents=True, exist_ok=True)
        held = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not try_exclusive(held):
            raise CoverageWriteError(out, "another `profcov demo` is at work there")
        yield
    finally:
        os.close(held)


def _run_demo(out: Path, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    clear(out)
    tell("starting Redis, gunicorn, uvicorn and two RQ workers; playing all profiles ...")
    results = play_demo(out)
    tell("writing reports ...")
    with demo_files() as (config, _):
        paths = {result.slug: result.artifact.path for result in results if result.artifact}
        recorded = (read_artifact(path.parent, slug) for slug, path in paths.items())
        overview = make_overview(build_inventory(config), recorded)
        write_matrix(overview, out)
        for slug, path in paths.items():
            write_html(path, config, out / "html" / slug, f"profcov: {slug}")
        edition = Edition(
            overview=overview,
            directory=out,
            played={each.slug: Played(round(each.seconds, 3), each.requests) for each in results},
            title="profcov: the demo",
        )
        write_page(edition)
    return make_rows(results, overview)


def clear(out: Path) -> None:
    """Remove what an earlier demo left, and nothing else."""
    for directory in ("html", "logs"):
        shutil.rmtree(out / directory, ignore_errors=True)
    with demo_files() as (_, paths):
        slugs = [profile.slug for profile in load_profiles(paths, {})]
    for slug in slugs:
        for artifact in (artifact_path(out, slug), previous_path(artifact_path(out, slug))):
            for path in (artifact, sidecar_path(artifact)):
                path.unlink(missing_ok=True)
    for name in (*NAMES, NAME):
        (out / name).unlink(missing_ok=True)
