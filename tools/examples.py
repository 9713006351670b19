"""The committed examples, ``artifacts/example/``: what profcov makes of its demo application.

``make examples`` plays the demo and renews what says something else by now; CI has ``--check`` say so, and exits with 1. Times,
durations, hashes and versions do not count: they are others each time.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Final

from profcov.demo.run import demo_files
from profcov.reading.analysis.notes import Played
from profcov.reading.pipeline import make_overview
from profcov.reading.report.dashboard.edition import Edition
from profcov.reading.report.dashboard.page import NAME, read_data, write_page
from profcov.reading.report.inventory_json import write_inventory
from profcov.reading.report.matrix_files import NAMES, write_matrix
from profcov.reading.symbols.inventory import build_inventory
from profcov.slug import Slug
from profcov.store.layout import list_slugs
from profcov.store.read import read_artifact

ROOT: Final = Path(__file__).resolve().parents[1]
INVENTORY: Final = "coverage-symbols.json"
FILES: Final = (INVENTORY, *NAMES, NAME)
UNLIKE: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+:\d]*"), "TIME"),
    (re.compile(r"\b[0-9a-f]{16,}\b"), "HASH"),
    (re.compile(r"\b(profcov|coverage\.py|Python) \d[\w.+]*"), r"\1 VERSION"),
)
SHOWN: Final = 8
"""So many lines of a difference are printed."""


def main() -> int:
    """Renew the examples, or say which are out of date and return 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, default=Path("artifacts/demo"), help="what `profcov demo` has left")
    parser.add_argument("--out", type=Path, default=Path("artifacts/example"))
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    os.chdir(ROOT)  # the names of files in the artifacts count from here
    with tempfile.TemporaryDirectory() as fresh:
        make_examples(options.demo, Path(fresh))
        stale = {name: difference for name in FILES if (difference := compare(options.out / name, Path(fresh, name)))}
        for name, difference in stale.items():
            if options.check:
                print(f"{options.out / name} is out of date; `make examples` renews it:", *difference, sep="\n  ")
            else:
                options.out.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(fresh, name), options.out / name)
                print(f"{options.out / name}: renewed")
    return int(options.check and bool(stale))


def make_examples(demo: Path, out: Path) -> None:
    """Write the inventory, the matrix and the dashboard of what the demo has recorded."""
    page = read_data((demo / NAME).read_text(encoding="utf-8"))
    with demo_files() as (config, _):
        inventory = build_inventory(config)
    overview = make_overview(inventory, (read_artifact(demo, slug) for slug in list_slugs(demo)))
    write_inventory(inventory, out / INVENTORY)
    write_matrix(overview, out)
    edition = Edition(
        overview=overview,
        directory=out,
        played={Slug(each["slug"]): Played(each["seconds"], each["requests"]) for each in page["profiles"]},
        title=page["title"],
    )
    write_page(edition)


def compare(old: Path, new: Path) -> list[str]:
    """Return the first lines in which two files differ; none if they say the same."""
    if not old.is_file():
        return ["it is not there"]
    before, after = (normalise(path.name, path.read_text(encoding="utf-8")).splitlines() for path in (old, new))
    lines = difflib.unified_diff(before, after, "committed", "now", n=0, lineterm="")
    return [line[:160] for line in islice(lines, SHOWN)]


def normalise(name: str, text: str) -> str:
    """Return what an example says, without what is another each time; the data of a page are laid out."""
    if name == NAME:
        document = read_data(text)
        for profile in document["profiles"]:
            profile["seconds"] = profile["requests"] = None  # requests that wait for a job are as many as it takes
        start, rest = text.split('id="data">')
        text = start + json.dumps(document, indent=0) + rest[rest.index("<") :]
    for pattern, word in UNLIKE:
        text = pattern.sub(word, text)
    return text


if __name__ == "__main__":
    sys.exit(main())
