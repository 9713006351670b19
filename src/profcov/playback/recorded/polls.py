"""Polls: requests that a client has sent again until an answer showed the state that it waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jmespath

from profcov.playback.scenario.model import Wait
from profcov.playback.scenario.states import FAILURES, find_state, is_success

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from profcov.playback.recorded.exchange import Exchange
    from profcov.playback.scenario.states import State


@dataclass(frozen=True, slots=True)
class Turn:
    """An exchange to be played; with ``wait`` its request is sent until the answer is as the recorded one.

    ``pause`` is how many seconds nothing was under way before it.
    """

    exchange: Exchange
    pause: float = 0.0
    wait: Wait | None = None
    polls: int = 1


def find_turns(exchanges: Sequence[Exchange]) -> list[Turn]:
    """Return the exchanges with each series of polls as one.

    A series is GETs of one URL whose answers have a state, up to the one with which it ends: the last before something
    else was asked of that state, or one with "finished" or the like.
    """
    ends, pauses = dict(_find_series(exchanges)), _find_pauses(exchanges)
    polled = {number for numbers in ends.values() for number in numbers[:-1]}
    turns = []
    for number, exchange in enumerate(exchanges):
        if number in polled:
            continue
        series = ends.get(number, [])
        wait = _make_wait(exchange) if series else None
        turns.append(Turn(exchange, pauses[series[0] if series else number], wait, len(series) or 1))
    return turns


def _find_pauses(exchanges: Sequence[Exchange]) -> list[float]:
    """Return how many seconds before each exchange all others had ended; 0 if that is not recorded."""
    pauses, idle = [], None
    for exchange in exchanges:
        began, ended = exchange.began, exchange.ended
        pauses.append(max(began - idle, 0.0) if began is not None and idle is not None else 0.0)
        idle = max((each for each in (idle, began, ended) if each is not None), default=None)
    return pauses


def _find_series(exchanges: Sequence[Exchange]) -> Iterator[tuple[int, list[int]]]:
    """Yield each series: the number of its last exchange, and those of all."""
    open_series: dict[str, list[int]] = {}
    for number, exchange in enumerate(exchanges):
        found = _find_state(exchange)
        if found is None:
            continue
        series = open_series.setdefault(exchange.sent.url, [])
        series.append(number)
        if is_success(found[1]):
            yield number, open_series.pop(exchange.sent.url)
    for series in open_series.values():
        first, last = _find_state(exchanges[series[0]]), _find_state(exchanges[series[-1]])
        together = series[-1] - series[0] == len(series) - 1
        if len(series) > 1 and first != last and together:
            yield series[-1], series


def _find_state(exchange: Exchange) -> tuple[str, State] | None:
    """Return the JMESPath expression of an answer's state, and its value."""
    return find_state(exchange.answer.json) if exchange.sent.method == "GET" else None


def _make_wait(exchange: Exchange) -> Wait | None:
    found = _find_state(exchange)
    if found is None:
        return None
    expression, state = found
    if isinstance(state, bool):
        return Wait(None, jmespath.compile(f"{expression} == `{str(state).lower()}`"))
    quoted = state.replace("\\", "\\\\").replace("'", "\\'")
    failures = [f"{expression} == '{word}'" for word in FAILURES if word != state.lower()]
    return Wait(None, jmespath.compile(f"{expression} == '{quoted}'"), jmespath.compile(" || ".join(failures)))
