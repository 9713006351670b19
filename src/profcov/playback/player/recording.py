"""The data around one traced play: old shards dropped before it, jobs waited for and shards combined after it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from profcov.errors import TargetError
from profcov.playback.player.barrier import forget_ended, forget_jobs, read_jobs, settle, wait_for_jobs
from profcov.reasons import PLAYBACK_FAILED
from profcov.store.clean import discard
from profcov.store.combine import Artifact, combine
from profcov.store.holders import list_notes
from profcov.store.layout import list_shards
from profcov.store.playing import Play

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from profcov.playback.player.polling import Stop
    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory


@dataclass(slots=True)
class Recording:
    """Where one profile's data are, and how long to wait for what still writes them; ``timeout`` in seconds.

    ``config_file`` is coverage.py's, ``out`` the directory for the artifact if it is not to be ``directory``. Without
    a ``redis_url`` jobs are not waited for. As a context manager it owns the slug, so that no other process plays, combines or
    drops it meanwhile; :meth:`own` does so before.
    """

    slug: Slug
    directory: DataDirectory
    config_file: Path | None
    out: Path | None
    redis_url: str | None
    timeout: float
    _play: Play | None = field(default=None, init=False)

    def own(self) -> None:
        """Own the slug from now on, if it is not owned yet.

        Raises:
            SlugPlayedError: another process plays it.
            CoverageWriteError: the directory cannot be written.
        """
        if self._play is None:
            self._play = Play.begin(self.directory, self.slug)

    def release(self) -> None:
        """Let others have the slug. What was recorded and is in no artifact keeps its mark."""
        play, self._play = self._play, None
        if play is not None:
            play.end(is_consumed=not self._has_left())

    def __enter__(self) -> Self:
        self.own()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def begin(self) -> None:
        """Drop what an earlier play has left.

        Raises:
            SlugPlayedError: another process plays it.
            TargetError: Redis does not answer.
            CoverageError: a process still works for the slug, or the directory cannot be written.
        """
        self.own()
        self.drop()

    def drop(self) -> None:
        """Drop what was recorded.

        Raises:
            TargetError: Redis does not answer.
            CoverageError: a process still works for the slug, or the directory cannot be written.
        """
        if self.redis_url is not None:
            forget_jobs(self.redis_url, self.slug)
        discard(self.directory, self.slug, timeout=self.timeout, play=self._play)

    def is_settled(self, stop: Stop) -> bool:
        """Wait for the jobs of a try that has failed, and return whether all are over: one that ran later would be in the next.

        Raises:
            TargetError: Redis does not answer.
        """
        return self.redis_url is None or not wait_for_jobs(self.redis_url, self.slug, self.timeout, stop)

    def finish(self, stop: Stop) -> tuple[tuple[str, ...], Artifact]:
        """Wait for the jobs, combine, and return the ids of all jobs with the artifact.

        The artifact is partial if jobs are still to run when the time is up, or without a Redis if no note shows that they have
        ended; and with ``playback-failed`` if another process has dropped or combined what the play had recorded until then.

        Raises:
            TargetError: Redis does not answer.
            CoverageError: the shards cannot be combined, or a process is still at work when the time is up.
        """
        jobs: dict[str, str | None] = {}
        if self.redis_url is not None:
            jobs, _ = settle(self.redis_url, self.directory, self.slug, self.timeout, stop=stop)
        artifact = self._combine([], jobs)
        if self.redis_url is not None:
            with contextlib.suppress(TargetError):  # the artifact is whole; the next play drops the ids
                forget_ended(self.redis_url, self.slug, jobs)
        return tuple(each["id"] for each in artifact.jobs), artifact

    def abandon(self) -> None:
        """Combine what a failed play has left into an artifact with that reason; its jobs are not waited for.

        Raises:
            TargetError: Redis does not answer.
            CoverageError: the shards cannot be combined.
        """
        self._combine([PLAYBACK_FAILED], {} if self.redis_url is None else read_jobs(self.redis_url, self.slug))

    def _has_left(self) -> bool:
        """Return whether recorded data is in no artifact, or may be on its way to the disk."""
        try:
            left = list_shards(self.directory.path, self.slug)
            return bool(left) or any(note.slug == self.slug for note in list_notes(self.directory.path))
        except OSError:
            return True

    def _combine(self, reasons: Sequence[str], jobs: dict[str, str | None]) -> Artifact:
        return combine(
            self.directory,
            self.slug,
            config_file=self.config_file,
            out=self.out,
            timeout=self.timeout,
            reasons=reasons,
            jobs=jobs,
            play=self._play,
        )
