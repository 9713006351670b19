"""The description of a unit of work, for its context label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from profcov.wire.labels import is_job, read_ident, read_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.store.jobs import JobRun


class Work:
    """What a unit of work is, for its context label: ``GET /runs/<id>`` or ``job:pkg.mod.func``, and its id.

    ``name`` returns None while it is not known yet, and an empty text if there is none. ``address`` is what a request
    asks for, route or no route. ``job`` is there where it is one. With ``is_labelled`` its lines have a label of their own
    even if those of others have not.
    """

    __slots__ = ("address", "ident", "is_labelled", "job", "name")

    def __init__(
        self,
        name: Callable[[], str | None] = str,
        ident: Callable[[], str] = str,
        address: Callable[[], str] = str,
        *,
        job: JobRun | None = None,
        is_labelled: bool = False,
    ) -> None:
        self.name = name
        self.ident = ident
        self.address = address
        self.job = job
        self.is_labelled = is_labelled


UNNAMED: Final = Work()


def work_labelled(label: str | None) -> Work:
    """Return what work in a child process is, by the label that its parent's has when it starts."""
    if label is None:
        return UNNAMED
    name, ident = read_name(label), read_ident(label)
    return Work(lambda: name, lambda: ident, is_labelled=is_job(name))
