"""Correlation: which values of a recorded request came from which recorded answer, and so are to be taken anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import jmespath

from profcov.playback.recorded.offers import find_in_text, find_offers, find_text_tokens
from profcov.playback.recorded.rewriting import escape
from profcov.playback.recorded.values import find_tokens, is_id_name, is_particular
from profcov.playback.scenario.source import HeaderSource, JsonSource

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from profcov.playback.recorded.exchange import Exchange
    from profcov.playback.recorded.hints import Hints
    from profcov.playback.recorded.offers import Offer
    from profcov.playback.recorded.rewriting import Use
    from profcov.playback.scenario.source import Source

_MAX_ALIKE: Final = 3
"""Answers with a short value under one name that are kept: more than one make it ambiguous."""

_CONDITIONS: Final = frozenset({"header if-match", "header if-none-match"})


@dataclass(slots=True)
class Correlation:
    """A variable that replaces a recorded value: saved from the answer of ``step``, used in ``uses`` (step, place)."""

    variable: str
    value: str
    step: int
    source: Source
    pinned: bool = False
    uses: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value of a request that may or may not come from answers, and so was left as recorded."""

    step: int
    place: str
    value: str
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """An offer, and the step whose answer made it."""

    step: int
    offer: Offer
    path: str


class Correlator:
    """Goes through a recording in its order: the values of a request first, then what its answer offers.

    ``wanted`` are the values of all requests: no other is worth looking for.
    """

    def __init__(self, hints: Hints, wanted: AbstractSet[str], taken: Iterable[str]) -> None:
        self.correlations: dict[tuple[int, str, str], Correlation] = {}
        self.doubts: list[Doubt] = []
        self._hints = hints
        self._wanted = wanted
        self._names = set(taken)
        self._offers: dict[str, list[_Found]] = {}
        self._texts: dict[str, int] = {}
        self._exchanges: list[Exchange] = []
        self._sent: set[str] = set()
        self._sent_ids: set[str] = set()

    def replace(self, use: Use) -> str | None:
        """Return the template for a value of the request that comes next, or None if no answer has brought it."""
        template = self._replace_whole(use) or self._replace_parts(use)
        if template is None:
            self._sent.add(use.value)
            self._sent.update(token for _, token in find_tokens(use.value))
            if use.names_id:
                self._sent_ids.add(use.value)
        return template

    def add_answer(self, exchange: Exchange) -> None:
        """Take what the answer to that request offers, unless the client had sent it before."""
        self._exchanges.append(exchange)
        step, path = len(self._exchanges), exchange.sent.parts.path
        for offer in find_offers(exchange, self._wanted):
            known = self._sent if is_particular(offer.value) else self._sent_ids
            if offer.value and offer.value not in known:
                found = self._offers.setdefault(offer.value, [])
                alike = [each for each in found if each.offer.names == offer.names]
                place = offer.source.document()
                again = any(each.path == path and each.offer.source.document() == place for each in alike)
                if not again and len(alike) < _MAX_ALIKE:
                    found.append(_Found(step, offer, path))
        for token in find_text_tokens(exchange.answer, self._wanted):
            if token not in self._sent and is_particular(token):
                self._texts.setdefault(token, step)

    def save(self, step: int, source: Source, name: str, value: str, use: Use, *, pinned: bool = False) -> str:
        """Have a step save a variable, unless it does, and return its name."""
        key = (step, repr(source.document()), value)
        if key not in self.correlations:
            self.correlations[key] = Correlation(self.take_name(name), value, step, source, pinned)
        self.correlations[key].uses.append((len(self._exchanges) + 1, use.place))
        return self.correlations[key].variable

    def _replace_whole(self, use: Use) -> str | None:
        value = use.value
        if value in self._hints.off:
            return None
        pin = self._hints.pin.get(value)
        if pin is not None and pin.step <= len(self._exchanges):
            return f"{{{self.save(pin.step, pin.source, pin.name or use.name or 'value', value, use, pinned=True)}}}"
        found = self._choose(use)
        if found is None:
            return None
        source = _cast(found.offer, use)
        if source is None:
            self._doubt(use, value, f"{found.offer.source} of step {found.step}, which is text")
            return None
        name = found.offer.names[0]
        if source is not found.offer.source:
            name = f"{name}_{'number' if found.offer.is_text else 'text'}"
        return f"{{{self.save(found.step, source, name, value, use)}}}"

    def _choose(self, use: Use) -> _Found | None:
        found = self._offers.get(use.value, [])
        if use.place.lower() in _CONDITIONS:
            tags = [each for each in found if isinstance(each.offer.source, HeaderSource)]
            return tags[-1] if tags else None
        if is_particular(use.value):
            return found[0] if found else None
        if not use.names_id or not found:
            return None
        return self._choose_id(use, found)

    def _choose_id(self, use: Use, found: list[_Found]) -> _Found | None:
        """Choose where a short value comes from: by name, and only if there is one such place."""
        fitting = [each for each in found if any(is_id_name(name) for name in each.offer.names)]
        exact = [each for each in fitting if use.name in each.offer.names]
        plain = [each for each in fitting if "id" in each.offer.names]
        chosen = exact or (plain if use.name in {"", "id"} or len(fitting) == len(plain) else [])
        if chosen and len({(each.step, repr(each.offer.source.document())) for each in chosen}) == 1:
            return chosen[0]
        if fitting:
            self._doubt(use, use.value, *(f"{each.offer.source} of step {each.step}" for each in fitting))
        return None

    def _replace_parts(self, use: Use) -> str | None:
        """Replace particular values inside a text, such as the token behind ``Bearer`` or an id inside a URL."""
        if not use.is_text:
            return None
        template, end, replaced = "", 0, False
        for at, token in find_tokens(use.value):
            name = self._find_part(token, use)
            if name is not None:
                template += f"{escape(use.value[end:at])}{{{name}}}"
                end, replaced = at + len(token), True
        return template + escape(use.value[end:]) if replaced else None

    def _find_part(self, token: str, use: Use) -> str | None:
        """Return the variable for a particular value, wherever an answer has it."""
        if not is_particular(token) or token in self._hints.off:
            return None
        found = self._offers.get(token)
        if found:
            return self.save(found[0].step, found[0].offer.source, found[0].offer.names[0], token, use)
        step = self._texts.get(token)
        if step is None or token in self._sent:
            return None
        source = find_in_text(self._exchanges[step - 1].answer, token)
        if source is None:
            self._doubt(use, token, f"the text of step {step}, where nothing tells it apart")
            return None
        return self.save(step, source, use.name or "value", token, use)

    def _doubt(self, use: Use, value: str, *candidates: str) -> None:
        self.doubts.append(Doubt(len(self._exchanges) + 1, use.place, value, candidates))

    def take_name(self, name: str) -> str:
        """Return a name that no other variable has or will have: this one, or one with a number."""
        free, number = name, 1
        while free in self._names:
            number += 1
            free = f"{name}_{number}"
        self._names.add(free)
        return free


def _cast(offer: Offer, use: Use) -> Source | None:
    """Return the place with the type that the request has: a JSON number is not a text of its digits."""
    in_json = use.place.startswith("json")
    if not in_json or offer.is_text == use.is_text:
        return offer.source
    if not isinstance(offer.source, JsonSource) or offer.source.match is not None:
        return None
    function = "to_number" if offer.is_text else "to_string"
    return JsonSource(jmespath.compile(f"{function}({offer.source.expression.expression})"))
