"""Job queues: how a slug travels with a job and is measured in the worker.

``carry``, ``resume`` and ``warm_up`` are for any queue that has a place for headers; for RQ see :mod:`profcov.queues.rq`.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

from profcov.recording.appearance import appear
from profcov.recording.propagation import open_recorder
from profcov.tracing import current_slug, trace
from profcov.wire.carrier import JOB_META_KEY, from_job_meta

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from contextlib import AbstractContextManager

    M = TypeVar("M", bound=MutableMapping[str, Any])

__all__ = ["carry", "resume", "warm_up"]


def carry(mapping: M) -> M:
    """Put the current slug into a message's headers, under ``profile_trace_slug``, and return them.

    Outside a unit of work they stay as they are; so does a slug that is there already.
    """
    slug = current_slug()
    if slug is not None:
        mapping.setdefault(JOB_META_KEY, str(slug))
    return mapping


def resume(mapping: Mapping[str, Any] | None) -> AbstractContextManager[Any]:
    """Return a context manager: its block is a unit of work under the slug in a message's headers, if they have one.

    As with :class:`profcov.trace`, what the block calls is measured. The slug of the message is checked, and nothing is
    raised.
    """
    slug = from_job_meta(mapping or {})
    return contextlib.nullcontext() if slug is None else trace(slug)


def warm_up() -> None:
    """Start the engine before the first message arrives, best before the worker forks; do nothing if profcov is off.

    Otherwise the first traced message waits for it, a tenth of a second that counts against its time limit.
    """
    recorder = open_recorder()
    appear(recorder.settings)
    recorder.warm_up()
