"""The form of the facts in shards and sidecars: a reader cannot know which program wrote the file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

Check = Callable[[Any], bool]
_LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999: no date is later."""


def is_text(value: Any) -> bool:
    """Return whether a value is a text."""
    return isinstance(value, str)


def is_number(value: Any) -> bool:
    """Return whether a value is a number that a float can be: JSON's integers have no limit, and Python's JSON has infinity."""
    return isinstance(value, int | float) and abs(value) <= sys.float_info.max


def is_job_note(value: Any) -> bool:
    """Return whether a value is a process's note of a job: :mod:`profcov.store.jobs`."""
    return _NOTE(value) and (_RUN if "started" in value else _PARENT)(value)


def find_wrong(facts: Mapping[str, Any], checks: Mapping[str, Check]) -> list[str]:
    """Return the names of invalid facts; missing ones are allowed."""
    return [name for name, check in checks.items() if name in facts and not check(facts[name])]


def _is_count(value: Any) -> bool:
    return isinstance(value, int)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_instant(value: Any) -> bool:
    return is_number(value) and 0 <= value <= _LAST_SECOND


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _each(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _by_name(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _record(**checks: Check) -> Check:
    """Return the check of a dictionary that has at least these."""
    return lambda value: (
        isinstance(value, dict) and all(name in value for name in checks) and not find_wrong(value, checks)
    )


def _record_of_some(**checks: Check) -> Check:
    """Return the check of a dictionary that may have these."""
    return lambda value: isinstance(value, dict) and not find_wrong(value, checks)


_TEXTS: Final = _each(is_text)
_LINES_BY_FILE: Final = _by_name(_each(_is_count))
_TEXT_OR_NONE: Final = _or_none(is_text)
_PARENT: Final = _record_of_some(parent=_TEXT_OR_NONE)
_NOTE: Final = _record(id=is_text, function=is_text, queue=is_text)
_RUN: Final = _record(host=is_text, status=is_text, pid=is_number, started=is_number, seconds=is_number)
_SETTINGS: Final = _record_of_some(
    config_file=_TEXT_OR_NONE,
    root=is_text,
    **dict.fromkeys(("source", "source_pkgs", "source_dirs", "include", "omit", "plugins"), _or_none(_TEXTS)),
    **dict.fromkeys(("report_include", "report_omit", "exclude_lines"), _or_none(_TEXTS)),
    branch=_is_switch,
    relative_files=_is_switch,
    plugin_options=_by_name(_by_name(lambda _: True)),
    paths=_by_name(_TEXTS),
)
SHARD: Final[Mapping[str, Check]] = {
    "written": _is_instant,
    "sources": _by_name(_TEXT_OR_NONE),
    "imported": _TEXTS,
    "ran_outside": _LINES_BY_FILE,
    "lost": _is_count,
    "jobs": _each(is_job_note),
    "settings": _SETTINGS,
}
"""The facts of a shard."""

SIDECAR: Final[Mapping[str, Check]] = {
    "slug": is_text,
    "status": is_text,
    "reasons": _TEXTS,
    "created": is_text,
    "generation": _is_count,
    "shards": _is_count,
    "kept_shards": _TEXTS,
    "hosts": _TEXTS,
    "pids": _each(_is_count),
    "died": _each(_record(host=is_text, pid=_is_count, since=is_text, job=_TEXT_OR_NONE)),
    "jobs": _each(
        _record(
            id=is_text,
            status=is_text,
            queue=_TEXT_OR_NONE,
            attempts=_is_count,
            seconds=_or_none(is_number),
        )
    ),
    "job_ids": _TEXTS,
    "settings": _SETTINGS,
    "other_settings": _each(_SETTINGS),
    "sources": _by_name(_TEXT_OR_NONE),
    "imported": _TEXTS,
    "ran_outside": _LINES_BY_FILE,
    "changed_sources": _by_name(_TEXTS),
    "impossible_lines": _LINES_BY_FILE,
}
"""The facts of a sidecar that are read."""
