"""Checks of the environment variables: each of profcov's, its value and whether that is valid."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final

from profcov import settings
from profcov.doctor.finding import Finding
from profcov.errors import InvalidSlugError, SettingsError
from profcov.settings import CONFIG, ENABLE, PROCESS_SLUG, Settings
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OURS: Final = ("ENABLE_PROFILE_", "PROFILE_COVERAGE_", "PROFILE_TRACE_")
_SECRET: Final = re.compile("SECRET|PASSWORD|TOKEN|KEY")
NAMES: Final = tuple(value for value in vars(settings).values() if isinstance(value, str) and value.startswith(_OURS))
"""Every variable that profcov reads."""


def examine_environment(environ: Mapping[str, str], *, is_run: bool = False) -> Iterator[Finding]:
    """Check each of profcov's variables, and those with a similar name that are not.

    ``is_run``: servers are started by ``profcov run``, which sets what it needs.
    """
    defaults = Settings().environment()
    for name in NAMES:
        if environ.get(name):
            yield _check_value(name, environ[name])
        else:
            default = defaults.get(name)
            what = f"{name} is not set" + (f": {default}" if default and name != ENABLE else "")
            yield _tell_unset(what, is_run=is_run) if name == ENABLE else Finding("ok", "environment", what)
    for name in sorted(environ):
        if name.startswith(_OURS) and name not in NAMES:
            close = difflib.get_close_matches(name, NAMES, n=1)
            advice = f"did you mean {close[0]}?" if close else "unset it"
            yield Finding("warning", "environment", f"{name} is not a variable of profcov's", advice)


def show(name: str, value: str) -> str:
    """Return a variable and its value as text, without the value of a secret."""
    return f"{name}={'(not shown)' if _SECRET.search(name) else value}"


def _check_value(name: str, value: str) -> Finding:
    shown = show(name, value)
    try:
        read = Settings.from_environ({name: value})
        if name == PROCESS_SLUG:
            parse_slug(value)
    except SettingsError as error:
        off = "profcov stays off" if name != CONFIG else "profcov stays off, and no command that reads it runs"
        return Finding("problem", "environment", f"{shown}: {off}", f"set it to {error.expected}")
    except InvalidSlugError as error:
        return Finding("problem", "environment", f"{name}: {error}", "correct it, or unset it")
    if name == PROCESS_SLUG:
        what = f"{shown}: every Python program started here belongs to that profile as a whole"
        return Finding("warning", "environment", what, "unset it where servers and workers start")
    if name == ENABLE and not read.enabled:
        return _tell_off(shown)
    return Finding("ok", "environment", shown)


def _tell_unset(what: str, *, is_run: bool) -> Finding:
    if is_run:
        return Finding("ok", "environment", f"{what}: profcov run sets it for what it starts")
    what = f"{what}: what starts here records only below profcov run"
    return Finding("warning", "environment", what, f"start servers with profcov run, or set {ENABLE}=1 for them")


def _tell_off(what: str) -> Finding:
    return Finding(
        "warning", "environment", f"{what}: profcov is off", f"set {ENABLE}=1 where servers and workers start"
    )
