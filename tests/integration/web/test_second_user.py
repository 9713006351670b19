"""A process of another user beside the one whose data directory it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a process of another user")

OTHER = 54321
"""A user that has no name here."""

PROGRAM = """
import contextlib, dataclasses, io, sys, warnings
from measured import *
from play import *
from profcov.cli.main import main
from profcov.doctor.directory import examine_directory

os.chdir(os.environ["SHARED"])
data = Path(os.environ["SHARED"]) / "data"
first = recorder_for(dataclasses.replace(recorder.settings, data_dir=data))

def begin(slug):
    unit = first.begin(slug)
    if unit.traced:
        run(unit, red)
        unit.end()
    return unit.status

def command(*words):
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO())):
            main([*words, "--data-dir", str(data)])
    except SystemExit as end:
        return [end.code, told.getvalue()]

def as_other(work):
    '''Call what is imported already: another user may not read where Python is.'''
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a thread of ours, and a fork
        pid = os.fork()
    if not pid:
        try:
            os.setgroups([])
            os.setgid(int(os.environ["GROUP"]))
            os.setuid(54321)
            told = work()
        except BaseException as error:
            told = repr(error)
        os.write(writer, json.dumps(told).encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as file:
        told = file.read()
    assert os.waitpid(pid, 0)[1] == 0
    return json.loads(told)

def find(check):
    return [[each.level, each.what, each.advice] for each in examine_directory(data) if each.check == check]

for words in (["status"], ["combine"], ["clean", "warm"]):
    command(*words)
find("data-dir")
play("warm", red)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that every user reaches; pytest's own are for theirs only."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    (directory / "measured.ini").write_text("[run]\ninclude = */measured.py\n")
    yield directory
    shutil.rmtree(directory)


def sentence(place: Path) -> str:
    return (
        f"{place} belongs to root, and this process to user {OTHER}: to share a data directory, "
        "set PROFILE_COVERAGE_UMASK=007 for both, with a group in common, before it is made"
    )


def test_a_second_user_gets_one_sentence_with_the_owner_and_what_to_set(
    run_python: Callable[..., Any], shared: Path
) -> None:
    mine, theirs, log = run_python(
        PROGRAM
        + """
mine = begin("demo")
def other():
    statuses = [begin("demo"), begin("new")]
    return [statuses, said, command("status"), command("combine", "demo"), command("clean", "demo"), find("data-dir")]
theirs = as_other(other)
tell([mine, theirs, said])
""",
        SHARED=str(shared),
        PROFILE_COVERAGE_CONFIG=str(shared / "measured.ini"),
        GROUP=str(OTHER),
    )
    data = shared / "data"
    statuses, told, status, combine, clean, doctor = theirs
    assert (mine, log) == ("traced", [])
    assert statuses == ["unsupported; the data is root's: PROFILE_COVERAGE_UMASK=007 and a group share it"] * 2
    assert told == [f"cannot record: {sentence(data)} (logged once; code denied)"]
    assert status == [3, f"profcov: {data}: Permission denied; {sentence(data)}\n"]
    assert combine == [3, f"profcov: {data / 'state' / 'shards'}: Permission denied; {sentence(data)}\n"]
    assert clean == [3, f"profcov: {data}: Permission denied; {sentence(data)}\n"]
    assert doctor == [["problem", f"{data} is not writable: Permission denied", sentence(data)]]


def test_where_only_files_are_anothers_they_are_named(run_python: Callable[..., Any], shared: Path) -> None:
    (shared / "data").mkdir()
    (shared / "data").chmod(0o777)
    statuses, told = run_python(
        PROGRAM
        + """
begin("demo")
tell(as_other(lambda: [[begin("demo"), begin("new")], said]))
""",
        SHARED=str(shared),
        PROFILE_COVERAGE_CONFIG=str(shared / "measured.ini"),
        GROUP=str(OTHER),
    )
    assert statuses == ["unsupported; the data is root's: PROFILE_COVERAGE_UMASK=007 and a group share it"] * 2
    assert told == [f"cannot record: {sentence(shared / 'data' / 'state')} (logged once; code denied)"]


def test_where_a_second_user_can_leave_a_note_the_artifact_is_partial(
    run_python: Callable[..., Any], shared: Path
) -> None:
    status, log, reasons = run_python(
        PROGRAM
        + """
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
begin("demo")
(data / "state" / "demo.lock").chmod(0o600)  # as it is when the first user has begun without the setting
status, log = as_other(lambda: [begin("demo"), said])
tell([status, log, combine(DataDirectory(data), "demo").reasons])
""",
        SHARED=str(shared),
        PROFILE_COVERAGE_CONFIG=str(shared / "measured.ini"),
        GROUP=str(os.getegid()),
        PROFILE_COVERAGE_UMASK="007",
    )
    assert status == "unsupported; the data is root's: PROFILE_COVERAGE_UMASK=007 and a group share it"
    assert log == [f"cannot record: {sentence(shared / 'data' / 'state' / 'demo.lock')} (logged once; code denied)"]
    assert reasons == ["refused-error"]


def test_a_configuration_that_another_user_keeps_from_us_switches_profcov_off(
    run_python: Callable[..., Any], shared: Path
) -> None:
    (shared / "private").mkdir(mode=0o700)
    statuses, told = run_python(
        PROGRAM
        + """
import profcov
os.environ["PROFILE_COVERAGE_CONFIG"] = str(data.parent / "private" / "measured.ini")
profcov.settings._of_process.clear()  # the other is a process that has read nothing yet
def other():
    with profcov.trace("demo") as named:
        pass
    del os.environ["PROFILE_COVERAGE_CONFIG"]
    os.chdir(data.parent)
    with profcov.trace("demo", profcov.settings.Settings.from_environ({})) as default:
        pass
    return [[named.status, default.status], said]
tell(as_other(other))
""",
        SHARED=str(shared),
        GROUP=str(OTHER),
        PROFILE_COVERAGE_CONFIG=str(shared / "measured.ini"),
    )
    assert statuses == ["disabled"] * 2
    assert len(told) == 1
    assert told[0].startswith("profcov stays off: PROFILE_COVERAGE_CONFIG=")


def test_with_the_umask_and_a_group_in_common_both_record_and_either_combines(
    run_python: Callable[..., Any], shared: Path
) -> None:
    assert run_python(
        PROGRAM
        + """
mine = begin("demo"), begin("own")
theirs = as_other(lambda: [begin("demo"), begin("new"), command("combine", "own")[0]])
tell([mine, theirs, sorted(path.name for path in data.glob("*.coverage")), command("combine", "demo")[0]])
""",
        SHARED=str(shared),
        PROFILE_COVERAGE_CONFIG=str(shared / "measured.ini"),
        GROUP=str(os.getegid()),
        PROFILE_COVERAGE_UMASK="007",
    ) == [["traced", "traced"], ["traced", "traced", 0], ["own.coverage"], 0]


def test_what_root_has_combined_or_played_in_a_servers_directory_is_named_by_the_doctor_and_by_who_meets_it(
    run_python: Callable[..., Any], shared: Path
) -> None:
    before, as_root, (as_server, *refused) = run_python(
        PROGRAM
        + """
from profcov.store.playing import Play
from profcov.store.directory import DataDirectory
command("report", "warm")
def give():
    for path in (data, *data.rglob("*")):
        os.chown(path, 54321, 54321)
def doctor():
    return find("owners")
data.mkdir()
begin("demo")
give()
before = doctor()
command("combine", "demo")
Play.begin(DataDirectory(data), "demo").close()
def other():
    begin("demo")
    return [doctor(), command("combine", "demo")[1], command("report", "demo", "--out", str(data))[1]]
tell([before, doctor(), as_other(other)])
""",
        SHARED=str(shared),
        PROFILE_COVERAGE_CONFIG=str(shared / "measured.ini"),
        GROUP=str(OTHER),
    )
    data = shared / "data"
    assert before == [["ok", f"user {OTHER} can use all that is in {data}", ""]]
    assert as_root == as_server
    ((level, what, advice),) = as_server
    assert (level, what) == (
        "problem",
        f"{data / 'demo.coverage'} and 2 more belong to root, and cannot be used by user {OTHER}: what needs it is refused",
    )
    assert advice.startswith(f"chown -R user {OTHER} {data}, ")
    for place, said in zip((data / "state" / "demo.playing", data / "demo.profile.json"), refused, strict=True):
        assert f"{place} belongs to root, and this process to user {OTHER}" in said
