"""What playback adds to the requests that it sends: 100 to an endpoint that does nothing, beside a bare ``requests.Session``.

``make bench`` runs it. Both ask the same gunicorn, one request after the other, in this process and in turn; a ratio is taken
within a round. The command as a whole is timed beside a script with the same session: what it has to import is not the
requests' cost, and is told apart. Prints a table and writes ``artifacts/bench/playback.json``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from rich.console import Console
from rich.table import Table

from profcov.playback.formats.reader import load_profile
from profcov.playback.player.options import PlayOptions
from profcov.playback.player.play import play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from profcov.playback.scenario.model import Profile

GOAL = 1.3
METHODS = ("GET", "POST")
APPLICATION = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""
BARE = """
import sys, requests
with requests.Session() as session:
    for _ in range(int(sys.argv[2])):
        session.get(sys.argv[1] + "/").raise_for_status()
"""


def main() -> int:
    """Measure, print, and return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100, help="in a profile")
    parser.add_argument("--rounds", type=int, default=40, help="plays of each kind")
    parser.add_argument("--out", type=Path, default=Path("artifacts/bench/playback.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serve(Path(name)) as url:
        place = Path(name)
        found = {method: measure(place, url, method, options) for method in METHODS}
        found["command"] = measure_command(place, url, options)
    show(found, options.requests)
    facts = {"python": platform.python_version(), "requests": version("requests"), "urllib3": version("urllib3")}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**facts, "sent": options.requests, "seconds": found}, indent=2) + "\n")
    is_met = statistics.median(ratios(found["GET"])) <= GOAL
    print(f"{'met   ' if is_met else 'MISSED'}  GET: at most {GOAL:g} x the same requests sent by a bare Session")
    return int(not is_met)


@contextlib.contextmanager
def serve(place: Path) -> Iterator[str]:
    """Yield the address of gunicorn with an application that does nothing."""
    (place / "empty.py").write_text(APPLICATION, encoding="utf-8")
    words = ["gunicorn", "empty:app", "--bind=127.0.0.1:0", "--threads=4", f"--chdir={place}"]
    with subprocess.Popen([sys.executable, "-m", *words], stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            yield next(found[1] for line in server.stderr if (found := re.search(r"Listening at: (\S+)", line)))
        finally:
            server.terminate()
            server.communicate()


def measure(place: Path, url: str, method: str, options: argparse.Namespace) -> list[tuple[float, float]]:
    """Return the seconds of both, session and playback, round after round."""
    profile = make_profile(place, method, options.requests)

    def bare() -> None:
        with requests.Session() as session:
            for _ in range(options.requests):
                session.request(method, f"{url}/").raise_for_status()

    return take_turns(bare, lambda: play(profile, PlayOptions(base_url=url)), options.rounds)


def measure_command(place: Path, url: str, options: argparse.Namespace) -> list[tuple[float, float]]:
    """Return the seconds of both as commands, from start to exit."""
    profile = make_profile(place, "GET", options.requests)
    script = place / "bare.py"
    script.write_text(BARE, encoding="utf-8")
    commands = (
        [sys.executable, str(script), url, str(options.requests)],
        [sys.executable, "-m", "profcov", "playback", str(profile.path), "--base-url", url],
    )
    bare, ours = (
        lambda words=words: subprocess.run(words, check=True, stderr=subprocess.DEVNULL) for words in commands
    )
    return take_turns(bare, ours, max(options.rounds // 4, 2))


def make_profile(place: Path, method: str, requests_: int) -> Profile:
    """Write and read a profile that sends so many requests."""
    path = place / f"{method.lower()}.yaml"
    steps = [f"  - {{name: step {number}, request: {{method: {method}, path: /}}}}\n" for number in range(requests_)]
    path.write_text(f"slug: {method.lower()}\nsteps:\n{''.join(steps)}", encoding="utf-8")
    return load_profile(path)


def take_turns(bare: Callable[[], object], ours: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    """Run both in each round, the other one first each time; the first round does not count."""
    times = []
    for number in range(rounds + 1):
        taken = {}
        for name, run in (("bare", bare), ("ours", ours))[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            run()
            taken[name] = time.perf_counter() - start
        times.append((taken["bare"], taken["ours"]))
    return times[1:]


def ratios(times: list[tuple[float, float]]) -> list[float]:
    """Return how many times as long playback took, round by round."""
    return [ours / bare for bare, ours in times]


def show(found: dict[str, list[tuple[float, float]]], sent: int) -> None:
    """Print medians, and the ratio with its quartiles."""
    title = f"{sent} requests, Python {platform.python_version()}, requests {version('requests')}"
    table = Table(title=title, title_justify="left")
    for column in ("", "bare, ms", "playback, ms", "ratio", "quartiles"):
        table.add_column(column, justify="right" if column else "left")
    for name, times in found.items():
        bare, ours = (statistics.median(column) * 1000 for column in zip(*times, strict=True))
        low, middle, high = statistics.quantiles(ratios(times), n=4)
        table.add_row(name, f"{bare:.1f}", f"{ours:.1f}", f"{middle:.2f}", f"{low:.2f} to {high:.2f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
