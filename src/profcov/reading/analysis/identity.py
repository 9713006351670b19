"""Which symbol of one inventory is which of another: by name, or by body if the name is new."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.reading.symbols.fingerprint import SLIGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from profcov.reading.symbols.model import SymbolName

_NUMBER = re.compile(r"#\d+")


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity of a symbol: its name, kind, the symbol around it, and a hash of its body."""

    name: SymbolName
    kind: str
    parent: SymbolName | None
    body_hash: str | None


# By body, in this order: a definition that was numbered anew, one in a module of another name, one within its module,
# one anywhere. A trivial body proves nothing if the name differs.
_KEYS: Final[tuple[Callable[[Identity], Hashable], ...]] = (
    lambda each: (_NUMBER.sub("", each.name), each.kind, each.body_hash),
    lambda each: (each.name.partition(":")[2], each.kind, each.body_hash),
    lambda each: None if _is_slight(each) else (each.name.partition(":")[0], each.kind, each.body_hash),
    lambda each: None if _is_slight(each) else (each.kind, each.body_hash),
)


def match_symbols(old: Iterable[Identity], new: Iterable[Identity]) -> dict[SymbolName, SymbolName]:
    """Map each old symbol to its new one; leave out symbols that vanished.

    One name is one symbol; numbered ones, such as ``f`` and ``f#2``, are matched by their bodies first. A symbol whose name
    is gone is matched by its body, if that leaves one candidate on either side. A symbol without statements of its own,
    such as a class with nothing but methods, follows most of its content.
    """
    before, after = {each.name: each for each in old}, {each.name: each for each in new}
    numbered = _find_numbered(before) | _find_numbered(after)
    pairs: dict[SymbolName, SymbolName] = {}

    def settle(found: Iterable[tuple[SymbolName, SymbolName]]) -> None:
        for one, other in list(found):
            if one in before and other in after:
                pairs[one] = other
                del before[one], after[other]

    parents = {each.name: each.parent for each in (*before.values(), *after.values())}
    is_sure = {name for name in before.keys() & after.keys() if _NUMBER.sub("", name) not in numbered}
    settle((name, name) for name in before if name in is_sure or _is_same_body(before[name], after.get(name)))
    for key in _KEYS:
        settle(_pair_by(key, before.values(), after.values()))
    settle((name, name) for name in before if name in after)
    found = True
    while found:  # a class follows its methods, then a module its classes
        votes = _count_votes(pairs, parents, before, after)
        settle(pair for pair, _ in votes.most_common())
        found = bool(votes)
    return pairs


def _find_numbered(names: Iterable[str]) -> set[str]:
    counts = Counter(_NUMBER.sub("", name) for name in names)
    return {name for name, count in counts.items() if count > 1}


def _is_slight(each: Identity) -> bool:
    return each.body_hash is not None and each.body_hash.startswith(SLIGHT)


def _is_same_body(one: Identity, other: Identity | None) -> bool:
    return other is not None and one.body_hash == other.body_hash


def _pair_by(
    key: Callable[[Identity], Hashable], old: Iterable[Identity], new: Iterable[Identity]
) -> Iterator[tuple[SymbolName, SymbolName]]:
    """Yield pairs whose key names one on either side; without a body there is no key."""
    sides: defaultdict[Hashable, tuple[list[SymbolName], list[SymbolName]]] = defaultdict(lambda: ([], []))
    for side, identities in enumerate((old, new)):
        for each in identities:
            found = None if each.body_hash is None else key(each)
            if found is not None:
                sides[found][side].append(each.name)
    for olds, news in sides.values():
        if len(olds) == len(news) == 1:
            yield olds[0], news[0]


def _count_votes(
    pairs: Mapping[SymbolName, SymbolName],
    parents: Mapping[SymbolName, SymbolName | None],
    before: Mapping[SymbolName, Identity],
    after: Mapping[SymbolName, Identity],
) -> Counter[tuple[SymbolName, SymbolName]]:
    """Count for each two symbols of one kind without a match how much of the old one is now in the new one."""
    votes: Counter[tuple[SymbolName, SymbolName]] = Counter()
    for old, new in pairs.items():
        one, other = parents.get(old), parents.get(new)
        if one is None or other is None or one not in before or other not in after:
            continue
        if before[one].kind == after[other].kind:
            votes[one, other] += 1
    return votes
