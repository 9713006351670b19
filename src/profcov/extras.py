"""The requirements of an extra, as a command that installs them wherever profcov comes from: it has no release on PyPI."""

from __future__ import annotations

import re
import shlex
from importlib.metadata import PackageNotFoundError, requires

_OWN = re.compile(r"profcov\[([^]]+)\]")


def install_command(extra: str) -> str:
    """Return the command that installs what an extra needs into this environment."""
    needed = sorted(_list_needed(extra)) or [f"profcov[{extra}]"]
    return f"pip install {shlex.join(needed)}"


def _list_needed(extra: str) -> set[str]:
    try:
        lines = requires("profcov") or []
    except PackageNotFoundError:  # a source tree on PYTHONPATH
        return set()
    needed: set[str] = set()
    for line in lines:
        requirement, _, marker = (part.strip() for part in line.partition(";"))
        if re.search(rf"extra\s*==\s*['\"]{re.escape(extra)}['\"]", marker):
            own = _OWN.match(requirement)
            needed |= {each for name in own[1].split(",") for each in _list_needed(name)} if own else {requirement}
    return needed
