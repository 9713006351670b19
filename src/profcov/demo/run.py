"""The demo: start the application, play every profile at once, combine, and show what came of it."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import coverage

from profcov.analysis.documents import profile_symbols_document
from profcov.analysis.matrix import build_matrix, unique_symbols
from profcov.demo.services import Recording, start_services
from profcov.demo.table import TITLES, make_rows
from profcov.playback.formats import load_profiles
from profcov.playback.play import PlayOptions
from profcov.playback.runner import play_all
from profcov.settings import DEFAULT_CONFIG
from profcov.store.read import read_lines
from profcov.symbols.inventory import build_inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from profcov.playback.play import PlayResult

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
                data_dir=Path(data),
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


def run_demo(out: Path, tell: Callable[[str], None]) -> list[tuple[str, ...]]:
    """Run the whole demo, write its reports, and return the rows of its table, titles first.

    ``tell`` is called with a sentence for each thing that takes a while.

    Raises:
        ProfcovError: a process does not start, or a profile fails.
    """
    clear(out)
    tell("starting Redis, gunicorn, uvicorn and two RQ workers; playing all profiles ...")
    results = play_demo(out)
    tell("writing reports ...")
    with demo_files() as (config, _):
        lines = {result.slug: read_lines(result.artifact.path) for result in results if result.artifact}
        matrix = build_matrix(build_inventory(config), lines)
        document = json.dumps(profile_symbols_document(matrix), indent=2)
        (out / "profile-symbols.json").write_text(document + "\n", encoding="utf-8")
        for slug in lines:
            _write_html(out, slug, config)
    return [TITLES, *make_rows(results, matrix, unique_symbols(matrix))]


def clear(out: Path) -> None:
    """Remove what an earlier demo left, and nothing else."""
    for directory in ("html", "logs"):
        shutil.rmtree(out / directory, ignore_errors=True)
    with demo_files() as (_, paths):
        slugs = [profile.slug for profile in load_profiles(paths, {})]
    for slug in slugs:
        for name in (f"{slug}.coverage", f"{slug}.coverage.json", f"previous/{slug}.coverage"):
            (out / name).unlink(missing_ok=True)
    (out / "profile-symbols.json").unlink(missing_ok=True)


def _write_html(out: Path, slug: str, config: Path) -> None:
    """Write coverage.py's own HTML report of one profile."""
    tool = coverage.Coverage(data_file=str(out / f"{slug}.coverage"), config_file=str(config), messages=False)
    tool.load()
    tool.html_report(directory=str(out / "html" / slug), title=f"profcov: {slug}", show_contexts=True)
