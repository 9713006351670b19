"""Run RQ's own test suite with profcov's hooks in RQ, and compare.

``make conformance`` and ``rq.sh`` call this. It runs the newest RQ, or the version that is given: as it is, with the hooks
installed and no slug, and with each test a unit of work, so that each job it creates is traced. The hooks are in every
process below the tests, as ``profcov run`` puts them there; each run has a Redis server of its own. RQ's tests depend on
time: one that has another result is run two more times each way, and it is another only if it never had that result as
it is; one that never passes as it is says nothing. The exceptions are in EXPECTED, each with its reason. ``--keep DIR``
uses the environment in a directory again; ``--engine`` is as in ``PROFILE_COVERAGE_ENGINE``; ``--quick`` leaves out the
tests that RQ calls slow.
"""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import suites
from coverage import CoverageData

from profcov.demo.valkey import start_server
from profcov.slug import parse_slug
from profcov.store.layout import list_shards
from profcov.zero_code import SITE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AGAIN: Final = 2
META: Final = "compares the whole metadata, and the slug is one key more"
EMPTY: Final = "compares all that is stored of a job without metadata, and a traced job has some"
BEFORE: Final = "takes the metadata out of one of the two jobs that it compares: the other was to have none"
EXPECTED: Final[Mapping[tuple[str, str], str]] = {
    ("traced", "tests.test_decorator.TestDecorator::test_decorator_accepts_meta_as_argument"): META,
    ("traced", "tests.test_job.TestJob::test_custom_meta_is_rewriten_by_save_meta"): BEFORE,
    ("traced", "tests.test_job.TestJob::test_persistence_of_typical_jobs"): EMPTY,
    ("traced", "tests.test_queue.TestUniqueJob::test_enqueue_unique_stores_job_data_correctly"): META,
    ("traced", "tests.test_scripts.TestSaveUniqueJob::test_enqueue_job_unique_stores_job_data_correctly"): META,
}
"""Tests that cannot pass, by (way, name), and why."""


class Runs:
    """RQ's suite of one version, to be run this way and that."""

    def __init__(self, python: Path, source: Path, engine: str, *, slow: bool) -> None:
        self._python, self._source, self._engine = python, source, engine
        self._slow = {"RUN_SLOW_TESTS_TOO": "1"} if slow else {}

    def run(self, way: str | None = None, tests: Sequence[str] = ()) -> dict[str, str]:
        """Run the suite, or some tests, and return each test's result by name."""
        with tempfile.TemporaryDirectory() as place, socket.socket() as probe:
            data = Path(place) / "data"
            paths = [str(suites.HERE / "redis_elsewhere")]
            environ = dict(self._slow)
            if way is not None:
                paths = [str(SITE), *paths, str(suites.HERE)]
                environ |= suites.recording(data, self._source, self._engine)
                environ |= {"PROFCOV_CONFORMANCE": way, "PROFILE_COVERAGE_CONTEXT": "route"}
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            probe.close()
            with start_server(port, Path(place)):
                environ |= {"PROFCOV_CONFORMANCE_REDIS": str(port), "PYTHONPATH": ":".join(paths)}
                results = suites.run(
                    self._python, self._source, environ, plugin="every_job" if way else None, tests=tests
                )
            if way is not None and not tests:
                check_recorded(data, way)
            return results


def check_recorded(data: Path, way: str) -> None:
    """Print what was recorded as jobs; leave if that cannot be."""
    shards = list_shards(data, parse_slug("conformance")) if data.exists() else []
    labels = set()
    for path in shards:
        content = CoverageData(basename=str(path))
        content.read()
        labels |= {label for label in content.measured_contexts() if "|job:" in label}
    if bool(labels) != (way == "traced"):
        sys.exit(f"{way}: {len(labels)} functions were recorded as jobs, in {len(shards)} files")
    print(f"rq, {way}: {len(labels)} functions were recorded as jobs", flush=True)


def main() -> int:
    """Run everything, print a line for each run, and return 1 if a test has another result for no listed reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("version", nargs="?")
    parser.add_argument("--keep", type=Path, metavar="DIR")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    requirement = f"rq=={options.version}" if options.version else "rq"
    failed = False
    with suites.directory(options.keep) as place:
        mine = place / requirement
        python, source = suites.prepare(mine, "rq", [requirement, "psutil", "pytest"])
        runs = Runs(python, source, options.engine, slow=not options.quick)
        baseline = runs.run()
        suites.report("rq", python, "as it is", baseline)
        suites.check_baseline("rq", mine, baseline)
        for way in ("installed", "traced"):
            results = runs.run(way)
            suites.report("rq", python, way, results)
            failed |= not compare(runs, way, baseline, results)
    return int(failed)


def compare(runs: Runs, way: str, baseline: Mapping[str, str], results: Mapping[str, str]) -> bool:
    """Run what differs again, print what came of it, and return whether each difference was expected."""
    names = suites.differences(baseline, results)
    if not names:
        return True
    again = [runs.run(None, names) for _ in range(AGAIN)], [runs.run(way, names) for _ in range(AGAIN)]
    fine = True
    for name in names:
        before, after = ([each.get(name) for each in several] for several in again)
        seen = {baseline.get(name), *before}
        if seen <= {"failed", "error"}:
            reason = "does not pass as it is"
        elif set(after) <= seen:
            reason = "not steady by itself"
        else:
            reason = EXPECTED.get((way, name), "NOT EXPECTED")
            fine &= (way, name) in EXPECTED
        told = [" ".join(map(str, each)) for each in ([baseline.get(name), *before], [results.get(name), *after])]
        print(f"  {way}: {name}: {told[0]} -> {told[1]}: {reason}", flush=True)
    return fine


if __name__ == "__main__":
    sys.exit(main())
