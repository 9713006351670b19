"""The collector, each time in a process of its own: coverage.py is one for a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

BEGIN = """
import json, seen, sys, threading
from pathlib import Path
from profcov import CoverageCollector, CoverageConfig
from profcov.errors import CollectorStateError, CoverageError, CoverageMergeError, CoverageReadError, CoverageWriteError
here = Path("project").resolve()
for name in ("shop/__init__.py", "shop/cart.py", "shop/tests/test_cart.py", "shop/api_pb2.py", "build/lib/old.py", "late.py"):
    (here / name).parent.mkdir(parents=True, exist_ok=True)
    (here / name).write_text("def f(x):\\n    if x:\\n        return 1\\n    return 2\\n")
sys.path[:0] = [str(here), str(here / "shop"), str(here / "shop" / "tests"), str(here / "build" / "lib")]

def run(*names, x=1):
    for name in names:
        __import__(name)
        sys.modules[name].f(x)

def lines(collector):
    data = collector.get_coverage_data()
    found = {str(Path(file).relative_to(here)): sorted(data.lines(file)) for file in sorted(data.measured_files())}
    seen.close(data)
    return found

def arcs(collector):
    data = collector.get_coverage_data()
    found = sorted(data.arcs(str(here / "shop/cart.py")) or [])
    seen.close(data)
    return found

def tell(value):
    print(json.dumps(value))

def error(kind, action, *words):
    try:
        action(*words)
    except kind as problem:
        return str(problem)
    return None
"""
ALL = ("cart", "test_cart", "api_pb2", "old", "json.tool")


def test_what_runs_in_between_is_collected_and_tests_generated_code_and_build_output_are_not(run_python: Run) -> None:
    first, both, again = run_python(
        BEGIN
        + f"""
collector = CoverageCollector(here)
with collector:
    try:
        run(*{ALL[:4]!r})
    finally:
        first = lines(collector)
    thread = threading.Thread(target=run, args=["late"])
    thread.start()
    thread.join()
both = lines(collector)
run("cart", x=0)
with collector:
    run("late", x=0)
tell([first, both, lines(collector)])
"""
    )
    assert first == {"shop/cart.py": [1, 2, 3]}
    assert both == {"late.py": [1, 2, 3], "shop/cart.py": [1, 2, 3]}
    assert again == {"late.py": [1, 2, 3, 4], "shop/cart.py": [1, 2, 3]}


def test_what_is_included_and_excluded_can_be_configured(run_python: Run) -> None:
    assert run_python(
        BEGIN
        + f"""
found = []
for config in (CoverageConfig(include=("shop/*",), exclude=()), CoverageConfig(exclude=("*.py",)),
               CoverageConfig(include=("/late.py",)), CoverageConfig(enabled=False)):
    collector = CoverageCollector(here, config)
    with collector:
        for name in {ALL[:4]!r}:
            run(name)
        run("late")
    found.append(sorted(lines(collector)))
tell(found)
"""
    ) == [["shop/api_pb2.py", "shop/cart.py", "shop/tests/test_cart.py"], [], ["late.py"], []]


@pytest.mark.parametrize("form", ["coverage", "json"])
@pytest.mark.parametrize("branch", [False, True])
def test_what_was_saved_can_be_loaded_and_merged(run_python: Run, form: str, branch: bool) -> None:
    whole, saved, facts, merged = run_python(
        BEGIN
        + f"""
config = CoverageConfig(root=here, branch={branch}, format={form!r}, location=Path("out/data"), metadata_location="facts")
one, two, three = (CoverageCollector(config=config) for _ in range(3))
with one:
    run("cart")
with two:
    run("cart", "late", x=0)
path = one.save()
three.load()
saved = lines(three)
assert arcs(one) == arcs(three) and bool(arcs(one)) == {branch}
facts = json.loads(Path("facts/data.json").read_text())
three.merge(two)
tell([lines(one), saved, [facts["format"], facts["branch"], len(facts["sha256"]), len(facts["sources"])], lines(three)])
"""
    )
    assert whole == saved == {"shop/cart.py": [1, 2, 3]}
    assert facts == [form, branch, 64, 1]
    assert merged == {"late.py": [1, 2, 4], "shop/cart.py": [1, 2, 3, 4]}


def test_processes_that_save_beside_each_other_are_loaded_together(run_python: Run) -> None:
    assert run_python(
        BEGIN
        + """
import os
config = CoverageConfig(root=here, parallel=True, location="out/data")
def work(name):
    collector = CoverageCollector(config=config)
    with collector:
        run(name)
    collector.save()
for name in ("cart", "late"):
    pid = os.fork()
    if not pid:
        work(name)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
Path("out/data.other.coverage").write_text("not one of them")
whole = CoverageCollector(config=config)
whole.load()
tell([lines(whole), len(list(Path("out").glob("data.*.json")))])
"""
    ) == [{"late.py": [1, 2, 3], "shop/cart.py": [1, 2, 3]}, 2]


def test_nothing_half_written_has_a_name_that_coverage_py_takes_for_data(run_python: Run) -> None:
    opened, left = run_python(
        BEGIN
        + """
opened = set()
sys.addaudithook(lambda event, args: event in ("open", "sqlite3.connect") and opened.add(str(args[0])))
for form, name in (("coverage", ".coverage"), ("coverage", "data"), ("json", "coverage.json")):
    collector = CoverageCollector(here, CoverageConfig(format=form))
    with collector:
        run("cart")
    collector.save("saved/" + name)
names = sorted(Path(each).name for each in opened if Path(each).parent.name == "saved")
tell([names, sorted(path.name for path in Path("saved").iterdir())])
"""
    )
    assert [name for name in opened if name not in left and not name.startswith(".profcov-")] == []
    assert len(opened) > 6
    assert left == [".coverage", ".coverage.json", "coverage.json", "coverage.json.json", "data", "data.json"]


def test_coverage_pys_own_tools_read_what_was_saved(run_python: Run) -> None:
    total = run_python(
        BEGIN
        + """
import coverage, io
collector = CoverageCollector(here)
with collector:
    run("cart")
tool = coverage.Coverage(data_file=str(collector.save("mine.coverage")), config_file=False)
tool.load()
total = tool.report(file=io.StringIO())
seen.close(tool.get_data())
tell(total)
"""
    )
    assert total == 75.0


def test_what_goes_wrong_is_one_sentence(run_python: Run) -> None:
    twice, never, missing, other, damaged, mixed, unwritten = run_python(
        BEGIN
        + """
collector = CoverageCollector(here)
never = error(CollectorStateError, collector.stop)
with collector:
    twice = error(CollectorStateError, collector.start)
    run("cart")
missing = error(CoverageReadError, collector.load, "nowhere")
Path("other").write_text("hello")
other = error(CoverageReadError, collector.load, "other")
Path("damaged").write_text('{"files": {"a.py": 7}}')
damaged = error(CoverageReadError, collector.load, "damaged")
branches = CoverageCollector(here, CoverageConfig(branch=True))
with branches:
    run("cart")
mixed = error(CoverageMergeError, collector.merge, branches)
assert error(CoverageError, branches.merge, collector)
unwritten = error(CoverageWriteError, collector.save, "other/data")
tell([twice, never, missing, other, damaged, mixed, unwritten])
"""
    )
    assert twice == "cannot start the collector: it collects already"
    assert never == "cannot stop the collector: it was not started"
    assert missing == "cannot read nowhere: there is no such file"
    assert other.startswith("cannot read other: it is not a coverage.py data file, or it is damaged (")
    assert damaged.startswith("cannot read damaged: it is not what a collector saves (TypeError(")
    assert mixed.endswith("one has branches, and the other has lines only")
    assert unwritten.startswith("cannot write other/data: ")


def test_a_pattern_that_is_none_is_one_sentence_and_the_collector_can_be_given_another(run_python: Run) -> None:
    first, second = run_python(
        BEGIN
        + """
collector = CoverageCollector(here, CoverageConfig(exclude=("build**",)))
tell([error(CollectorStateError, collector.start) for _ in range(2)])
"""
    )
    assert first == second
    assert first.startswith("cannot start the collector: File pattern can't include")
