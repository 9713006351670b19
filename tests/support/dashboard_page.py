"""A dashboard with data made by hand, of any size: ``dashboard_page.py FILE SYMBOLS PROFILES``.

What the command makes is tested with the command; this is for tests of the script, and to look at while one writes it.
"""

from __future__ import annotations

import base64
import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from markupsafe import Markup

from profcov.reading.report.dashboard import page

KINDS = ["module", "class", "function", "method"]
WORDS = [
    "cart",
    "order",
    "invoice",
    "stock",
    "plan",
    "quota",
    "export",
    "report",
    "user",
    "token",
    "price",
    "search",
    "audit",
    "render",
    "mail",
    "geo",
    "queue",
    "tag",
]
TASKS = [
    "checkout",
    "invite",
    "password-reset",
    "report-pdf",
    "upgrade",
    "search",
    "admin-audit",
    "signup",
    "refund",
    "sync",
    "cancel",
    "webhook-retry",
]


def write_page(path: Path, data: dict[str, Any]) -> Path:
    """Write a page with its data, in the shell and under the policy that the command gives it."""
    script = page.read_static(page.SCRIPT)
    text = page._template().render(
        document=data,
        figures=[("profiles", len(data["profiles"]))],
        lists=[],
        data=page.pack(data),
        script=Markup(script),
        style=Markup(page.read_static(page.STYLE)),
        script_hash=page._digest(script),
    )
    path.write_text(text, "utf-8")
    return path


def make_profile(slug: str, **known: Any) -> dict[str, Any]:
    """Return what the data say of a profile; what is not told is plain."""
    plain = {
        "slug": slug, "status": "complete", "reasons": [], "lines": 0, "files": 0, "reached": 0, "seconds": 1.5, "requests": 4,
        "jobs": 0, "failed_jobs": 0, "web_lines": None, "job_lines": None, "unknown_files": 0, "created": "2026-11-21T20:17:00+00:00",
        "html": None, "json": None, "replay": f"profcov playback {slug}",
    }  # fmt: skip
    return plain | known


def make_data(
    profiles: list[dict[str, Any]], modules: list[dict[str, Any]], symbols: list[tuple[Any, ...]]
) -> dict[str, Any]:
    """Return the data of a page; a symbol is ``(name, module, kind, line, end, statements, missed, profiles)``.

    Its profiles have run all statements of a function or method that are not missed.
    """
    width = (len(profiles) + 7) // 8
    signatures = {bytes(width): 0}
    numbers: list[int] = []
    lines: Counter[int] = Counter()
    sole: list[tuple[int, int, int]] = []
    total = missed = 0
    for number, (_, _, kind, _, _, statements, without, covering) in enumerate(symbols):
        bits = sum(1 << place for place in covering).to_bytes(width, "little")
        numbers.append(signatures.setdefault(bits, len(signatures)))
        if kind in {"function", "method"}:
            total += statements
            missed += without
            ran = (statements - without) * bool(covering)
            lines[numbers[-1]] += ran
            if len(covering) == 1 and ran:
                sole.append((number, covering[0], ran))
    columns = list(zip(*(symbol[:7] for symbol in symbols), strict=True)) or [()] * 7
    names = ["name", "module", "kind", "line", "end", "statements", "missed"]
    table = dict(zip(names, map(list, columns), strict=True))
    table["kind"] = [KINDS.index(kind) for kind in table["kind"]]
    return {
        "version": 1, "title": "profcov", "generated": "2026-11-21T20:17:00+00:00",
        "profiles": profiles, "modules": modules, "symbols": table | {"signature": numbers}, "kinds": KINDS,
        "signatures": [base64.b64encode(bits).decode() for bits in signatures],
        "lines": [lines[number] for number in range(len(signatures))],
        "sole": {name: [each[place] for each in sole] for place, name in enumerate(("symbol", "profile", "lines"))},
        "totals": {"statements": total, "reached": total - missed},
        "changes": None, "about": [["commit", "0123abc"], ["coverage.py", "7.13"]], "truncated": [],
    }  # fmt: skip


def imagine(symbols: int, profiles: int, seed: int = 1) -> dict[str, Any]:
    """Return data as of a large application: modules that only some profiles come to, and some that all do."""
    chance = random.Random(seed)
    slugs = [f"{chance.choice(TASKS)}-{place:03}" for place in range(profiles)]
    modules: list[dict[str, Any]] = []
    rows: list[tuple[Any, ...]] = []
    reached = [0] * profiles
    while len(rows) < symbols:
        _add_module(chance, modules, rows, min(symbols - len(rows), chance.randint(8, 60)), reached)
    found = []
    for place, slug in enumerate(slugs):
        lines = reached[place] * 2 + 900
        more: dict[str, Any] = {
            "lines": lines,
            "files": 40 + place,
            "reached": reached[place],
            "seconds": chance.random() * 90,
            "jobs": chance.randint(0, 9),
        }
        more |= {
            "web_lines": lines * 3 // 4,
            "job_lines": lines // 3,
            "html": f"html/{slug}/index.html",
            "json": f"{slug}-coverage.json",
        }
        if place % 11 == 3:
            more |= {
                "status": "partial",
                "reasons": ["2 shards of web-1 (pid 4711) could not be read"],
                "failed_jobs": 1,
            }
        found.append(make_profile(slug, **more))
    return make_data(found, modules, rows)


def _add_module(chance: random.Random, modules: list[Any], rows: list[Any], room: int, reached: list[int]) -> None:
    profiles = len(reached)
    path = [chance.choice(WORDS) for _ in range(chance.choice((1, 2, 2, 3)))]
    likings = random.Random(path[0])  # each profile likes some packages
    name = ".".join(["app", *path, f"{chance.choice(WORDS)}_{len(modules)}"])
    here = len(modules)
    state = chance.choices(["reached", "never called", "never imported"], [90, 5, 5])[0]
    share = chance.choice([0.02, 0.05, 0.1, 0.3, 0.97]) if state == "reached" else 0
    visitors = [
        place
        for place in range(profiles)
        if chance.random() < share * (1 if share > 0.9 else likings.choice((0, 0.2, 0.5, 1, 2, 4)))
    ]
    sets = [[], visitors, *([place for place in visitors if chance.random() < 0.7] for _ in range(3)), visitors[:1]]
    first = len(rows)
    rows.append(("", here, "module", 1, 10 * room, 5, 5, visitors))
    owner, missed, line = "", 0, 4
    for place in range(1, room):
        if place % 12 == 3:
            owner = f"{chance.choice(WORDS).title()}{place}"
            members = min(8, room - place)
            rows.append((owner, here, "class", line, line + 10 * members - 9, 3, 3, visitors))
            left = members - 1
            line += 2
            continue
        inside = owner and left > 0
        covering = chance.choice(sets)
        statements = 1 + int(chance.expovariate(0.12))
        without = statements if not covering else chance.randint(0, statements // 2)
        word = f"{chance.choice(WORDS)}_{chance.choice(WORDS)}_{place}"
        rows.append(
            (
                f"{owner}.{word}" if inside else word,
                here,
                "method" if inside else "function",
                line,
                line + 8,
                statements,
                without,
                covering,
            )
        )
        left = left - 1 if inside else 0
        missed += without
        line += 10
        for each in covering:
            reached[each] += statements - without
    rows[first] = ("", here, "module", 1, line, 5, 5, visitors)
    modules.append({"name": name, "file": name.replace(".", "/") + ".py", "state": state, "missed": missed})


if __name__ == "__main__":
    write_page(Path(sys.argv[1]), imagine(int(sys.argv[2]), int(sys.argv[3])))
