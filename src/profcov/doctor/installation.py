"""Checks of what is installed: coverage.py, ``profcov.pth``, RQ and its Redis."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from profcov.doctor.finding import Finding
from profcov.errors import TargetError
from profcov.extras import install_command
from profcov.settings import ENABLE, PROCESS_SLUG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REDIS_SERVER: Final = "redis-server"
_OLDEST: Final = {"coverage": (7, 6), "rq": (1, 16), "redis": (4, 5)}
_ASK_CHILD: Final = "import sys; print('profcov.startup' in sys.modules)"
_CHILD_SECONDS: Final = 60


def check_coverage() -> Finding:
    """Report which coverage.py this is, and whether it has its C tracer; a problem if it cannot be used at all."""
    found = _check_package("coverage", "pip install --force-reinstall coverage")
    if found.level == "problem":
        return found
    try:
        importlib.import_module("coverage.tracer")
    except ImportError:
        what = f"{found.what}, without its C tracer: no ctrace engine, no branches"
        return Finding("warning", "coverage", what, "install a wheel of coverage for this Python, or a C compiler")
    return Finding("ok", "coverage", f"{found.what}, with its C tracer")


def check_rq() -> Iterator[Finding]:
    """Report whether RQ jobs can be traced here."""
    for name in ("rq", "redis"):
        if not is_importable(name):
            what = f"{name} is not installed: RQ jobs are not traced"
            yield Finding("ok", name, what, f"{install_command('rq')}, if the application has any")
        else:
            yield _check_package(name, f"pip install --upgrade {name}")


def _check_package(name: str, advice: str) -> Finding:
    try:
        importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 (whatever a broken installation raises)
        return Finding("problem", name, f"{name} cannot be imported: {type(error).__name__}: {error}", advice)
    version = find_version(name)
    oldest = _OLDEST[name]
    if version != "?" and _read_version(version) < oldest:
        needed = ".".join(map(str, oldest))
        return Finding("problem", name, f"{name} {version} is too old: profcov needs {needed}", advice)
    return Finding("ok", name, f"{name} {version}")


def is_importable(name: str) -> bool:
    """Return whether a top-level package is installed, without importing it."""
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def find_version(package: str) -> str:
    """Return the version of an installed package; a question mark if it has no metadata."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "?"


def _read_version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def check_children() -> Finding:
    """Start a Python program as a unit would, and report whether it reads its slug: ``profcov.pth`` must be in place."""
    # Switched off, so that the program records nothing; and coverage.py would leave a data file.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}
    environ |= {ENABLE: "0", PROCESS_SLUG: "doctor"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK_CHILD],
            env=environ,
            capture_output=True,
            text=True,
            timeout=_CHILD_SECONDS,
            check=False,
        )
        follows, reason = done.stdout.strip() == "True", "profcov.pth is not in its site-packages"
    except (OSError, subprocess.SubprocessError) as error:
        follows, reason = False, str(error)
    if follows:
        return Finding("ok", "children", "Python programs that a unit starts follow its slug: profcov.pth is in place")
    what = f"Python programs that a unit starts do not follow its slug: {reason}"
    return Finding(
        "warning", "children", what, f"install profcov with pip into {sys.prefix}: a copy on PYTHONPATH is not enough"
    )


def check_redis(url: str | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Report whether Redis answers at ``url``, else at the environment's ``REDIS_URL``; nothing if neither is given."""
    from profcov.playback.masking.urls import show  # noqa: PLC0415
    from profcov.playback.player import barrier  # noqa: PLC0415 (as playback does it; needs what is checked above)

    address = environ.get("REDIS_URL") if url is None else url
    if not address or (url is None and not barrier.can_ask()):
        return
    try:
        barrier.check_redis(address)
    except TargetError as error:
        advice = "start Redis, or correct --redis-url" if url else "start Redis, or correct REDIS_URL"
        yield Finding("problem", REDIS_SERVER, str(error), advice)
    else:
        yield Finding("ok", REDIS_SERVER, f"{show(address)} answers")
