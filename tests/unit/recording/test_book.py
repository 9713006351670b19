"""What a process does with lines that it cannot write: files are limited to a size that no shard has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

BEGIN = """
import json, os, resource, subprocess, sys
# Where there is no room, half of a .pyc would stay in the tree, and break all that comes.
sys.dont_write_bytecode, os.environ["PYTHONDONTWRITEBYTECODE"] = True, "1"
import seen
from measured import *
from play import *

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

def full():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))

def room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

def combine(slug="demo"):
    words = [sys.executable, "-m", "profcov", "combine", slug, "--timeout", "0"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode in {0, 1}, done.stderr
    facts = json.loads((DATA / f"{slug}.profile.json").read_text())
    return [sorted(seen.in_file(DATA / f"{slug}.coverage")), facts["reasons"]]

"""


def flags(context: str) -> dict[str, str]:
    return {"PROFILE_COVERAGE_CONTEXT": context, "PROFILE_COVERAGE_FLUSH_SECONDS": "3600"}


@pytest.mark.parametrize("context", ["profile", "request"])
def test_what_cannot_be_written_is_kept_for_the_next_try(run_python: Run, engine: str, context: str) -> None:
    assert run_python(
        BEGIN
        + """
play("demo", blue)
full()
told = [play("demo", red), shards("demo")]
room()
recorder.flush_all()
tell([*told, shards("demo"), combine(), len(said)])
""",
        engine=engine,
        **flags(context),
    ) == ["traced", ["blue"], ["blue", "red"], [["blue", "red"], []], 1]


@pytest.mark.parametrize("context", ["profile", "request"])
def test_what_waits_to_be_written_is_reported_by_an_artifact_without_it(
    run_python: Run, engine: str, context: str
) -> None:
    assert run_python(
        BEGIN
        + """
play("demo", blue)
full()
play("demo", red)
room()
told = [combine()]
play("demo", green)
recorder.flush_all()
tell([*told, combine()])
""",
        engine=engine,
        **flags(context),
    ) == [[["blue"], ["lines-unwritten"]], [["green"], []]]


def test_a_profile_that_was_combined_without_what_waits_to_be_written_takes_no_place_among_the_most(
    run_python: Run,
) -> None:
    assert run_python(
        BEGIN
        + """
play("demo", blue)
full()
play("demo", red)
room()
made = combine()
recorder.flush_all()
recorder.forget_books()
tell([made, play("other", green), combine("other")])
""",
        PROFILE_COVERAGE_MAX_PROFILES="1",
        **flags("profile"),
    ) == [[["blue"], ["lines-unwritten"]], "traced", [["green"], []]]


def test_a_process_that_ends_with_lines_unwritten_has_died(run_python: Run, tmp_path: Any) -> None:
    run_python(BEGIN + 'play("demo", blue)\nfull()\nplay("demo", red)\ntell(1)\n', **flags("profile"))
    found = run_python(BEGIN + "tell(combine())\n")
    assert found == [["blue"], ["process-died"]]
    assert [each["pid"] for each in json.loads((tmp_path / "data" / "demo.profile.json").read_text())["died"]] != []


def test_where_too_many_wait_the_oldest_are_given_up_and_the_artifact_says_so(run_python: Run) -> None:
    kept, found, logged, last = run_python(
        BEGIN
        + """
import profcov.recording.pending as pending
pending.MAX_WAITING_LINES = 10
full()
for _ in range(50):
    play("demo", red)
play("demo", blue)
kept = len(list(recorder.list_books()[0].traces))
room()
recorder.flush_all()
made = combine()
play("demo", green)
tell([kept, made, said, combine()])
""",
        **flags("request"),
    )
    assert kept <= 12
    assert found == [["blue", "red"], ["lines-unwritten"]]
    assert len(logged) == 2
    assert "given up" in logged[1]
    assert last == [["green"], []]


def test_where_too_much_waits_that_is_known_of_jobs_the_oldest_is_given_up_and_the_artifact_says_so(
    run_python: Run,
) -> None:
    kept, found, logged, last = run_python(
        BEGIN
        + """
import profcov.recording.pending as pending
from profcov.recording.propagation import open_recorder
from profcov.recording.unit import note_enqueued
pending.MAX_WAITING_NOTES = 10
play("demo", red)
full()
for number in range(50):
    play("demo", lambda: note_enqueued(str(number), "pkg.mod.function", "default"))
kept = [note["id"] for note in recorder.list_books()[0].pending.notes]
room()
recorder.flush_all()
made = combine()
play("demo", green)
tell([kept, made, said, combine()])
""",
        **flags("profile"),
    )
    assert kept == [str(number) for number in range(40, 50)]
    assert found == [["red"], ["lines-unwritten", "jobs-unfinished"]]
    assert "facts about jobs of demo are given up" in logged[1]
    assert last == [["green"], []]


LOCKED = """
import stat
if os.geteuid() == 0:
    DATA.mkdir(mode=0o755, exist_ok=True)

def lock(mode):
    '''Take permissions of the data directory away, for this process too, though root may everything.'''
    DATA.chmod(mode)
    if os.geteuid() == 0:
        os.seteuid(65534)

def unlock():
    os.seteuid(os.getuid())
    DATA.chmod(0o755)
"""


@pytest.mark.parametrize("mode", [0o000, 0o555], ids=["no permission", "read-only"])
@pytest.mark.parametrize("begun", [True, False], ids=["in flight", "between units"])
def test_where_permissions_are_revoked_the_application_goes_on_and_nothing_is_lost(
    run_python: Run, mode: int, *, begun: bool
) -> None:
    results, statuses, logged, last = run_python(
        BEGIN
        + "import os\n"
        + LOCKED
        + f"""
results = []
def both():
    results.append([red(), blue()])
play("demo", green)
unit = recorder.begin("demo") if {begun} else None
lock({mode})
if unit:
    run(unit, both)
    unit.end()
    statuses = [unit.status]
else:
    statuses = [play("demo", both), play("other", both)]
unlock()
recorder.flush_all()
tell([results, statuses, len(said), combine()])
""",
        **flags("profile"),
    )
    assert results == [["red", "blue"]] * len(results)
    assert logged >= 1
    if begun:
        assert (statuses, last) == (["traced"], [["blue", "green", "red"], []])
    else:
        # The lock is open already, so the slug's units go on; a new slug's cannot begin.
        assert (statuses[0], statuses[1].partition(";")[0]) == ("traced", "unsupported")
        assert last == [["blue", "green", "red"], []]


def test_a_clock_that_jumps_changes_nothing(run_python: Run, engine: str) -> None:
    statuses, found, dates = run_python(
        BEGIN
        + """
import time
real = time.time
jumps = [0, 86400, -86400, 10**9, -real() + 5]
statuses = []
for number, jump in enumerate(jumps):
    time.time = lambda jump=jump: real() + jump
    statuses.append(play("demo", [red, blue, green, late, red][number]))
    recorder.flush_all()
time.time = real
found = combine()
facts = json.loads((DATA / "demo.profile.json").read_text())
tell([statuses, found, [facts["recorded"]["first"][:4], facts["recorded"]["last"][:4]]])
""",
        engine=engine,
        **flags("profile"),
    )
    assert statuses == ["traced"] * 5
    assert found == [["blue", "green", "late", "red"], []]
    assert dates[0] < dates[1]


LABELS = (
    BEGIN
    + """
from coverage import CoverageData
from profcov.store.layout import list_shards
from profcov.recording.work import Work

def begin(name, ident, **options):
    unit = recorder.begin("demo", Work(lambda: name, lambda: ident, **options))
    run(unit, red)
    unit.end()

def labels():
    found, files = set(), list_shards(DATA, "demo")
    for path in files:
        data = CoverageData(basename=str(path))
        data.read()
        found |= data.measured_contexts()
    return [sorted(found), len(files)]

"""
)


@pytest.mark.parametrize(
    ("context", "kept", "other"),
    [
        ("route", [f"profile:demo|GET /{n}" for n in range(3)], "profile:demo|other"),
        ("request", [f"profile:demo:{n}" for n in range(3)], "profile:demo|other"),
    ],
)
def test_past_a_limit_of_labels_the_rest_are_one_and_it_is_written_once(
    run_python: Run, engine: str, context: str, kept: list[str], other: str
) -> None:
    assert run_python(
        LABELS
        + """
for number in range(20):
    begin(f"GET /{number}", str(number))
for number in range(3):
    begin(f"GET /{number}", str(number))
tell([labels(), said])
""",
        engine=engine,
        PROFILE_COVERAGE_MAX_LABELS="3",
        **flags(context),
    ) == [
        [sorted([*kept, other]), 4 if context == "route" else 7],
        ["demo has more than 3 context labels: those that come now are one (logged once; code labels)"],
    ]


def test_jobs_past_the_limit_of_labels_are_still_told_from_requests(run_python: Run) -> None:
    assert run_python(
        LABELS
        + """
for number in range(3):
    begin(f"job:pkg.f{number}", str(number), is_labelled=True)
tell(labels())
""",
        PROFILE_COVERAGE_MAX_LABELS="2",
        **flags("profile"),
    ) == [["profile:demo|job:other", "profile:demo|job:pkg.f0", "profile:demo|job:pkg.f1"], 3]


def test_labels_are_counted_anew_when_a_profile_was_combined(run_python: Run) -> None:
    assert run_python(
        LABELS
        + """
begin("GET /1", "1"), begin("GET /2", "2")
combine()
begin("GET /3", "3")
tell(labels())
""",
        PROFILE_COVERAGE_MAX_LABELS="1",
        **flags("route"),
    ) == [["profile:demo|GET /3"], 1]


def test_a_trace_whose_lines_others_have_written_is_forgotten_when_its_unit_has_ended(
    run_python: Run, engine: str
) -> None:
    assert run_python(
        LABELS
        + """
from profcov.recording.engine.base import Trace
import gc
for number in range(20):
    begin("GET /", str(number))
gc.collect()
tell([labels(), sum(isinstance(each, Trace) for each in gc.get_objects()) < 5])
""",
        engine=engine,
        **flags("route"),
    ) == [[["profile:demo|GET /"], 1], True]
