"""What has changed between two matrices, or between two inventories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from profcov.reading.analysis.identity import Identity, match_symbols

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from profcov.reading.analysis.matrix import Matrix
    from profcov.reading.symbols.model import Inventory, Symbol, SymbolName, Trait
    from profcov.slug import Slug

State = Literal["same", "new", "gone"]
Change = Literal["new", "gone", "renamed", "changed", "moved", "unreadable", "readable"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A matrix as it was stored: its symbols, and what each profile covered of them.

    ``partial`` are the profiles whose artifacts were not known to be complete.
    """

    symbols: tuple[Identity, ...]
    profiles: Mapping[Slug, frozenset[SymbolName]]
    partial: frozenset[Slug]


@dataclass(frozen=True, slots=True)
class ProfileDrift:
    """What one profile gained and lost, sorted, by the new names.

    Symbols that vanished from the source are in ``vanished``, not in ``lost``. A profile that is partial now may seem to have
    lost what just was not recorded, and one that was partial before may seem to have gained it.
    """

    state: State
    is_partial: bool
    was_partial: bool
    gained: tuple[SymbolName, ...]
    lost: tuple[SymbolName, ...]
    vanished: tuple[SymbolName, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """What has changed: each profile's drift, and the symbols that are new, vanished, or renamed."""

    profiles: Mapping[Slug, ProfileDrift]
    new: tuple[SymbolName, ...]
    vanished: tuple[SymbolName, ...]
    renamed: Mapping[SymbolName, SymbolName]

    @property
    def has_loss(self) -> bool:
        """Whether a profile in both matrices lost a symbol that still exists."""
        return any(each.lost for each in self.profiles.values() if each.state == "same")


def take_snapshot(matrix: Matrix) -> Snapshot:
    """Return a matrix as it would be stored."""
    return Snapshot(
        symbols=tuple(identify(symbol) for symbol in matrix.index.symbols),
        profiles={slug: frozenset(matrix.covered_by(slug)) for slug in matrix.profiles},
        partial=frozenset(slug for slug, reach in matrix.profiles.items() if reach.status != "complete"),
    )


def compare_matrices(old: Snapshot, new: Snapshot) -> Drift:
    """Return what each profile gained and lost between two matrices.

    A new profile has gained all that it covers, and one that is gone has lost all.
    """
    now = match_symbols(old.symbols, new.symbols)
    drifts: dict[Slug, ProfileDrift] = {}
    for slug in sorted({*old.profiles, *new.profiles}):
        before = old.profiles.get(slug, frozenset())
        after = new.profiles.get(slug, frozenset())
        kept = {now[name] for name in before if name in now}
        drifts[slug] = ProfileDrift(
            state="new" if slug not in old.profiles else "gone" if slug not in new.profiles else "same",
            is_partial=slug in new.partial,
            was_partial=slug in old.partial,
            gained=tuple(sorted(after - kept)),
            lost=tuple(sorted(kept - after)),
            vanished=tuple(sorted(name for name in before if name not in now)),
        )
    return Drift(
        profiles=drifts,
        new=tuple(sorted({each.name for each in new.symbols}.difference(now.values()))),
        vanished=tuple(sorted({each.name for each in old.symbols} - now.keys())),
        renamed={name: other for name, other in sorted(now.items()) if name != other},
    )


@dataclass(frozen=True, slots=True)
class InventoryChange:
    """One thing in which an inventory differs from another; ``name`` is a symbol's or a file's, the new one if it has two."""

    change: Change
    name: str
    detail: str = ""


def compare_inventories(old: Inventory, new: Inventory) -> list[InventoryChange]:
    """Return the differences of a new inventory from an old one, in the order of the new one; symbols that are gone come last.

    A symbol has ``changed`` if its body, kind or traits differ; it has ``moved`` if only its file or
    lines differ.
    """
    before = {symbol.name: symbol for symbol in old.symbols}
    now = match_symbols(map(identify, old.symbols), map(identify, new.symbols))
    was = {name: other for other, name in now.items()}
    changes: list[InventoryChange] = []
    for symbol in new.symbols:
        changes += _compare(before[was[symbol.name]] if symbol.name in was else None, symbol)
    changes += [InventoryChange("gone", symbol.name, symbol.place) for symbol in old.symbols if symbol.name not in now]
    bad_before = {each.file for each in old.unreadable}
    bad_now = {each.file: each.reason for each in new.unreadable}
    changes += [InventoryChange("unreadable", file, bad_now[file]) for file in sorted(bad_now.keys() - bad_before)]
    changes += [InventoryChange("readable", file) for file in sorted(bad_before - bad_now.keys())]
    return changes


def _own_traits(symbol: Symbol) -> set[Trait]:
    return {*symbol.traits} - {"startup"}  # its callers are elsewhere


def identify(symbol: Symbol) -> Identity:
    """Return the identity of a symbol."""
    return Identity(symbol.name, symbol.kind, symbol.parent, symbol.body_hash)


def _compare(old: Symbol | None, new: Symbol) -> Iterable[InventoryChange]:
    if old is None:
        yield InventoryChange("new", new.name, new.place)
        return
    if old.name != new.name:
        yield InventoryChange("renamed", new.name, f"was {old.name}")
    if (old.body_hash, old.kind, _own_traits(old)) != (new.body_hash, new.kind, _own_traits(new)):
        yield InventoryChange("changed", new.name, new.place)
    elif (old.file, old.span, old.body_lines) != (new.file, new.span, new.body_lines):
        yield InventoryChange("moved", new.name, f"was {old.where}")
