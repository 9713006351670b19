from __future__ import annotations

import contextlib
import logging
import signal
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

import pytest

from profcov.recording import faults
from profcov.recording.faults import is_foreign, log_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_logged", {})


def test_a_cause_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        log_once("a", "cannot do %s", "this")
    log_once("b", "cannot do that")
    assert [(record.name, record.levelno) for record in caplog.records] == [("profcov", logging.WARNING)] * 2
    assert caplog.messages == ["cannot do this (logged once; code a)", "cannot do that (logged once; code b)"]


def test_the_traceback_of_a_fault_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    log_once("a", "cannot", error=ZeroDivisionError("by zero"))
    assert "ZeroDivisionError: by zero" in caplog.text


@pytest.fixture
def broken_handler() -> Iterator[None]:
    class Broken(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("the log is full")

    handler = Broken()
    faults.logger.addHandler(handler)
    yield
    faults.logger.removeHandler(handler)


@pytest.mark.usefixtures("broken_handler")
def test_a_log_that_cannot_be_written_is_not_the_applications_problem() -> None:
    log_once("a", "cannot")
    log_once("a", "cannot")
    assert "a" in faults._logged


def test_a_message_with_a_percent_sign_in_its_arguments_is_logged_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    log_once("a", "cannot read %s", "50%d")
    assert caplog.messages == ["cannot read 50%d (logged once; code a)"]


def throw(error: BaseException) -> None:
    raise error


def caught(error: BaseException) -> BaseException:
    with pytest.raises(type(error)) as thrown:
        throw(error)
    return thrown.value


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_these_are_never_ours(error: BaseException) -> None:
    assert is_foreign(caught(error))


@pytest.mark.parametrize(
    "error", [KeyError("x"), OSError("full"), RuntimeError("x"), MemoryError(), sqlite3.OperationalError("full")]
)
def test_a_fault_of_ours_is_not_the_applications(error: BaseException) -> None:
    assert not is_foreign(caught(error))


class AlarmError(Exception):
    pass


def ring(*_: object) -> None:
    raise AlarmError


class Bell:
    def ring(self, *_: object) -> None:
        raise AlarmError

    __call__ = ring


@pytest.mark.parametrize("handler", [ring, Bell().ring, Bell()], ids=["function", "method", "object"])
def test_what_a_signal_handler_raises_is_the_applications(handler: Any) -> None:
    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(AlarmError) as struck:
            signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
        # The handler is asked for while it is installed.
    assert not is_foreign(struck.value)
    signal.signal(signal.SIGUSR1, handler)
    try:
        assert is_foreign(struck.value)
    finally:
        signal.signal(signal.SIGUSR1, before)


@contextlib.contextmanager
def alarm_on_user_signal() -> Iterator[None]:
    before = signal.signal(signal.SIGUSR1, ring)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_time_out_that_strikes_while_we_look_whose_an_exception_is_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    get, fault = signal.getsignal, caught(KeyError("x"))

    def struck(number: int) -> object:
        signal.raise_signal(signal.SIGUSR1)
        return get(number)

    monkeypatch.setattr(signal, "getsignal", struck)
    with alarm_on_user_signal(), pytest.raises(AlarmError):
        is_foreign(fault)


def test_a_time_out_that_strikes_while_we_log_is_not_lost_and_a_broken_log_handler_is_no_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = logging.Handler()
    monkeypatch.setattr(faults.logger, "handlers", [broken])
    monkeypatch.setattr(faults.logger, "propagate", False)
    with alarm_on_user_signal():
        monkeypatch.setattr(broken, "emit", lambda _: throw(KeyError("broken")))
        log_once("one", "something")
        monkeypatch.setattr(broken, "emit", lambda _: signal.raise_signal(signal.SIGUSR1))
        with pytest.raises(AlarmError):
            log_once("two", "something")


ALARMS = """
import signal
from measured import *
from play import *
class Alarm(Exception): pass
fired = inside = 0
def ring(number, frame):
    global fired, inside
    fired += 1
    while frame is not None and "/profcov/" not in frame.f_code.co_filename:
        frame = frame.f_back
    inside += frame is not None
    raise Alarm
signal.signal(signal.SIGALRM, ring)
reached = number = 0
def drop(dropped):  # by the interpreter: in a weak reference's callback, say
    global reached
    reached += dropped.exc_type is Alarm
sys.unraisablehook = drop
def work():
    WORK
def work_until_it_fires():
    signal.setitimer(signal.ITIMER_REAL, 0.0001 + number % 40 * 0.0001)
    while fired < number:
        work()
work()  # every file has been met once
while inside < 25 and number < 2000:
    number += 1
    try:
        work_until_it_fires()
    except Alarm:
        reached += 1
tell([fired - reached, inside >= 25, said])
"""


@pytest.mark.parametrize(
    "work",
    [
        "play('demo', red, blue)",
        "run(unit, red, blue)",
        "sys.modules.pop('this_one', None); run(unit, lambda: __import__('this_one'))",
    ],
    ids=["units", "steps", "imports"],
)
def test_a_time_out_that_strikes_while_profcov_is_at_work_reaches_the_application(
    run_python: Run, engine: str, work: str, tmp_path: Any
) -> None:
    (tmp_path / "this_one.py").touch()
    program = "import sys\nfrom play import *\nunit = recorder.begin('demo')\n" + ALARMS.replace("WORK", work)
    lost, struck, told = run_python(program, engine=engine)
    assert (lost, struck, told) == (0, True, [])


BREAK = """
from measured import *
from play import *
recorder.warm_up()
engine = recorder.engine
def broken(*_, **__):
    raise ZeroDivisionError("on purpose")
class Broken(dict):
    __contains__ = __getitem__ = get = setdefault = broken
"""
FAULTS = {
    "cannot tell what is measured": ("engine.sources.measured = broken", "engine-discovery"),
    "cannot start a step": ("engine.enter = broken", "engine-step"),
    "cannot stop a step": ("engine.leave = broken", "engine-step"),
}


def run_broken(run_python: Run, engine: str, how: str, warm_up: str = "") -> tuple[list[list[str]], list[str]]:
    """Break the engine, run units; return what they answered, and the codes of what was logged."""
    answers, told = run_python(
        BREAK
        + warm_up
        + """
unit = recorder.begin("demo")
"""
        + how
        + """
answers = []
for _ in range(3):
    with unit.step():
        answers.append([red(), blue(), *chunks()])
unit.end()
tell([answers, said])
""",
        engine=engine,
    )
    return answers, [text.rpartition("; code ")[2].rstrip(")") for text in told]


@pytest.mark.parametrize(("how", "code"), FAULTS.values(), ids=FAULTS)
def test_a_fault_in_the_engine_changes_no_answer_and_is_logged_once(
    run_python: Run, engine: str, how: str, code: str
) -> None:
    answers, codes = run_broken(run_python, engine, how)
    assert answers == [["red", "blue", "red", "blue"]] * 3
    assert codes == [code]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")
def test_when_every_callback_fails_no_answer_changes_and_each_cause_is_logged_once(run_python: Run) -> None:
    answers, codes = run_broken(run_python, "monitoring", "engine._states = Broken()", "play('warm-up', red)")
    assert answers == [["red", "blue", "red", "blue"]] * 3
    assert sorted(codes) == ["engine-discovery", "engine-entry", "engine-line"]


@pytest.mark.parametrize("name", ["begin", "new_trace", "refusal"])
def test_a_fault_while_a_unit_begins_is_a_status_and_blocks_nothing(run_python: Run, engine: str, name: str) -> None:
    statuses, held, told = run_python(
        BREAK
        + f"engine.{name} = broken"
        + """
from profcov.store.clean import discard
from profcov.store.directory import DataDirectory
statuses = [play("demo", red) for _ in range(3)]
DATA.mkdir(exist_ok=True)
tell([statuses, discard(DataDirectory(DATA), "demo", timeout=0), said])
""",
        engine=engine,
    )
    assert statuses == ["unsupported; an error, see the server's log"] * 3
    assert held == 0
    assert len(told) == 1
    assert told[0].endswith("code begin)")
