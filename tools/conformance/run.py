"""Run Flask's and Starlette's own test suites with the middleware around every application, and compare.

``make conformance`` calls this. It fetches the source distributions from the package index, makes an environment for
each, and runs each suite as it is, with the middleware installed, with each request filed under the default slug, and with
each request carrying a slug. A test that passes as it is must pass with the middleware; the exceptions are in EXPECTED,
each with its reason. ``--keep DIR`` uses the environments in a directory again; ``--engine`` is as in
``PROFILE_COVERAGE_ENGINE``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import suites

if TYPE_CHECKING:
    from collections.abc import Mapping

SUITES: Final = {
    "flask": ["flask[async,dotenv]", "pytest<9"],  # its tests import what pytest 9 has no more
    "starlette": ["starlette[full]", "httpx2", "opentelemetry-sdk", "pytest", "trio"],
}
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
    with suites.directory(options.keep) as place:
        for suite, requirements in SUITES.items():
            python, source = suites.prepare(place / suite, suite, requirements)
            baseline = suites.run(python, source, {})
            suites.report(suite, python, "as it is", baseline)
            suites.check_baseline(suite, place / suite, baseline)
            for way in WAYS:
                results = run(python, source, way, options.engine)
                suites.report(suite, python, way, results)
                failed |= not compare(suite, way, baseline, results)
    return int(failed)


def run(python: Path, source: Path, way: str, engine: str) -> dict[str, str]:
    """Run a suite one way, and return each test's result by name."""
    with tempfile.TemporaryDirectory() as place:
        environ = {
            **suites.recording(Path(place) / "data", source, engine),
            "PROFCOV_CONFORMANCE": way,
            "PYTHONPATH": str(suites.HERE),
        }
        return suites.run(python, source, environ, plugin="everywhere")


def compare(suite: str, way: str, baseline: dict[str, str], results: dict[str, str]) -> bool:
    """Print the tests whose result is another, and return whether each was expected."""
    names = suites.differences(baseline, results)
    for name in names:
        reason = EXPECTED.get((suite, way, name), "NOT EXPECTED")
        print(f"  {way}: {name}: {baseline.get(name)} -> {results.get(name)}: {reason}")
    return all((suite, way, name) in EXPECTED for name in names)


if __name__ == "__main__":
    sys.exit(main())
