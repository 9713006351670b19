"""What the doctor says of the interpreter: each thing that can be wrong with it is made so."""

from __future__ import annotations

import platform
import re
import sys
from typing import TYPE_CHECKING

import click
import coverage
import pytest

import profcov

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.integration.doctor.conftest import Report

monitoring_only = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
HAS_MONITORING = sys.version_info >= (3, 12)
TAKEN = "monitoring" if HAS_MONITORING else "ctrace"
WRAPPED = """
import sys
{before}
from profcov.cli.main import main
main(sys.argv[1:])
"""


def run_after(before: str) -> tuple[str, ...]:
    """The command of a Python that does something before it becomes the doctor."""
    return (sys.executable, "-c", WRAPPED.format(before=before))


def test_where_all_is_well_nothing_is_a_problem_and_nothing_is_left_behind(
    examine: Callable[..., Report], place: Path
) -> None:
    before = sorted(place.rglob("*"))
    report = examine()
    assert (report.code, report.problems) == (0, set())
    assert sorted(place.rglob("*")) == before


def test_it_names_the_interpreter_and_coverage(examine: Callable[..., Report]) -> None:
    report = examine()
    assert report.the("python")["what"].startswith(f"CPython {platform.python_version()}, with the GIL")
    assert report.the("coverage")["what"] == f"coverage {coverage.__version__}, with its C tracer"


def test_auto_chooses_monitoring_where_it_can_run_and_reports_why(examine: Callable[..., Report]) -> None:
    report = examine()
    assert report.the("engine")["what"].startswith(f"auto chose {TAKEN}{', which' if HAS_MONITORING else ': '}")
    can, _ = (finding["what"] for finding in report.of("engines"))
    assert can.startswith("monitoring can run; follows greenlets") is HAS_MONITORING


@monitoring_only
def test_branches_send_auto_to_ctrace(examine: Callable[..., Report], place: Path) -> None:
    place.joinpath("coverage.profile-playback.ini").write_text("[run]\nsource = shop\nbranch = true\n")
    report = examine()
    assert report.code == 0
    assert report.the("engine")["what"].startswith("auto chose ctrace: monitoring cannot run (it measures no branches")
    assert report.the("branch")["level"] == "warning"


@monitoring_only
def test_branches_and_the_monitoring_engine_are_a_problem(examine: Callable[..., Report], place: Path) -> None:
    place.joinpath("coverage.profile-playback.ini").write_text("[run]\nsource = shop\nbranch = true\n")
    report = examine(PROFILE_COVERAGE_ENGINE="monitoring")
    assert (report.code, report.problems) == (1, {"engine"})
    assert "it measures no branches" in report.the("engine")["what"]


@pytest.mark.skipif(HAS_MONITORING, reason="here it can run")
def test_the_monitoring_engine_asked_for_on_an_older_python_is_a_problem(examine: Callable[..., Report]) -> None:
    report = examine(PROFILE_COVERAGE_ENGINE="monitoring")
    assert (report.code, report.problems) == (1, {"engine"})
    assert "sys.monitoring came with Python 3.12" in report.the("engine")["what"]


@monitoring_only
def test_it_names_who_has_taken_all_tool_ids(examine: Callable[..., Report]) -> None:
    take = "for number in range(6): sys.monitoring.use_tool_id(number, f'tool-{number}')"
    report = examine(python=run_after(take))
    finding = report.the("tool-ids")
    assert finding["level"] == "warning"
    assert "0 is taken by tool-0" in finding["what"]
    assert "5 is taken by tool-5" in finding["what"]
    assert report.the("engine")["what"].startswith("auto chose ctrace")
    insisting = examine(python=run_after(take), PROFILE_COVERAGE_ENGINE="monitoring")
    assert insisting.problems == {"engine"}


@monitoring_only
def test_one_taken_tool_id_is_no_matter(examine: Callable[..., Report]) -> None:
    finding = examine(python=run_after("sys.monitoring.use_tool_id(3, 'mine')")).the("tool-ids")
    assert finding["level"] == "ok"
    assert finding["what"].endswith("3 is taken by mine")


def test_coverage_that_runs_around_it_disturbs_ctrace_only(examine: Callable[..., Report], place: Path) -> None:
    around = (sys.executable, "-m", "coverage", "run", f"--data-file={place}/.coverage", "-m", "profcov")
    report = examine(python=around, COVERAGE_CORE="ctrace", PROFILE_COVERAGE_ENGINE="ctrace")
    assert (report.code, report.problems) == (1, {"trace-function"})
    assert report.the("coverage-run")["level"] == "warning"
    assert "coverage.CTracer is set" in report.of("trace-function")[0]["what"]


@monitoring_only
def test_coverage_that_runs_around_it_does_not_disturb_monitoring(examine: Callable[..., Report], place: Path) -> None:
    around = (sys.executable, "-m", "coverage", "run", f"--data-file={place}/.coverage", "-m", "profcov")
    report = examine(python=around, COVERAGE_CORE="ctrace")
    assert (report.code, report.problems) == (0, set())
    assert report.the("coverage-run")["level"] == "ok"


def test_a_trace_function_of_somebody_else_is_named(examine: Callable[..., Report]) -> None:
    report = examine(python=run_after("def watch(*args): pass\nsys.settrace(watch)"), PROFILE_COVERAGE_ENGINE="ctrace")
    assert report.problems == {"trace-function"}
    assert report.the("trace-function")["what"].startswith("sys.settrace: __main__.watch is set")


def test_a_trace_function_for_new_threads_is_named(examine: Callable[..., Report]) -> None:
    report = examine(python=run_after("import threading\nthreading.settrace(print)"), PROFILE_COVERAGE_ENGINE="ctrace")
    assert report.the("trace-function")["what"].startswith("threading.settrace: builtins.print is set")


@pytest.mark.parametrize("name", ["COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"])
def test_coverage_that_is_to_start_in_children_is_reported(
    examine: Callable[..., Report], place: Path, name: str
) -> None:
    # Set by the program itself, for coverage.py's own .pth file would start it in the doctor, too.
    report = examine(python=run_after(f"import os; os.environ[{name!r}] = '.coveragerc'"))
    finding = report.the("coverage-run")
    assert finding["what"].startswith(f"{name} is set")
    assert finding["level"] == ("ok" if HAS_MONITORING else "warning")
    assert not list(place.glob(".coverage*"))


def test_gevent_matters_to_ctrace_only(examine: Callable[..., Report]) -> None:
    report = examine(PROFILE_COVERAGE_ENGINE="ctrace")
    both, greenlet = report.of("greenlets")
    assert (both["level"], greenlet["level"]) == ("warning", "ok")
    assert re.fullmatch(
        r"gevent \S+, eventlet \S+: the ctrace engine refuses every request where one is at work", both["what"]
    )
    imported = examine(python=run_after("import gevent"), PROFILE_COVERAGE_ENGINE="ctrace")
    assert imported.problems == set()
    at_work = examine(python=run_after("import gevent; gevent.get_hub()"), PROFILE_COVERAGE_ENGINE="ctrace")
    assert at_work.problems == {"greenlets"}


@monitoring_only
def test_the_monitoring_engine_follows_gevent(examine: Callable[..., Report]) -> None:
    assert [each["level"] for each in examine().of("greenlets")] == ["ok"] * 3


def test_eventlet_is_reported_and_not_imported(examine: Callable[..., Report], tmp_path: Path) -> None:
    (tmp_path / "eventlet.py").write_text("raise RuntimeError('the doctor must not import it')\n")
    finding = next(each for each in examine(PYTHONPATH=str(tmp_path)).of("greenlets") if "eventlet" in each["what"])
    assert finding["level"] == ("ok" if HAS_MONITORING else "warning")


def test_coverage_without_its_c_tracer_leaves_no_engine_to_older_pythons(
    examine: Callable[..., Report], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['coverage.tracer'] = None\n")
    report = examine(PYTHONPATH=str(tmp_path))
    assert report.the("coverage")["level"] == "warning"
    assert report.problems == (set() if HAS_MONITORING else {"engine"})
    assert report.of("engines")[1]["what"].startswith("ctrace cannot run")


def test_a_coverage_that_cannot_be_imported_is_one_problem_and_the_rest_is_still_looked_at(
    examine: Callable[..., Report], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "coverage.py").write_text("raise ImportError('wrong architecture')\n")
    report = examine(PYTHONPATH=str(broken))
    assert (report.code, report.problems) == (1, {"coverage"})
    assert "wrong architecture" in report.the("coverage")["what"]
    assert report.of("environment")
    assert report.of("children")


def test_children_follow_where_profcov_is_installed(examine: Callable[..., Report]) -> None:
    assert examine().the("children")["level"] == "ok"


def test_children_do_not_follow_where_profcov_is_only_on_the_path(
    examine: Callable[..., Report], bare_python: Callable[..., dict[str, Any]]
) -> None:
    finding = examine(**bare_python(click, coverage, profcov)).the("children")
    assert finding["level"] == "warning"
    assert "profcov.pth is not in its site-packages" in finding["what"]


def test_without_greenlets_it_says_so(
    examine: Callable[..., Report], bare_python: Callable[..., dict[str, Any]]
) -> None:
    assert examine(**bare_python(click, coverage, profcov)).the("greenlets")["level"] == "ok"


def test_a_doctor_that_belongs_to_a_slug_itself_says_what_runs(examine: Callable[..., Report], place: Path) -> None:
    report = examine(PROFILE_TRACE_SLUG="nightly", PROFILE_COVERAGE_DIR=str(place / "data"))
    assert report.problems == set()
    assert report.the("engine")["what"] == f"the {TAKEN} engine runs in this process"
    warned = [each["what"] for each in report.of("environment") if each["level"] == "warning"]
    assert len(warned) == 1
    assert warned[0].startswith("PROFILE_TRACE_SLUG=nightly: every Python program")
