"""Who owns the files of a data directory: those of another user keep a server, or a command that combines, out."""

from __future__ import annotations

import os
import stat
from itertools import islice
from typing import TYPE_CHECKING, Final

from profcov.doctor.finding import Finding
from profcov.settings import UMASK
from profcov.store.denial import name_user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LOOKED: Final = 20_000
"""How many entries are checked: a directory may hold 100,000, and be on another machine."""


def check_owners(data_dir: Path) -> Iterator[Finding]:
    """Report each other user whose files the server's user cannot use: this process's user, or for root the directory's owner."""
    top = data_dir.lstat()
    own = os.geteuid() or top.st_uid
    groups = {os.getegid(), *os.getgroups()} if os.geteuid() else {top.st_gid}
    found: dict[int, list[str]] = {}
    entries = _walk(data_dir) if own else iter(())
    for path, facts in islice(entries, MAX_LOOKED):
        if facts.st_uid != own and not _is_usable(facts, groups):
            found.setdefault(facts.st_uid, []).append(path)
    if next(entries, None) is not None:
        yield Finding(
            "warning",
            "owners",
            f"only {MAX_LOOKED:,} entries of {data_dir} were looked at: it has more",
            f"see whether others are in it: find {data_dir} ! -uid {own}",
        )
    elif not found:
        yield Finding("ok", "owners", f"{name_user(own)} can use all that is in {data_dir}")
    for owner, paths in sorted(found.items()):
        which = f"{min(paths)} and {len(paths) - 1} more belong" if paths[1:] else f"{paths[0]} belongs"
        yield Finding(
            "problem",
            "owners",
            f"{which} to {name_user(owner)}, and cannot be used by {name_user(own)}: what needs it is refused",
            f"chown -R {name_user(own)} {data_dir}, and run every command there as {name_user(own)}; or set {UMASK}=007 for "
            "both, with a group in common, before the directory is made",
        )


def _walk(data_dir: Path) -> Iterator[tuple[str, os.stat_result]]:
    waiting = [str(data_dir)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:  # another's directory, which was found in the one above it
            continue
        for entry in entries:
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:  # removed meanwhile
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)
            yield entry.path, facts


def _is_usable(facts: os.stat_result, groups: set[int]) -> bool:
    """Return whether a user other than the owner, in these groups, may read and write a file, and enter a directory."""
    wanted = 7 if stat.S_ISDIR(facts.st_mode) else 6
    given = facts.st_mode >> 3 if facts.st_gid in groups else facts.st_mode
    return given & wanted == wanted
