"""Who owns a slug while it is played: the file ``state/<slug>.playing``, locked by the play, names the owner.

A play that was killed leaves the file without a lock: it excludes no process. The file has the generation that the play recorded
into: an artifact of that generation is known to be incomplete, and later recordings are not affected.
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
from profcov.store.flock import try_exclusive, try_shared
from profcov.store.layout import host_name, state_dir
from profcov.store.lock import exclusive
from profcov.store.own_file import OwnFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory
    from profcov.store.lock import Exclusive

_SECONDS: Final = 0.25
"""How long a play tries to get the lock: a process that checks whether it is held shares it for a moment."""
_POLL_SECONDS: Final = 0.02
_MAX_BYTES: Final = 4096
_ENDING: Final = ".playing"
_LOOK: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OURS: Final = frozenset({"profcov", "__main__.py"})


class Play(OwnFile):
    """The play that owns a slug; ``generation`` is the one that it, or a killed play before it, records into."""

    __slots__ = ("_since", "_slug", "generation", "path")

    def __init__(self, fd: int, path: Path, slug: Slug) -> None:
        super().__init__(fd)
        self.path = path
        self._slug = slug
        self._since = time.time()
        self.generation: int | None = None

    @classmethod
    def begin(cls, directory: DataDirectory, slug: Slug) -> Play:
        """Own a slug until :meth:`end`, or until the process dies.

        Raises:
            SlugPlayedError: another play owns it.
            CoverageWriteError: the system does not let us.
        """
        path = _path(directory.path, slug)
        deadline = time.monotonic() + _SECONDS
        while True:
            with as_write_error(path):
                play = cls(directory.open_or_create(path), path, slug)
                owner = play._take()
            if owner is None:
                return play
            if time.monotonic() >= deadline:
                raise SlugPlayedError(slug, owner)
            time.sleep(_POLL_SECONDS)

    def record_into(self, generation: int) -> None:
        """Note the generation that is recorded into from now on.

        Raises:
            CoverageWriteError: the system does not let us.
        """
        self.generation = generation
        with as_write_error(self.path):
            self._write()

    def has_all_since(self, generation: int) -> bool:
        """Return whether its recording was neither dropped nor combined; ``generation`` is the present one."""
        return self.generation == generation and self.is_at(self.path)

    def end(self, *, is_consumed: bool) -> None:
        """Release the slug; the mark stays if recorded data is left that is in no artifact."""
        try:
            if is_consumed and self.is_ours and self.is_at(self.path):
                self.path.unlink(missing_ok=True)
        except OSError:
            pass  # the mark has its generation: later recordings are not taken for a part of this play
        finally:
            self.close()

    def _take(self) -> str | None:
        """Lock the file and write the owner; if that fails, close it and return the other owner."""
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
        # Readers take the first line, whatever is left of an earlier, longer text.
        text = json.dumps(facts).encode() + b"\n"
        self.write(text, 0)
        os.ftruncate(self.fd, len(text))


@contextlib.contextmanager
def consuming(directory: DataDirectory, slug: Slug, timeout: float, play: Play | None) -> Iterator[Exclusive]:
    """Hold the lock of a slug, as :func:`profcov.store.lock.exclusive` does, if no play but the caller's own is in progress.

    Raises:
        SlugPlayedError: another one is.
        LockTimeoutError: units were still in flight, or other readers there, when the time was up.
        CoverageWriteError: the system does not let us.
    """
    if play is None:
        _refuse_played(directory.path, slug)  # no need to exclude its server's units
    with exclusive(directory, slug, timeout) as lock:
        if play is None:
            _refuse_played(directory.path, slug)
        yield lock


def is_broken_off(lock: Exclusive, play: Play | None) -> bool:
    """Return whether the recording is a part of a play: of a killed one, or of the caller's own, which was interfered with."""
    if play is not None:
        return not play.has_all_since(lock.generation)
    generation = read_mark(lock.data_dir, lock.slug).get("generation")
    return generation is not None and generation == lock.generation


def name_player(data_dir: Path, slug: Slug) -> str | None:
    """Return who plays a slug; None if it is not played.

    Raises:
        CoverageWriteError: the system does not let us look.
    """
    facts, is_alive = _look(data_dir, slug)
    return _tell(facts) if is_alive else None


def list_players(data_dir: Path) -> dict[Slug, str]:
    """Return the owner of each slug that is played, as far as this user may read."""
    found: dict[Slug, str] = {}
    for path in sorted(state_dir(data_dir).glob(f"*{_ENDING}")):
        with contextlib.suppress(InvalidSlugError, CoverageWriteError):
            slug = parse_slug(path.name.removesuffix(_ENDING))
            owner = name_player(data_dir, slug)
            if owner is not None:
                found[slug] = owner
    return found


def read_mark(data_dir: Path, slug: Slug) -> dict[str, Any]:
    """Return the facts of the last play of a slug that has not ended; nothing if there is none.

    Raises:
        CoverageWriteError: the system does not let us look.
    """
    return _look(data_dir, slug)[0]


def _refuse_played(data_dir: Path, slug: Slug) -> None:
    owner = name_player(data_dir, slug)
    if owner is not None:
        raise SlugPlayedError(slug, owner)


def _look(data_dir: Path, slug: Slug) -> tuple[dict[str, Any], bool]:
    """Return the facts in the mark of a play, and whether the play is in progress."""
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
    """Remove the mark of an interrupted play, whose recording is consumed. A play in progress keeps its mark.

    Raises:
        OSError: the system does not let us.
    """
    path = _path(data_dir, slug)
    try:
        mark = OwnFile(os.open(path, _LOOK))
    except FileNotFoundError:
        return
    try:
        if try_shared(mark.fd) and mark.is_at(path):  # no play takes the slug meanwhile
            path.unlink(missing_ok=True)
    finally:
        mark.close()


def _read(fd: int) -> dict[str, Any]:
    """Return the facts in a mark; nothing if it is new or damaged."""
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
