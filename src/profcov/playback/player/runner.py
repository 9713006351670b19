"""Playing many profiles at the same time, in threads, and how each of them ended."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfcovError, ProfileFormatError
from profcov.playback.player.barrier import check_redis
from profcov.playback.player.existing import Existing, find_existing
from profcov.playback.player.options import PlayOptions, find_base_url, make_recording
from profcov.playback.player.play import PlayResult, ignore_step, ignore_try, play
from profcov.playback.scenario.faults import raise_faults
from profcov.playback.scenario.secret_values import read_secrets
from profcov.reading.analysis.statements import count_statements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from profcov.errors import PlaybackError, TargetError
    from profcov.playback.player.polling import Stop
    from profcov.playback.player.recording import Recording
    from profcov.playback.scenario.model import Profile

PASSED: Final = "passed"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
_MAX_OWNED: Final = 200
"""Slugs owned before the first is played: each takes a descriptor."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one profile ended: with a result, with an error, or not played because its artifact was there.

    ``tries`` is how often it was played, ``seconds`` how long all of that took. ``lines`` are the statements in its artifact;
    None without an artifact, or without its source.
    """

    profile: Profile
    result: PlayResult | None
    error: ProfcovError | None
    existing: Existing | None = None
    tries: int = 1
    seconds: float = 0.0
    lines: int | None = None

    @property
    def artifact(self) -> Path | None:
        """Where the artifact is, made now or before; None if there is none."""
        made = self.result.artifact if self.result else None
        return self.existing.path if self.existing else made.path if made else None

    @property
    def state(self) -> str:
        """Whether it ``passed``, ``failed`` or was ``skipped``."""
        if self.existing is not None:
            return SKIPPED
        return PASSED if self.error is None else FAILED


def play_all(
    profiles: Sequence[Profile],
    options: PlayOptions,
    *,
    jobs: int = 1,
    step_done: Callable[[Profile], None] = ignore_step,
    try_failed: Callable[[Profile, PlaybackError | TargetError, float], None] = ignore_try,
    play_done: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Play profiles, ``jobs`` of them at a time, and return how each ended, in the order given.

    One that fails does not stop the others. Slugs are owned from the start, or two processes that play many profiles would each get
    some of them; one that another process plays has failed. ``play_done`` is called here, the others in the players' threads.

    Raises:
        TargetError: Redis does not answer; nothing has been sent.
        ProfileFormatError: a profile has no base URL, or the environment lacks a secret; nothing has been sent.
    """
    check_ready(profiles, options)
    stop = threading.Event()
    waiting: queue.SimpleQueue[tuple[Profile, Recording | None]] = queue.SimpleQueue()
    ended: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while not stop.is_set():
                profile, recording = waiting.get_nowait()
                ended.put(_Player(profile, try_failed).play(options, recording, stop, step_done))

    try:
        for profile in profiles:
            try:
                waiting.put((profile, _own(profile, options, must_wait=waiting.qsize() >= _MAX_OWNED)))
            except ProfcovError as error:
                ended.put(Outcome(profile, None, error, tries=0))
        # Daemons, not an executor: Ctrl-C is not to wait for a server that does not answer.
        for number in range(min(jobs, len(profiles))):
            threading.Thread(target=work, name=f"profcov-player-{number}", daemon=True).start()
        outcomes = [_collect(ended, play_done) for _ in profiles]
    finally:
        stop.set()
        _release(waiting)
    order = {profile.slug: number for number, profile in enumerate(profiles)}
    return sorted(outcomes, key=lambda outcome: order[outcome.profile.slug])


def _own(profile: Profile, options: PlayOptions, *, must_wait: bool) -> Recording | None:
    """Return what looks after a profile's data, which owns the slug unless it must wait with that.

    Raises:
        SlugPlayedError: another process plays it.
        CoverageWriteError: the data directory cannot be written.
    """
    if not options.trace:
        return None
    recording = make_recording(profile, options)
    if not must_wait:
        recording.own()
    return recording


def _release(waiting: queue.SimpleQueue[tuple[Profile, Recording | None]]) -> None:
    """Let others have the slugs of profiles that are not played any more."""
    with contextlib.suppress(queue.Empty):
        while True:
            _, recording = waiting.get_nowait()
            if recording is not None:
                recording.release()


def check_ready(profiles: Sequence[Profile], options: PlayOptions) -> None:
    """Return if all that can be known before the first request is as it should be.

    Raises:
        TargetError: Redis does not answer.
        ProfileFormatError: a profile has no base URL, or the environment lacks a secret.
    """
    faults = []
    checks = (lambda profile: find_base_url(profile, options), read_secrets)
    for profile in profiles:
        for check in checks:
            try:
                check(profile)
            except ProfileFormatError as error:
                faults.append(error)
    raise_faults(faults)
    if options.trace and options.redis_url is not None:
        check_redis(options.redis_url)


def split_existing(profiles: Sequence[Profile], options: PlayOptions) -> tuple[list[Profile], list[Outcome]]:
    """Return the profiles that are to be played, and an outcome for each whose artifact is there and up to date."""
    data_dir = options.directory.path.absolute()
    found = {profile.slug: find_existing(profile, data_dir, options.out) for profile in profiles}
    kept = [Outcome(each, None, None, existing, tries=0) for each in profiles if (existing := found[each.slug])]
    return [profile for profile in profiles if found[profile.slug] is None], kept


def count_outcomes(outcomes: Sequence[Outcome], config_file: Path | None) -> list[Outcome]:
    """Return outcomes with the statements of their artifacts; when all plays have ended, because counting may change the directory."""
    lines = count_statements((each.artifact for each in outcomes if each.artifact), config_file)
    return [replace(each, lines=lines.get(each.artifact)) if each.artifact else each for each in outcomes]


def _collect(ended: queue.SimpleQueue[Outcome | BaseException], play_done: Callable[[Outcome], None]) -> Outcome:
    outcome = ended.get()
    if isinstance(outcome, BaseException):
        raise outcome
    play_done(outcome)
    return outcome


class _Player:
    """The play of one profile, with its tries counted."""

    def __init__(self, profile: Profile, try_failed: Callable[[Profile, Any, float], None]) -> None:
        self._profile = profile
        self._try_failed = try_failed
        self._tries = 1

    def play(
        self, options: PlayOptions, recording: Recording | None, stop: Stop, step_done: Callable[[Profile], None]
    ) -> Outcome | BaseException:
        """Play, and return what came of it; an error that is not ours is for the thread that waits to raise."""
        started = time.monotonic()
        result: PlayResult | None = None
        error: ProfcovError | None = None
        try:
            result = play(
                self._profile,
                options,
                stop=stop,
                recording=recording,
                step_done=step_done,
                try_failed=self._count,
            )
        except ProfcovError as problem:
            error = problem
        except BaseException as problem:  # noqa: BLE001 (raised again by _collect, or it would end in a thread unseen)
            return problem
        seconds = time.monotonic() - started
        return Outcome(self._profile, result, error, tries=self._tries, seconds=seconds)

    def _count(self, profile: Profile, error: PlaybackError | TargetError, pause: float) -> None:
        self._tries += 1
        self._try_failed(profile, error, pause)
