"""The status page as HTML: one plain page without scripts, every value escaped."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_STYLE: Final = """
:root { color-scheme: light dark; --line: #d5d9e0; --soft: #5b6472; --bad: #a32020; --good: #17663a; }
@media (prefers-color-scheme: dark) { :root { --line: #3a404b; --soft: #a3acba; --bad: #ff9d9d; --good: #7fd6a2; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: anywhere; } .list td { overflow-wrap: break-word; } .list td:first-child { overflow-wrap: anywhere; }
th { font-weight: 600; } tbody th { font-weight: 400; color: var(--soft); width: 11rem; }
td { font-variant-numeric: tabular-nums; } p { color: var(--soft); } .bad { color: var(--bad); } .good { color: var(--good); }
@media (max-width: 30rem) {
  tbody th { width: 8rem; } th, td { padding-right: .5rem; }
  .list thead { display: none; } .list tr, .list td { display: block; overflow-wrap: anywhere; }
  .list tr { border-bottom: 1px solid var(--line); padding: .3rem 0; } .list td { border: 0; padding: 0; }
  .list td::before { content: attr(data-name) ": "; color: var(--soft); }
}
"""
_STYLE_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

STYLE_HASH: Final = f"sha256-{_STYLE_DIGEST}"
"""The hash of the page's style, as a Content-Security-Policy has it."""


def render(facts: Mapping[str, Any]) -> str:
    """Return the page."""
    parts = [f'<p class="bad" role="alert">{escape(fault)}</p>' for fault in facts["faults"]]
    parts += [_facts("This process", facts["process"])]
    if facts["engine"] is not None:
        parts += _engine(facts["engine"])
    if facts["data"] is not None:
        parts += _data(facts["data"])
    if facts["settings"] is not None:
        parts += [_facts("Settings", facts["settings"])]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>profcov status</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style></head>\n<body><h1>profcov status</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _engine(engine: Mapping[str, Any]) -> list[str]:
    rows = {"engine": engine["name"] or "not running", **(engine["capabilities"] or {}), **engine["counts"]}
    live = engine["live"]
    units = ((escape(each["slug"]), str(each["units"])) for each in live["shown"])
    return [
        _facts("Engine", {**rows, "known slugs": engine["known"]}),
        _table("Units of work in flight", ("Slug", "Units"), units, live),
    ]


def _data(data: Mapping[str, Any]) -> list[str]:
    pending, artifacts = data["pending"], data["artifacts"]
    waiting = (
        (escape(each["slug"]), str(each["shards"]), ("" if each["all_sized"] else "over ") + _size(each["bytes"]))
        for each in pending["shown"]
    )
    combined = (
        (
            escape(each["slug"]),
            _integrity(each),
            escape((each["created"] or "unknown").replace("T", " ").replace("+00:00", " UTC")),
            _size(each["bytes"]),
        )
        for each in artifacts["shown"]
    )
    return [
        _facts("Recording", {"paused": data["paused"]}),
        _table("Slugs with shards not combined yet", ("Slug", "Shards", "Size"), waiting, pending),
        _table("Artifacts", ("Slug", "Integrity", "Combined", "Size"), combined, artifacts),
    ]


def _integrity(artifact: Mapping[str, Any]) -> str:
    word = artifact["integrity"]
    text = escape("; ".join([word, *artifact["reasons"]]))
    return f'<span class="{"good" if word == "complete" else "bad"}">{text}</span>'


def _facts(title: str, facts: Mapping[str, Any]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name.replace("_", " "))}</th><td>{escape(_say(value))}</td></tr>'
        for name, value in facts.items()
    )
    return f"<h2>{escape(title)}</h2>\n<table><tbody>\n{rows}\n</tbody></table>"


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]], of: Mapping[str, Any]) -> str:
    """Return a table; the cells are HTML already."""
    heading = f"<h2>{escape(title)} ({of['count']})</h2>\n"
    if not of["count"]:
        return heading + "<p>None.</p>"
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    # The names are for narrow screens, where each cell is a line.
    named = (zip(heads, row, strict=True) for row in rows)
    cells = ("".join(f'<td data-name="{name}">{cell}</td>' for name, cell in row) for row in named)
    body = "\n".join(f"<tr>{row}</tr>" for row in cells)
    shown = len(of["shown"])
    more = f"\n<p>The first {shown} of {of['count']} are shown.</p>" if shown < of["count"] else ""
    table = f'<table class="list"><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>'
    return heading + table + more


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _size(number: int) -> str:
    return f"{number:,} bytes" if number < 10_000 else f"{number / 1000:,.0f} kB"  # noqa: PLR2004 (four digits)
