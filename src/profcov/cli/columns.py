"""The titles of columns, which are the keys in JSON: each means the same in every command and format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from profcov.reading.report.text import status_text, tenths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Row = Mapping[str, Any]

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def show_bytes(size: float) -> str:
    """Return a size for people, in powers of 1,000: ``1.2 MB``."""
    number = 0
    while size >= 1000 and number < len(_UNITS) - 1:  # noqa: PLR2004
        size /= 1000
        number += 1
    return f"{size:.0f} B" if number == 0 else f"{size:.1f} {_UNITS[number]}"


def _show_plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its meaning, and how a value is shown to people; in JSON it is unchanged."""

    title: str
    meaning: str
    show: Callable[[Any], str] = _show_plain

    @property
    def key(self) -> str:
        """The key in JSON."""
        return self.title.replace(" ", "_")

    def cell(self, row: Row) -> str:
        """Return the text of a row's value; the status of a partial artifact includes its reasons."""
        shown = self.show(row[self.key])
        return status_text(shown, row.get("reasons") or ()) if self.title == "status" else shown


def _decimals(digits: int) -> Callable[[float], str]:
    return lambda value: f"{value:.{digits}f}"


_ALL: Final = (
    Column("adds", "lines, symbols or lines by job that it adds to those of the profiles before it"),
    Column("advice", "what to do"),
    Column("all lines", "the statements of the files that ran"),
    Column("artifact", "where the artifact is"),
    Column("body lines", "the lines that prove that a symbol ran: how many"),
    Column("change", "how the symbol or profile changed"),
    Column("check", "what was checked"),
    Column("detail", "more about a change"),
    Column("done", "what was done: `removed`, `would go`, `at work`, `nothing`, `restored`"),
    Column("file", "where it is"),
    Column("files", "files that ran"),
    Column("format", "what kind of file it is"),
    Column("holders", "the processes that have work in flight, or died with some; the process that plays it"),
    Column("job runs", "jobs that ran for the profile"),
    Column("jobs", "jobs that were started"),
    Column("kind", "module, class, function or method"),
    Column("left", "the bytes that stay", show_bytes),
    Column("level", "`ok`, `warning` or `problem`"),
    Column(
        "lines",
        "statements that ran, as coverage.py counts them; `?`, in JSON null, if the source is not available",
        lambda lines: "?" if lines is None else str(lines),
    ),
    Column("margin", "lines, symbols or lines by job that no other of the selected profiles runs"),
    Column("method", "of HTTP"),
    Column("name", "a symbol, or a file"),
    Column("only in jobs", "symbols that only jobs ran"),
    Column(
        "pending jobs",
        "jobs that have not ended; `?` if Redis was not asked",
        lambda jobs: "?" if jobs is None else str(jobs),
    ),
    Column("percent", "`lines` of `all lines`", tenths),
    Column("profile", "the profile's slug"),
    Column("ratio", "traced to untraced", _decimals(2)),
    Column("ratio quartiles", "the first and the third", lambda pair: " to ".join(f"{each:.2f}" for each in pair)),
    Column("reach", "percent of the lines in bodies", tenths),
    Column("requests", "requests that are sent"),
    Column(
        "seconds",
        "how long it took; `?`, in JSON null, if that is not known",
        lambda it: "?" if it is None else f"{it:.1f}",
    ),
    Column("run by", "the selected profiles that run it"),
    Column("shards", "files that are not combined yet"),
    Column("share", "percent of what all profiles run together, by this one and those before it", tenths),
    Column("size", "of all its files; in JSON in bytes", show_bytes),
    Column("status", "`complete`, or `partial` with the reasons; in JSON these are `reasons`"),
    Column("step", "which request of the profile"),
    Column("symbol", "the name of a symbol"),
    Column("symbols", "symbols that ran"),
    Column(
        "traced", "whether it is sent with the slug", lambda it: {True: "traced", False: "untraced"}.get(it, "unknown")
    ),
    Column("total seconds", "of this profile and those before it", _decimals(1)),
    Column("traced seconds", "the median of the traced runs", _decimals(3)),
    Column("unique lines", "lines that no other profile runs"),
    Column("unique symbols", "symbols that no other profile runs"),
    Column("untraced seconds", "the median of the untraced runs", _decimals(3)),
    Column("url", "where a request is sent"),
    Column("verdict", "what was found about the profile"),
    Column("was", "its former name"),
    Column("what", "what was found"),
    Column("where", "file and lines"),
    Column("why", "the reason for the verdict"),
)
COLUMNS: Final = {column.title: column for column in _ALL}
"""Each column that a command prints, by its title."""
