"""The file ``behaviours.json``: for each seed its mutation, and which profiles behaved differently when it was replayed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mutation import NO_APPLICATION

if TYPE_CHECKING:
    from mutation import Demo, Mutation

FILE: Final = Path(__file__).with_name("behaviours.json")
RENEW: Final = "python tests/decisions/oracle.py play"


@dataclass
class Behaviours:
    """What was replayed: ``demo`` is the digest of the tree, ``differing`` has indexes into ``slugs`` by seed, after the mutation's digest."""

    demo: str
    slugs: list[str]
    seeds: dict[int, tuple[str, list[str]]] = field(default_factory=dict)

    def differing(self, mutation: Mutation) -> list[str] | None:
        """Return the profiles that a mutation makes behave differently, or None if this very mutation was not replayed."""
        digest, slugs = self.seeds.get(mutation.seed, ("", []))
        return slugs if digest == digest_of(mutation) else None

    def add(self, mutation: Mutation, slugs: list[str]) -> None:
        self.seeds[mutation.seed] = digest_of(mutation), slugs

    def write(self, path: Path = FILE) -> None:
        """Write the file: a line for each seed."""
        index = {slug: number for number, slug in enumerate(self.slugs)}
        seeds = {
            str(seed): [digest, [index[slug] for slug in slugs]] for seed, (digest, slugs) in sorted(self.seeds.items())
        }
        lines = ",\n".join(f"  {json.dumps(seed)}: {json.dumps(value)}" for seed, value in seeds.items())
        head = f'{{\n "demo": {json.dumps(self.demo)},\n "slugs": {json.dumps(self.slugs)},\n "seeds": {{\n'
        path.write_text(f"{head}{lines}\n }}\n}}\n")


def read_behaviours(demo: Demo, path: Path = FILE) -> Behaviours | None:
    """Return what was replayed of this demo, or None if it has changed since."""
    if not path.exists():
        return None
    data = json.loads(path.read_text())
    if data["demo"] != digest_of_demo(demo):
        return None
    slugs = data["slugs"]
    seeds = {
        int(seed): (digest, [slugs[number] for number in numbers]) for seed, (digest, numbers) in data["seeds"].items()
    }
    return Behaviours(data["demo"], slugs, seeds)


def digest_of(mutation: Mutation) -> str:
    hashed = hashlib.sha256()
    for path, content in sorted(mutation.change.items()):
        hashed.update(f"{path} {content is None} {len(content or b'')} ".encode() + (content or b""))
    return hashed.hexdigest()[:12]


def digest_of_demo(demo: Demo) -> str:
    """Return the digest of the application: what only starts and shows it may change."""
    hashed = hashlib.sha256()
    for path, content in sorted((path, content) for path, content in demo.files.items() if path not in NO_APPLICATION):
        hashed.update(f"{path} {len(content)} ".encode() + content)
    return hashed.hexdigest()
