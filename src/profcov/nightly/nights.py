"""The directory of nights: one directory each, named by its start; the oldest are removed, and the size is limited."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from profcov.errors import CoverageWriteError, as_write_error
from profcov.store.flock import try_exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUMMARY: Final = "summary.md"
"""Written last: a night without it was interrupted."""
MATRIX: Final = "matrix"
HTML: Final = "html"
REPORTS: Final = "reports"
_LOCK: Final = ".nightly.lock"
_FORMAT: Final = "%Y-%m-%dT%H%M%SZ"
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")


@dataclass(frozen=True, slots=True)
class Dropped:
    """What was left out of a night for its size: its path in the night's directory, and how many bytes it had."""

    name: str
    size: int


@contextlib.contextmanager
def begin(out: Path, now: float) -> Iterator[Path]:
    """Make the directory of a night, and exclude other nights while the block runs.

    Nights that were interrupted are removed. This one, if it is interrupted, stays until the next.

    Raises:
        CoverageWriteError: another night is being made in ``out``, or it cannot be written.
    """
    with as_write_error(out):
        out.mkdir(parents=True, exist_ok=True)
        with open(out / _LOCK, "ab") as lock:  # noqa: PTH123 (for its descriptor)
            if not try_exclusive(lock.fileno()):
                raise CoverageWriteError(out, "another `profcov nightly` is at work there")
            for night in _list_all(out):
                if not (night / SUMMARY).is_file():
                    shutil.rmtree(night)
            night = _find_name(out, now)
            night.mkdir()
            yield night


def _find_name(out: Path, now: float) -> Path:
    """Return the name of the night that begins now: its second, or a later one if another night has that name."""
    moment = datetime.fromtimestamp(now, UTC)
    while (out / moment.strftime(_FORMAT)).exists():
        moment += timedelta(seconds=1)
    return out / moment.strftime(_FORMAT)


def find_before(night: Path) -> Path | None:
    """Return the night before this one that has a matrix, or None."""
    earlier = (each for each in _list_all(night.parent)[::-1] if each.name < night.name)
    return next((each for each in earlier if (each / SUMMARY).is_file() and (each / MATRIX).is_dir()), None)


def drop_old(night: Path, keep: int) -> list[str]:
    """Keep this night and the newest others, ``keep`` in all; remove the rest, and return their names.

    Raises:
        CoverageWriteError: one cannot be removed.
    """
    others = [each for each in _list_all(night.parent) if each != night]  # the clock may have been put back
    old = others[: max(0, len(others) - keep + 1)]
    for each in old:
        with as_write_error(each):
            shutil.rmtree(each)
    return [each.name for each in old]


def shrink(night: Path, limit: int) -> tuple[int, list[Dropped]]:
    """Drop optional files of a night, the largest first, until it fits into a number of bytes; return its size, and what was dropped.

    Artifacts, inventory, matrix, gaps and the dashboard stay. HTML pages of profiles, their reports, and the matrix as CSV are dropped.

    Raises:
        CoverageWriteError: something cannot be removed.
    """
    size = _measure(night)
    optional = [*(night / HTML).glob("*"), *(night / REPORTS).glob("*"), *(night / MATRIX).glob("coverage-matrix.*")]
    dropped = []
    for bytes_, path in sorted(((_measure(path), path) for path in optional), reverse=True):
        if size <= limit:
            break
        with as_write_error(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        size -= bytes_
        dropped.append(Dropped(str(path.relative_to(night)), bytes_))
    return size, dropped


def _list_all(out: Path) -> list[Path]:
    return sorted(each for each in out.iterdir() if _NAME.fullmatch(each.name) and each.is_dir())


def _measure(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(os.stat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)  # noqa: PTH116, PTH118
