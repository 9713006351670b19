from __future__ import annotations

import signal
import threading

import pytest

from profcov.demo.interrupts import hold_interrupts

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class StoppedError(Exception):
    pass


@pytest.fixture(autouse=True)
def handlers() -> object:
    def interrupt(*_: object) -> None:
        raise StoppedError

    before = [signal.signal(number, interrupt) for number in NUMBERS]
    yield interrupt
    for number, handler in zip(NUMBERS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupt_waits_until_it_is_let_in(number: signal.Signals, handlers: object) -> None:
    reached = []
    with hold_interrupts() as let_in:
        signal.raise_signal(number)
        reached.append("after the interrupt")
        with pytest.raises(StoppedError):
            let_in()
        assert [signal.getsignal(each) for each in NUMBERS] == [handlers] * 2
    assert reached == ["after the interrupt"]


def test_an_interrupt_that_is_never_let_in_comes_at_the_end(handlers: object) -> None:
    with pytest.raises(StoppedError), hold_interrupts():
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(each) for each in NUMBERS] == [handlers] * 2


def test_without_an_interrupt_nothing_happens(handlers: object) -> None:
    with hold_interrupts() as let_in:
        assert signal.getsignal(signal.SIGINT) is not handlers
        let_in()
        let_in()
        assert signal.getsignal(signal.SIGINT) is handlers


def test_in_another_thread_it_does_nothing() -> None:
    seen = []

    def work() -> None:
        with hold_interrupts() as let_in:
            let_in()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
