"""Run Flask's and Starlette's own test suites with the middleware around every application, and compare.

``make conformance`` calls this. It fetches the source distributions from the package index, makes an environment for
each, and runs each suite as it is, with the middleware installed, with each request filed under the default slug, and with
each request carrying a slug. A test that passes as it is must pass with the middleware; the exceptions are in EXPECTED,
each with its reason. ``--keep DIR`` uses the environments in a directory again; ``--engine`` is as in
``PROFILE_COVERAGE_ENGINE``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE: Final = Path(__file__).resolve().parent
REPOSITORY: Final = HERE.parents[1]
SUITES: Final = {
    "flask": ["flask[async,dotenv]", "pytest<9"],  # its tests import what pytest 9 has no more
    "starlette": ["starlette[full]", "httpx2", "opentelemetry-sdk", "pytest", "trio"],
}
LEAST: Final = 100
"""How many tests must pass as they are for a comparison to say anything."""
WAYS: Final = ("installed", "default", "claimed")
ALL_HEADERS: Final = "compares all headers of an accepted websocket, and the status header is one more"
EXPECTED: Final[Mapping[tuple[str, str, str], str]] = {
    ("starlette", "claimed", f"tests.{test}[{backend}]"): ALL_HEADERS
    for test in (
        "test_routing::test_websocket_route_middleware",
        "test_websockets::test_additional_headers",
        "test_websockets::test_no_additional_headers",
    )
    for backend in ("asyncio", "trio")
}
"""Tests that cannot pass, by (suite, way, name), and why."""


def main() -> int:
    """Run everything, print a line for each run, and return 1 if a test has another result for no listed reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--engine", default="auto")
    options = parser.parse_args()
    failed = False
    with directory(options.keep) as place:
        for suite, requirements in SUITES.items():
            python, source = prepare(place / suite, suite, requirements)
            baseline = run(python, source)
            report(suite, python, "as it is", baseline)
            if list(baseline.values()).count("passed") < LEAST:
                sys.exit(f"{suite}'s own tests do not run here: {place / suite} has them, with --keep")
            for way in WAYS:
                results = run(python, source, way, options.engine)
                report(suite, python, way, results)
                failed |= not compare(suite, way, baseline, results)
    return int(failed)


@contextlib.contextmanager
def directory(keep: Path | None) -> Iterator[Path]:
    """Yield the directory to keep, or a temporary one."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="profcov-conformance-") as place:
        yield Path(place)


def prepare(place: Path, suite: str, requirements: list[str]) -> tuple[Path, Path]:
    """Return the interpreter of an environment with a suite's packages and profcov, and its unpacked source."""
    python = place / "venv" / "bin" / "python"
    if not python.exists():
        print(f"{suite}: making an environment ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True)
        pip(python, "install", "-e", str(REPOSITORY), *requirements)
    version = ask(python, f"import importlib.metadata; print(importlib.metadata.version({suite!r}))")
    source = place / f"{suite}-{version}"
    if not source.exists():
        pip(python, "download", "--no-deps", "--no-binary=:all:", "-d", str(place), f"{suite}=={version}")
        with tarfile.open(next(place.glob(f"{suite}-{version}.tar.gz"))) as archive:
            archive.extractall(place, filter="data")
    return python, source


def pip(python: Path, *words: str) -> None:
    """Call pip, quietly."""
    subprocess.run([str(python), "-m", "pip", "-qq", "--disable-pip-version-check", *words], check=True)


def ask(python: Path, program: str) -> str:
    """Return what a program prints."""
    return subprocess.run([str(python), "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def run(python: Path, source: Path, way: str | None = None, engine: str = "") -> dict[str, str]:
    """Run a suite one way, and return each test's result by name."""
    with tempfile.TemporaryDirectory() as data:
        out = Path(data) / "results.xml"
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_"))}
        plugin: list[str] = []
        if way is not None:
            plugin = ["-p", "everywhere"]
            config = Path(data) / "measured.ini"
            config.write_text(f"[run]\nsource = {source}\n", encoding="utf-8")
            environ.update(
                PROFCOV_CONFORMANCE=way,
                ENABLE_PROFILE_COVERAGE="1",
                PROFILE_COVERAGE_DIR=f"{data}/data",
                PROFILE_COVERAGE_CONFIG=str(config),
                PROFILE_COVERAGE_ENGINE=engine,
                PYTHONPATH=str(HERE),
            )
        words = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, f"--junitxml={out}", "tests"]
        done = subprocess.run(words, cwd=source, env=environ, capture_output=True, text=True, check=False)
        if not out.exists():
            sys.exit(f"{source.name} does not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        cases = ET.parse(out).findall(".//testcase")
        return {f"{each.get('classname')}::{each.get('name')}": result_of(each) for each in cases}


def result_of(case: ET.Element) -> str:
    """Return ``passed``, ``failed``, ``error`` or ``skipped``."""
    for child in case:
        if child.tag in {"failure", "error", "skipped"}:
            return {"failure": "failed"}.get(child.tag, child.tag)
    return "passed"


def report(suite: str, python: Path, way: str, results: dict[str, str]) -> None:
    """Print how many tests had which result."""
    version = ask(
        python, f"import importlib.metadata as m, platform as p; print(m.version({suite!r}), p.python_version())"
    )
    counts = ", ".join(
        f"{list(results.values()).count(kind)} {kind}" for kind in ("passed", "failed", "error", "skipped")
    )
    print(f"{suite} {version.replace(' ', ' on Python ')}, {way}: {counts}", flush=True)


def compare(suite: str, way: str, baseline: dict[str, str], results: dict[str, str]) -> bool:
    """Print the tests whose result is another, and return whether each was expected."""
    names = [name for name in baseline.keys() | results.keys() if baseline.get(name) != results.get(name)]
    for name in sorted(names):
        reason = EXPECTED.get((suite, way, name), "NOT EXPECTED")
        print(f"  {way}: {name}: {baseline.get(name)} -> {results.get(name)}: {reason}")
    return all((suite, way, name) in EXPECTED for name in names)


if __name__ == "__main__":
    sys.exit(main())
