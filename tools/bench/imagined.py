"""A large application that nobody has written, and what its profiles run of it: in memory, through the real matrix.

Profiles come in families (checkout-1, checkout-2 ...) that run the same features. A tenth of the modules is everybody's, a
quarter nobody's. Of the functions of a module that is run, a third never are; most others are run by all profiles that
run the module, a seventh by some of them only, no two alike.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.reading.analysis.matrix import build_matrix
from profcov.reading.symbols.model import Inventory, SourceFile, Symbol, SymbolName
from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.line_sets import to_bits
from profcov.store.read import Recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.symbols.model import Kind

_THINGS: Final = """
account admin audit batch billing cache cart catalog chat checkout config coupon cron customer email event export feed
file geo health import index invoice inventory item job label ledger login mail media message metric notify order page
payment plan price product profile quota queue refund render report review role rule search session shipping sms stock
storage sync tag task tax team template tenant ticket token trace upgrade upload user vendor wallet webhook
"""
_VERBS: Final = """
add apply build calculate check clear close collect compute convert create decode delete encode ensure expire export
fetch find format get handle import init is list load lock make map mark merge normalize open parse process publish
read record refresh register remove render reset resolve retry save schedule send set show split start stop store sync
track update validate verify write
"""
_ENDINGS: Final = """
Service Model View Error Task Client Handler Repository Form Serializer Manager Policy Adapter Factory Query
"""
THINGS, VERBS, ENDINGS = (tuple(words.split()) for words in (_THINGS, _VERBS, _ENDINGS))
FAMILY: Final = 10
"""So many profiles have the same features."""


@dataclass(frozen=True, slots=True)
class Application:
    """Its symbols, and for each function the profiles that run it, as bits."""

    inventory: Inventory
    runs: dict[SymbolName, int]
    profiles: int

    def matrix(self) -> Matrix:
        """Return the matrix of its profiles."""
        return build_matrix(self.inventory, self._record())

    def _record(self) -> Iterator[Recorded]:
        files = [source.file for source in self.inventory.files]
        parts = [
            (each.file, to_bits(each.body_lines[: len(each.body_lines) * 4 // 5 + 1]), self.runs[each.name])
            for each in self.inventory.symbols
            if self.runs.get(each.name)
        ]
        for number in range(self.profiles):
            slug = Slug(f"{THINGS[number // FAMILY % len(THINGS)]}-{VERBS[number % FAMILY]}-{number:03}")
            content = Content()
            for file, lines, profiles in parts:
                if profiles >> number & 1:
                    key = f"profile:{slug}", file
                    content.lines[key] = content.lines.get(key, 0) | lines
            content.files = {file for _, file in content.lines}
            facts = {
                "status": "complete",
                "reasons": [],
                "created": "2026-01-01T00:00:00+00:00",
                "jobs": [],
                "imported": files,
            }
            yield Recorded(slug, content, facts)


class Author:
    """Writes modules until there are enough symbols; the same ones each time."""

    def __init__(self, symbols: int, profiles: int) -> None:
        self._random = random.Random(1)
        self._wanted, self._profiles = symbols, profiles
        starts = range(0, profiles, FAMILY)
        self._families = [to_bits(range(start, min(start + FAMILY, profiles))) for start in starts]
        self._symbols: list[Symbol] = []
        self._sources: list[SourceFile] = []
        self._runs: dict[SymbolName, int] = {}
        self._file, self._line = "", 1

    def write(self) -> Application:
        """Write the application."""
        while len(self._symbols) < self._wanted:
            self._write_module()
        return Application(Inventory(tuple(self._symbols), tuple(self._sources), ()), self._runs, self._profiles)

    def _write_module(self) -> None:
        package = f"shop.{self._pick(THINGS)}.{self._pick(THINGS)}"
        module = SymbolName(f"{package}.{self._pick(VERBS)}_{self._pick(THINGS)}_{len(self._sources)}")
        file = f"src/{module.replace('.', '/')}.py"
        who, first = self._choose_profiles(), len(self._symbols)
        self._file, self._line = file, 1
        self._add(module, "module", None, self._random.randint(2, 12), 0)
        for number in range(self._random.choice([0, 1, 1, 2, 3])):
            around = SymbolName(f"{module}:{self._pick(THINGS).title()}{self._pick(ENDINGS)}{number or ''}")
            self._add(around, "class", module, self._random.randint(0, 5), 0)
            for method in self._names(self._random.randint(2, 9)):
                self._write_callable(SymbolName(f"{around}.{method}"), "method", around, who)
        for function in self._names(self._random.randint(2, 12)):
            self._write_callable(SymbolName(f"{module}:{function}"), "function", module, who)
        statements = frozenset(each for symbol in self._symbols[first:] for each in symbol.body_lines)
        self._sources.append(SourceFile(file, module, statements, {}, ""))

    def _choose_profiles(self) -> int:
        """Return the profiles that may run a module."""
        chance = self._random.random()
        if chance < 0.1:
            return (1 << self._profiles) - 1
        if chance < 0.35:
            return 0
        families = self._random.sample(
            self._families, min(len(self._families), self._random.choice([1, 1, 1, 2, 3, 5]))
        )
        return sum(families)

    def _write_callable(self, name: SymbolName, kind: Kind, parent: SymbolName, who: int) -> None:
        chance = self._random.random()
        if chance < 0.35:
            who = 0
        elif chance > 0.85 and who:
            who &= self._random.getrandbits(self._profiles)
        statements = max(1, int(self._random.lognormvariate(1.6, 0.8)))
        self._add(name, kind, parent, statements, who)

    def _add(self, name: SymbolName, kind: Kind, parent: SymbolName | None, statements: int, who: int) -> None:
        """Add a symbol to the file."""
        first = self._line
        body = tuple(sorted(self._random.sample(range(first + 1, first + 2 + statements * 3 // 2), statements)))
        end = body[-1] if body else first + 1
        self._symbols.append(Symbol(name, kind, self._file, (first, end), body, parent, None))
        self._line = end + 3
        if who:
            self._runs[name] = who

    def _names(self, count: int) -> Iterator[str]:
        found: set[str] = set()
        while len(found) < count:
            words = [
                self._pick(VERBS),
                self._pick(THINGS),
                *([self._pick(THINGS)] if self._random.random() < 0.3 else []),
            ]
            name = "_".join(words)
            if name not in found:
                found.add(name)
                yield name

    def _pick(self, words: tuple[str, ...]) -> str:
        return self._random.choice(words)
