"""Simple ways to select profiles for a change, from the same recording, to compare with; and how a selection is judged."""

from __future__ import annotations

import ast
import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from profcov.store.read import read_artifact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from mutation import Change, Demo

    from profcov.slug import Slug

PREFIX: Final = "profcov/demo/"


@dataclass(frozen=True)
class Recording:
    """What each profile ran, by paths below the demo's directory."""

    lines: Mapping[str, Mapping[str, set[int]]]
    imported: Mapping[str, frozenset[str]]


def read_recording(directory: Path, slugs: Iterable[Slug]) -> Recording:
    """Read the artifacts of a play of the demo."""
    recorded = {str(slug): read_artifact(directory, slug) for slug in slugs}
    lines = {
        slug: {_below(file): lines for file, lines in each.content.lines_by_file().items()}
        for slug, each in recorded.items()
    }
    imported = {slug: frozenset(map(_below, each.imported or ())) for slug, each in recorded.items()}
    return Recording(lines, imported)


def _below(file: str) -> str:
    return file.rpartition(PREFIX)[2]


def by_files_imported(_: Demo, change: Change, recording: Recording) -> set[str]:
    """Select profiles in whose processes a changed file was imported."""
    return {slug for slug, files in recording.imported.items() if files & change.keys()}


def by_files_executed(_: Demo, change: Change, recording: Recording) -> set[str]:
    """Select profiles that ran any line of a changed file."""
    return {slug for slug, files in recording.lines.items() if any(files.get(path) for path in change)}


def by_function_blocks(demo: Demo, change: Change, recording: Recording) -> set[str]:
    """Select profiles that ran a function whose syntax tree is another."""
    touched = {
        path: _changed_functions(demo.files.get(path, b""), content or b"")
        for path, content in change.items()
        if path.endswith(".py")
    }
    return _who_ran(touched, recording)


def by_changed_lines(demo: Demo, change: Change, recording: Recording) -> set[str]:
    """Select profiles that ran a line which is changed or gone."""
    touched = {path: _changed_lines(demo.files.get(path, b""), content or b"") for path, content in change.items()}
    return _who_ran(touched, recording)


YARDSTICKS: Final[dict[str, Callable[[Demo, Change, Recording], set[str]]]] = {
    "files imported": by_files_imported,
    "files executed": by_files_executed,
    "function blocks": by_function_blocks,
    "changed lines": by_changed_lines,
}


def _who_ran(touched: Mapping[str, set[int]], recording: Recording) -> set[str]:
    return {
        slug
        for slug, files in recording.lines.items()
        if any(lines & files.get(path, set()) for path, lines in touched.items())
    }


def _changed_functions(old: bytes, new: bytes) -> set[int]:
    """Return the lines of the functions that are not in the new text as they are in the old one."""
    before, after = _functions(old), _functions(new)
    changed = [node for name, node in before.items() if name not in after or ast.dump(node) != ast.dump(after[name])]
    return {line for node in changed for line in range(node.body[0].lineno, (node.end_lineno or 0) + 1)}


def _functions(content: bytes) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return {}
    found = {}
    tops: list[tuple[str, ast.AST]] = [("", node) for node in tree.body]
    for place, node in tops:  # it grows
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found[f"{place}{node.name}"] = node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            tops += [(f"{place}{node.name}.", child) for child in node.body]
    return found


def _changed_lines(old: bytes, new: bytes) -> set[int]:
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return {line + 1 for tag, start, end, _, _ in matcher.get_opcodes() if tag != "equal" for line in range(start, end)}


@dataclass
class Score:
    """How a selector did: profiles counted over all mutations."""

    hits: int = 0
    missed: int = 0
    extra: int = 0
    extra_with_effect: int = 0
    avoided: int = 0
    misses: list[tuple[int, str]] = field(default_factory=list)

    def count(self, seed: int, selected: set[str], differing: set[str], every: set[str]) -> None:
        """Count one mutation: the profiles that a selector would replay, and those that behave differently."""
        self.hits += len(selected & differing)
        self.missed += len(differing - selected)
        self.extra += len(selected - differing)
        self.extra_with_effect += len(selected - differing) if differing else 0
        self.avoided += len(every - selected)
        self.misses += [(seed, slug) for slug in sorted(differing - selected)]

    @property
    def recall(self) -> float:
        return self.hits / ((self.hits + self.missed) or 1)

    @property
    def precision(self) -> float:
        return self.hits / ((self.hits + self.extra) or 1)

    @property
    def precision_with_effect(self) -> float:
        """The precision over the mutations that make any profile behave differently."""
        return self.hits / ((self.hits + self.extra_with_effect) or 1)

    @property
    def part_avoided(self) -> float:
        """The part of all replays that it spares."""
        return self.avoided / ((self.hits + self.missed + self.extra + self.avoided - self.missed) or 1)
