"""Whose a slug is while it is played: the file ``state/<slug>.playing``, locked by the play and saying whose it is.

A play that was killed leaves the file and no lock: it keeps nobody out. The generation in it is the one that the play recorded
into, so that what is combined of it is known for a part of the profile, and what is recorded later is not.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import CoverageWriteError, InvalidSlugError, SlugPlayedError, as_write_error
from profcov.slug import parse_slug
from profcov.store.denial import name_user
from profcov.store.directory import open_or_create
from profcov.store.files import PRIVATE
from profcov.store.flock import try_exclusive, try_shared
from profcov.store.layout import host_name, state_dir
from profcov.store.lock import exclusive
from profcov.store.own_file import OwnFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.slug import Slug
    from profcov.store.lock import Exclusive

_SECONDS: Final = 0.25
"""How long a play asks for the lock: whoever only looks whether it is held shares it for a moment."""
_POLL_SECONDS: Final = 0.02
_MAX_BYTES: Final = 4096
_ENDING: Final = ".playing"
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OURS: Final = frozenset({"profcov", "__main__.py"})


class Play(OwnFile):
    """The play that owns a slug; ``generation`` is the one that it records into, or that a killed play before it did."""

    __slots__ = ("_since", "_slug", "generation", "path")

    def __init__(self, fd: int, path: Path, slug: Slug) -> None:
        super().__init__(fd)
        self.path = path
        self._slug = slug
        self._since = time.time()
        self.generation: int | None = None

    @classmethod
    def begin(cls, data_dir: Path, slug: Slug, umask: int = PRIVATE) -> Play:
        """Own a slug until the end, or until the process dies.

        Raises:
            SlugPlayedError: another play owns it.
            CoverageWriteError: the system does not let us.
        """
        path = _path(data_dir, slug)
        deadline = time.monotonic() + _SECONDS
        while True:
            with as_write_error(path):
                play = cls(open_or_create(data_dir, path, umask), path, slug)
                owner = play._take()
            if owner is None:
                return play
            if time.monotonic() >= deadline:
                raise SlugPlayedError(slug, owner)
            time.sleep(_POLL_SECONDS)

    def record_into(self, generation: int) -> None:
        """Note which generation is recorded into from now on.

        Raises:
            CoverageWriteError: the system does not let us.
        """
        self.generation = generation
        with as_write_error(self.path):
            self._write()

    def has_all_since(self, generation: int) -> bool:
        """Tell whether nobody has dropped or combined what it has recorded; ``generation`` is the present one."""
        return self.generation == generation and self.is_at(self.path)

    def end(self, *, is_consumed: bool) -> None:
        """Let others have the slug; the mark stays if there is something left that was recorded, and in no artifact."""
        try:
            if is_consumed and self.is_ours and self.is_at(self.path):
                self.path.unlink(missing_ok=True)
        except OSError:
            pass  # the mark tells its generation: what is recorded later is not taken for a part of this play
        finally:
            self.close()

    def _take(self) -> str | None:
        """Lock the file and write whose it is; close it if that fails, and return who has it."""
        is_taken = False
        try:
            if not (try_exclusive(self.fd) and self.is_at(self.path)):
                return _tell(_read(self.fd))
            self.generation = _read(self.fd).get("generation")
            self._write()
            is_taken = True
            return None
        finally:
            if not is_taken:
                self.close()

    def _write(self) -> None:
        facts = {
            "slug": self._slug,
            "user": name_user(os.geteuid()),
            "host": host_name(),
            "pid": os.getpid(),
            "since": self._since,
            "command": _name_command(),
            "generation": self.generation,
        }
        # Those who read meanwhile take the first line, whatever is left of a longer one before.
        text = json.dumps(facts).encode() + b"\n"
        self.write(text, 0)
        os.ftruncate(self.fd, len(text))


@contextlib.contextmanager
def consuming(
    data_dir: Path, slug: Slug, timeout: float, play: Play | None, umask: int = PRIVATE
) -> Iterator[Exclusive]:
    """Hold the lock of a slug, as :func:`profcov.store.lock.exclusive` does, where no play but the caller's own is under way.

    Raises:
        SlugPlayedError: another one is.
        LockTimeoutError: units were still in flight, or other readers there, when the time was up.
        CoverageWriteError: the system does not let us.
    """
    if play is None:
        _refuse_played(data_dir, slug)  # no need to keep its server's units out
    with exclusive(data_dir, slug, timeout, umask) as lock:
        if play is None:
            _refuse_played(data_dir, slug)
        yield lock


def is_broken_off(lock: Exclusive, play: Play | None) -> bool:
    """Tell whether what was recorded is a part of a play: of one that was killed, or of the caller's own, which was interfered with."""
    if play is not None:
        return not play.has_all_since(lock.generation)
    generation = read_mark(lock.data_dir, lock.slug).get("generation")
    return generation is not None and generation == lock.generation


def name_player(data_dir: Path, slug: Slug) -> str | None:
    """Return who plays a slug; None if nobody does.

    Raises:
        CoverageWriteError: the system does not let us look.
    """
    facts, is_alive = _look(data_dir, slug)
    return _tell(facts) if is_alive else None


def list_players(data_dir: Path) -> dict[Slug, str]:
    """Return who plays what, as far as this user may look."""
    found: dict[Slug, str] = {}
    for path in sorted(state_dir(data_dir).glob(f"*{_ENDING}")):
        with contextlib.suppress(InvalidSlugError, CoverageWriteError):
            slug = parse_slug(path.name.removesuffix(_ENDING))
            owner = name_player(data_dir, slug)
            if owner is not None:
                found[slug] = owner
    return found


def read_mark(data_dir: Path, slug: Slug) -> dict[str, Any]:
    """Return what the last play of a slug has noted that has not ended; nothing if there is none.

    Raises:
        CoverageWriteError: the system does not let us look.
    """
    return _look(data_dir, slug)[0]


def _refuse_played(data_dir: Path, slug: Slug) -> None:
    owner = name_player(data_dir, slug)
    if owner is not None:
        raise SlugPlayedError(slug, owner)


def _look(data_dir: Path, slug: Slug) -> tuple[dict[str, Any], bool]:
    """Return what the mark of a play says, and whether the play is under way."""
    path = _path(data_dir, slug)
    with as_write_error(path):
        try:
            fd = os.open(path, _LOOK)
        except FileNotFoundError:
            return {}, False
        try:
            return _read(fd), not try_shared(fd)
        finally:
            os.close(fd)


def forget_broken_off(data_dir: Path, slug: Slug) -> None:
    """Take away the mark of a play that was broken off: what it had recorded is consumed. One that is under way keeps its own.

    Raises:
        OSError: the system does not let us.
    """
    path = _path(data_dir, slug)
    try:
        mark = OwnFile(os.open(path, _LOOK))
    except FileNotFoundError:
        return
    try:
        if try_shared(mark.fd) and mark.is_at(path):  # no play takes it meanwhile
            path.unlink(missing_ok=True)
    finally:
        mark.close()


def _read(fd: int) -> dict[str, Any]:
    """Return what a mark says; nothing of one that is new, or damaged."""
    try:
        facts = json.loads(os.pread(fd, _MAX_BYTES, 0).partition(b"\n")[0])
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _tell(facts: dict[str, Any]) -> str:
    """Name a play's owner: user, command, process, host and since when."""
    try:
        since = f"{datetime.fromtimestamp(facts['since'], UTC):%Y-%m-%d %H:%M:%S}Z"
        return f"{facts['user']} (`{facts['command']}`, process {facts['pid']} on {facts['host']}, since {since})"
    except (LookupError, TypeError, ValueError, OverflowError):
        return "another process"


def _name_command() -> str:
    """Name the command that plays, without its arguments: secrets may be among them."""
    program = Path(sys.argv[0] if sys.argv else "").name
    return shlex.join(["profcov", *sys.argv[1:2]] if program in _OURS else [program or "python"])


def _path(data_dir: Path, slug: Slug) -> Path:
    return state_dir(data_dir) / f"{slug}{_ENDING}"
