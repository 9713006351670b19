"""Context labels, the names under which a profile's lines are filed: no other module knows their form.

``profile:<slug>``; ``profile:<slug>|GET /runs/<id>`` for a route and ``profile:<slug>|job:pkg.mod.func`` for a job; and
``profile:<slug>:<id>`` with or without these, if each request has its own label.
"""

from __future__ import annotations

from typing import Final

from profcov.wire.one_line import one_line

_JOB: Final = "job:"
_OTHER: Final = "other"


def write_label(prefix: str, slug: str, ident: str = "", name: str = "") -> str:
    """Return the label of a unit of work, by its id and its name, if it has them."""
    profile = f"{prefix}:{slug}:{one_line(ident)}" if ident else f"{prefix}:{slug}"
    return f"{profile}|{one_line(name)}" if name else profile


def write_other(prefix: str, slug: str, label: str) -> str:
    """Return the shared label of units that come after the limit of labels, for one with this name."""
    return write_label(prefix, slug, name=name_job(_OTHER) if is_job(read_name(label)) else _OTHER)


def name_job(which: str) -> str:
    """Return the name of a job in a label, from its function; or from its id, for a job that has created another."""
    return f"{_JOB}{which}"


def is_job(name: str) -> bool:
    """Return whether a name is a job's."""
    return name.startswith(_JOB)


def read_name(label: str) -> str:
    """Return the name in a label; an empty text if it has none."""
    return label.partition("|")[2]


def read_ident(label: str) -> str:
    """Return the id in a label; the slug if it has none."""
    return label.partition("|")[0].rpartition(":")[2]


def read_function(label: str) -> str | None:
    """Return the function of the job in a label, such as ``profile:checkout|job:shop.jobs.charge``; None if it is no job's."""
    name = read_name(label)
    return name.removeprefix(_JOB) if is_job(name) else None
