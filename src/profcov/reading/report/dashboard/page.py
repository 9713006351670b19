"""The page itself: one HTML file with style, data and script, and its content without scripts."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from profcov.reading.report.dashboard.document import make_document
from profcov.reading.report.dashboard.top_lists import key_figures, make_lists
from profcov.reading.report.files import write_whole
from profcov.reading.report.text import plural

if TYPE_CHECKING:
    from jinja2 import Template

    from profcov.reading.report.dashboard.edition import Edition

NAME: Final = "index.html"
SCRIPT: Final = "report.min.js"
STYLE: Final = "report.css"


def write_page(edition: Edition, name: str = NAME) -> None:
    """Write the dashboard into the directory of the edition, whole or not at all.

    Raises:
        CoverageWriteError: it cannot be written.
    """
    write_whole(edition.directory / name, [make_page(edition)])


def make_page(edition: Edition) -> str:
    """Return the page. The same edition gives the same bytes."""
    document = make_document(edition)
    script, style = read_static(SCRIPT), read_static(STYLE)
    return _template().render(
        document=document,
        figures=key_figures(edition, document),
        lists=make_lists(edition, document),
        data=pack(document),
        script=Markup(script),  # noqa: S704 (ours, and checked)
        style=Markup(style),  # noqa: S704
        script_hash=_digest(script),
    )


def pack(document: dict[str, Any]) -> str:
    """Return JSON as base64 of gzip."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode("ascii")


def unpack_document(packed: str) -> dict[str, Any]:
    """Return the JSON that :func:`pack` was given."""
    document: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return document


def read_data(page: str) -> dict[str, Any]:
    """Return the document that a page was made from."""
    return unpack_document(page.partition('id="data">')[2].partition("<")[0])


@cache
def read_static(name: str) -> str:
    """Return a file of ``report/static/``: it can be embedded in its element unchanged, which a test checks."""
    return files("profcov.reading.report").joinpath("static", name).read_bytes().decode("utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


@cache
def _template() -> Template:
    loader = PackageLoader("profcov.reading.report.dashboard", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["thousands"] = "{:,}".format
    environment.filters["plural"] = plural
    return environment.get_template("page.html")
