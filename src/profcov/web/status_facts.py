"""What the status page shows: facts about this process and its data directory, bounded and without secrets."""

from __future__ import annotations

import json
import os
import platform
import stat
from dataclasses import asdict, fields
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import explain
from profcov.settings import read_once
from profcov.status import engine_status
from profcov.store.layout import artifact_path, host_name, read_contents, shards_dir, sidecar_path
from profcov.store.pause import is_paused
from profcov.version import __version__

if TYPE_CHECKING:
    from profcov.settings import Settings
    from profcov.slug import Slug

SHOWN: Final = 100
"""How many slugs are shown in each list; ``count`` has the number of all."""

_MAX_SIZED: Final = 2000
_MAX_SIDECAR_BYTES: Final = 8 * 2**20


def gather(settings: Settings | None) -> dict[str, Any]:
    """Return the facts, ready for JSON; never raise: problems are under ``faults``."""
    faults: list[str] = []
    facts: dict[str, Any] = {"process": _process(), "engine": None, "settings": None, "data": None, "faults": faults}
    try:
        facts["engine"] = _engine()
        settings = settings or read_once()
        facts["settings"] = _public(settings)
        facts["data"] = _data(settings.data_dir)
    except FileNotFoundError:
        faults.append(f"The data directory {settings and settings.data_dir} is not there: nothing was recorded yet.")
    except OSError as error:
        faults.append(f"The data directory {settings and settings.data_dir} cannot be read: {explain(error)}.")
    except Exception as error:  # noqa: BLE001 (a page that says what is wrong, never an error of the application's)
        faults.append(f"The status is not complete: {error}")
    return facts


def _process() -> dict[str, Any]:
    try:
        coverage = version("coverage")  # importing it would cost 50 ms where profcov is off
    except Exception:  # noqa: BLE001 (not installed as a distribution)
        coverage = "unknown"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {"pid": os.getpid(), "host": host_name(), "python": python, "profcov": __version__, "coverage": coverage}


def _engine() -> dict[str, Any]:
    status = engine_status()
    live = [{"slug": slug, "units": units} for slug, units in status.live.items()]
    return {
        "running": status.running,
        "name": status.name,
        "capabilities": None if status.capabilities is None else asdict(status.capabilities),
        "counts": {name: getattr(status, name) for name in ("arms", "disarms", "blocked", "lines")},
        "known": len(status.known),
        "live": _bounded(live),
    }


def _public(settings: Settings) -> dict[str, Any]:
    """Return the settings; of the secret, only whether there is one."""
    shown: dict[str, Any] = {}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if each.name == "secret":
            value = "set (hidden)" if value else None
        elif each.name == "umask":
            value = f"{value:03o}"
        elif isinstance(value, Path):
            value = str(value)
        shown[each.name] = list(value) if isinstance(value, tuple) else value
    return shown


def _data(data_dir: Path) -> dict[str, Any]:
    """Return what waits in the data directory, in one pass over its names.

    Raises:
        OSError: it cannot be read.
    """
    contents = read_contents(data_dir)
    sized = 0
    pending = []
    for slug, names in islice(contents.shards.items(), SHOWN):
        looked_at = names[: max(0, _MAX_SIZED - sized)]
        sized += len(looked_at)
        size = sum(_size(shards_dir(data_dir) / name) for name in looked_at)
        pending.append({"slug": slug, "shards": len(names), "bytes": size, "all_sized": len(looked_at) == len(names)})
    return {
        "paused": is_paused(data_dir),
        "pending": {"count": len(contents.shards), "shown": pending},
        "artifacts": {
            "count": len(contents.artifacts),
            "shown": [_artifact(artifact_path(data_dir, slug), slug) for slug in contents.artifacts[:SHOWN]],
        },
    }


def _artifact(path: Path, slug: Slug) -> dict[str, Any]:
    integrity, reasons, created = "unknown", ["its sidecar cannot be read"], None
    try:
        facts = json.loads(_read_regular(sidecar_path(path)))
        if facts["status"] in {"complete", "partial"}:
            listed = [str(reason) for reason in facts["reasons"][:5]]
            integrity, reasons, created = facts["status"], listed, str(facts["created"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return {"slug": slug, "integrity": integrity, "reasons": reasons, "created": created, "bytes": _size(path)}


def _read_regular(path: Path) -> bytes:
    """Return a file's bytes: no link is followed, and no pipe waited for.

    Raises:
        OSError: it is not a file, too large, or cannot be read.
    """
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > _MAX_SIDECAR_BYTES:
            raise OSError(path)
        return file.read(_MAX_SIDECAR_BYTES)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # combined meanwhile
        return 0


def _bounded(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(rows), "shown": rows[:SHOWN]}
