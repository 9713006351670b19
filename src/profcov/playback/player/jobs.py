"""The ids of background jobs that an answer names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

_KEY: Final = re.compile(r"(.*_)?job_?ids?", re.IGNORECASE)
_WORTH_READING: Final = re.compile(rb"job_?id", re.IGNORECASE)


def find_job_ids(answer: requests.Response) -> list[str]:
    """Return the texts under keys such as ``job_id``, ``jobIds`` or ``summary_job_id`` anywhere in a JSON answer."""
    if _WORTH_READING.search(answer.content) is None:
        return []
    try:
        return list(_find(answer.json(), within=False))
    except (ValueError, RecursionError):
        return []


def _find(value: Any, *, within: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _find(item, within=within or _KEY.fullmatch(key) is not None)
    elif isinstance(value, list):
        for item in value:
            yield from _find(item, within=within)
    elif within and isinstance(value, str) and value:
        yield value
