"""A made-up code base and what made-up profiles ran of it, in the formats of real ones."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.slug import Slug
from profcov.store.content import Content
from profcov.store.files import file_digest
from profcov.store.layout import artifact_path
from profcov.store.line_sets import to_bits
from profcov.store.sidecar import SCHEMA_VERSION, write_sidecar

if TYPE_CHECKING:
    from pathlib import Path

SYMBOLS_A_FILE: Final = 10
"""A module, a class, four methods and four functions."""
_CALLABLE: Final = '''
{indent}def {name}({self}value, limit=10):
{indent}    """Return something."""
{indent}    total = 0
{indent}    for step in range(limit):
{indent}        if step % {number} == 0:
{indent}            total += value * step
{indent}    return max(
{indent}        total,
{indent}        limit,
{indent}    )
'''
_BODY: Final = (3, 4, 5, 6, 7, 8)
"""The lines of a body, counted from its ``def``, that a call runs."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is; each profile runs this share of the files, and half of the functions in them."""

    profiles: int
    files: int
    share: float


def write_code(place: Path, files: int) -> list[tuple[str, list[int]]]:
    """Write the sources and a coverage configuration; return each file's name and the lines of its ``def``."""
    (place / "cov.ini").write_text("[run]\nsource = src\nrelative_files = true\n")
    made = []
    for number in range(files):
        path = place / "src" / f"package_{number // 100}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f'"""Module {number}."""\n\nimport os\n\n\nclass Thing:\n    """A thing."""\n'
        for each in range(8):
            is_method = each < 4
            text += _CALLABLE.format(
                indent="    " if is_method else "",
                self="self, " if is_method else "",
                name=f"work_{each}",
                number=number + each + 2,
            )
        path.write_text(text)
        lines = text.splitlines()
        defs = [line for line, code in enumerate(lines, 1) if code.lstrip().startswith("def ")]
        made.append((str(path.relative_to(place)), defs))
    return made


def write_profiles(place: Path, code: list[tuple[str, list[int]]], size: Size) -> list[Slug]:
    """Write the artifacts of made-up profiles, with their sidecars, into ``place/data``; return their slugs.

    A tenth of the files that a profile runs is every profile's.
    """
    rng = random.Random(1)
    data = place / "data"
    data.mkdir(exist_ok=True)
    digests = {file: file_digest(place / file) for file, _ in code}
    names = sorted(digests)
    slugs = []
    for number in range(size.profiles):
        slug = Slug(f"profile-{number:04}")
        wanted = int(len(code) * size.share)
        chosen = {*code_range(len(code), wanted // 10), *rng.sample(range(len(code)), wanted - wanted // 10)}
        content = Content()
        for place_in_code in chosen:
            file, defs = code[place_in_code]
            ran = rng.sample(defs, len(defs) // 2)
            content.lines[f"profile:{slug}", file] = to_bits(start + offset for start in ran for offset in _BODY)
            content.files.add(file)
        artifact = artifact_path(data, slug)
        content.write(artifact)
        facts = {
            "schema_version": SCHEMA_VERSION,
            "slug": slug,
            "status": "complete",
            "reasons": [],
            "created": "2026-01-01T00:00:00+00:00",
            "contexts": [f"profile:{slug}"],
            "jobs": [],
            "sha256": file_digest(artifact),
            "sources": {file: digests[file] for file in sorted(content.files)},
            "imported": names[: len(names) * 9 // 10],
            "changed_sources": {},
        }
        write_sidecar(artifact, facts)
        slugs.append(slug)
    return slugs


def code_range(total: int, wanted: int) -> range:
    """Return so many places, evenly spread."""
    return range(0, total, max(1, total // max(1, wanted)))
