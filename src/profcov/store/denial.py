"""Files that this process may not use, because they belong to another user."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

from profcov.settings import UMASK


@dataclass(frozen=True, slots=True)
class Denial:
    """A file or directory of another user, which this process may not use as needed."""

    place: Path
    owner: str
    user: str

    @property
    def public(self) -> str:
        """The message for clients: without a path, in one line of ASCII."""
        owner = self.owner if self.owner.isascii() and self.owner.isprintable() else "another user"
        return f"the data is {owner}'s: {UMASK}=007 and a group share it"

    def __str__(self) -> str:
        return (
            f"{self.place} belongs to {self.owner}, and this process to {self.user}: to share a data directory, set "
            f"{UMASK}=007 for both, with a group in common, before it is made"
        )


def find_denial(error: BaseException) -> Denial | None:
    """Return the denial behind an error: of the file that it names, or the nearest directory above it that is readable."""
    denied = error if isinstance(error, PermissionError) else error.__cause__
    if not isinstance(denied, PermissionError) or not isinstance(denied.filename, (str, bytes, os.PathLike)):
        return None
    path = Path(os.fsdecode(denied.filename)).absolute()
    for place in (path, *path.parents):
        try:
            owner = place.lstat().st_uid
        except OSError:
            continue
        own = os.geteuid()
        return None if owner == own else Denial(place, name_user(owner), name_user(own))
    return None


@functools.lru_cache(maxsize=16)  # this may query a directory service, while a request waits
def name_user(number: int) -> str:
    """Return the name of a user."""
    import pwd  # noqa: PLC0415 (when something is wrong only)

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
