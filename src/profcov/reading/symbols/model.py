"""The inventory's values: symbols, source files, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NewType

if TYPE_CHECKING:
    from collections.abc import Mapping

SymbolName = NewType("SymbolName", str)
"""``pkg.mod``, ``pkg.mod:Class.method`` or ``pkg.mod:outer.<locals>.inner``; no two symbols share one.

Accessors and overloads are marked (``C.x@setter``, ``f@overload``), and any other second definition of a name is numbered:
``f#2``.
"""

Kind = Literal["module", "class", "function", "method"]
Trait = Literal["async", "nested", "overload", "property", "redefinition", "startup"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One module, class, function or method.

    ``file`` is the name of the file in artifacts; reports show ``place``. ``span`` is the first and last line, decorators included.
    ``body_lines`` are the first lines of the executable statements of its own body, ascending; empty if nothing
    could ever prove that the symbol ran. ``parent`` is the symbol around it, None for a module. ``body_hash`` is equal for
    bodies with the same code, whatever their lines and layout; None for an empty body or a docstring only. ``traits`` are
    sorted; ``startup``: judging by names, only imports and entry points call it.
    """

    name: SymbolName
    kind: Kind
    file: str
    span: tuple[int, int]
    body_lines: tuple[int, ...]
    parent: SymbolName | None
    body_hash: str | None
    traits: tuple[Trait, ...] = ()

    @property
    def is_startup(self) -> bool:
        """Whether it ran at start-up, or never, unless a profile covers it."""
        return "startup" in self.traits

    @property
    def place(self) -> str:
        """The file as reports name it: from where its module is imported, or its full path if another file could have that name."""
        module = self.name.partition(":")[0]
        if "#" in module or not self.file.startswith("/"):
            return self.file
        parts = module.count(".") + 1 + self.file.endswith("/__init__.py")
        return "/".join(self.file.rsplit("/", parts)[1:])

    @property
    def where(self) -> str:
        """The file as reports name it, with the first and last line."""
        return f"{self.place}:{self.span[0]}-{self.span[1]}"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One measured file that was read.

    ``statements`` are the lines that coverage.py counts. ``first_lines`` maps each later line of a statement to its
    first one; other lines are not in it. ``sha256`` is that of its bytes.
    """

    file: str
    module: SymbolName
    statements: frozenset[int]
    first_lines: Mapping[int, int]
    sha256: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """One file of the source that cannot be measured, and why: it is compiled, its name is not UTF-8, or it is not Python."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that a profile could reach, in the order of files and lines.

    ``omitted`` are the files that are left out by their names, not by the configuration; empty if unknown.
    """

    symbols: tuple[Symbol, ...]
    files: tuple[SourceFile, ...]
    unreadable: tuple[Unreadable, ...]
    omitted: tuple[str, ...] = ()
