"""A small shop: what the tests of the page look at."""

from __future__ import annotations

from typing import Any

from dashboard_page import make_data, make_profile

HOSTILE = {
    "script": "</script><script>document.title='owned'</script>",
    "quotes": 'it\'s "quoted" & <b>bold</b>',
    "right to left": "\u202eevil\u2066\u05e9\u05dc\u05d5\u05dd",
}
SLUGS = ["checkout", "invite", "refund", "search"]
ALL = [0, 1, 2, 3]


def make_shop(**more: Any) -> dict[str, Any]:
    """Return the data: four profiles, five modules, twenty symbols."""
    profiles = [
        make_profile("checkout", lines=40, files=3, reached=20, html="html/checkout/index.html", json="checkout-coverage.json", web_lines=30, job_lines=15),
        make_profile("invite", lines=20, files=2, reached=8, jobs=3, failed_jobs=1, status="partial", reasons=["a shard of web-1 could not be read"]),
        make_profile("refund", lines=22, files=2, reached=14),
        make_profile("search", lines=9, files=1, reached=2, seconds=None, requests=None, jobs=None, unknown_files=2),
    ]  # fmt: skip
    states = {
        "shop.cart": "reached",
        "shop.users.invite": "reached",
        "shop.old": "never imported",
        "shop.idle": "never called",
        "shop": "empty",
    }
    missed = {"shop.old": 13, "shop.idle": 4}
    modules = [
        {"name": name, "file": f"{name.replace('.', '/')}.py", "state": state, "missed": missed.get(name, 0)}
        for name, state in states.items()
    ]
    symbols = [
        ("", 0, "module", 1, 60, 6, 0, ALL),
        ("Cart", 0, "class", 5, 40, 3, 0, ALL),
        ("Cart.add", 0, "method", 7, 15, 8, 0, [0, 2]),
        ("Cart.total", 0, "method", 17, 25, 6, 2, [0]),
        ("Cart.total.<locals>.tax", 0, "function", 20, 22, 2, 0, [0]),
        ("Cart.clear", 0, "method", 27, 30, 4, 4, []),
        ("load", 0, "function", 42, 50, 5, 0, ALL),
        ("", 1, "module", 1, 30, 4, 0, [1]),
        ("send", 1, "function", 3, 12, 9, 1, [1]),
        ("forget", 1, "function", 14, 20, 3, 3, []),
        ("", 2, "module", 1, 20, 3, 3, []),
        ("export", 2, "function", 4, 19, 10, 10, []),
        ("", 3, "module", 1, 9, 2, 0, []),
        ("wait", 3, "function", 3, 8, 4, 4, []),
        ("", 4, "module", 1, 1, 1, 0, []),
    ]
    return make_data(profiles, modules, symbols) | more


def make_hostile() -> dict[str, Any]:
    """Return data in which every name that can be hostile is."""
    profiles = [
        make_profile(name, status="partial", reasons=[name], replay=f"profcov playback '{name}'")
        for name in HOSTILE.values()
    ]
    modules = [
        {"name": f"app.{name}", "file": f"{name}.py", "state": "reached", "missed": 0} for name in HOSTILE.values()
    ]
    symbols = [
        (
            "" if place % 2 == 0 else name,
            place // 2,
            "module" if place % 2 == 0 else "function",
            1,
            9,
            3,
            1,
            [place // 2],
        )
        for place, name in enumerate(name for name in HOSTILE.values() for _ in range(2))
    ]
    about = [[name, name] for name in HOSTILE.values()]
    changes = {
        "since": HOSTILE["script"],
        "gained": [[f"app.{HOSTILE['script']}", [HOSTILE["quotes"]]]],
        "lost": [],
        "new_profiles": [HOSTILE["quotes"]],
        "gone_profiles": [HOSTILE["script"]],
        "counts": {"gained": 1, "lost": 0},
        "partial": [HOSTILE["script"]],
    }
    return make_data(profiles, modules, symbols) | {
        "title": HOSTILE["script"],
        "about": about,
        "truncated": list(HOSTILE.values()),
        "changes": changes,
    }
