"""Make a module of many functions: ``python many.py FILE NUMBER``. Each request runs one of its own, so that a lost one shows."""

from __future__ import annotations

import sys
from pathlib import Path


def make(path: Path, number: int) -> None:
    functions = [f"def f{n}(slug):\n    if slug:\n        return {n}\n    return -{n}\n" for n in range(number)]
    path.write_text("\n\n".join(functions), encoding="utf-8")


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
