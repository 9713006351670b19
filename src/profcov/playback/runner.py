"""Playing profiles: one from its first request to its artifact, or many at the same time in threads."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from profcov.errors import CoverageError, PlaybackError, ProfcovError, ProfileFormatError, TargetError
from profcov.playback.barrier import check_redis
from profcov.playback.client import Client
from profcov.playback.recording import Recording
from profcov.playback.secret import read_secrets
from profcov.playback.steps import find_named_origins, play_steps
from profcov.settings import DEFAULT_DIR
from profcov.store.files import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from profcov.playback.polling import Stop
    from profcov.playback.profile import Profile
    from profcov.slug import Slug
    from profcov.store.combine import Artifact

DEFAULT_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """How to play: where to, and whether and where code is recorded.

    ``timeout`` is in seconds, each time: for an answer, for a ``wait`` that names none, for the jobs, for the slug's
    lock. ``out`` is where artifacts go if not to ``data_dir``; ``config_file`` is coverage.py's. With a ``secret``
    requests are signed; ``umask`` is for the files that are made.
    """

    trace: bool = False
    base_url: str | None = None
    redis_url: str | None = None
    data_dir: Path = Path(DEFAULT_DIR)
    out: Path | None = None
    config_file: Path | None = None
    timeout: float = DEFAULT_TIMEOUT
    secret: str | None = field(default=None, repr=False)
    umask: int = PRIVATE


@dataclass(frozen=True, slots=True)
class PlayResult:
    """What one play did: requests sent, seconds from start to artifact, ids of its jobs; no artifact if untraced."""

    slug: Slug
    requests: int
    seconds: float
    jobs: tuple[str, ...]
    artifact: Artifact | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the play of one profile ended: with a result or with an error."""

    profile: Profile
    result: PlayResult | None
    error: ProfcovError | None


def _ignore(_profile: Profile) -> None:
    """Take a step that was done, for callers who do not show progress."""


def play(
    profile: Profile,
    options: PlayOptions,
    *,
    stop: Stop | None = None,
    step_done: Callable[[Profile], None] = _ignore,
) -> PlayResult:
    """Play one profile, and combine what it recorded.

    If a step fails after the server has traced something, that is combined into a partial artifact with the reason
    ``playback-failed``. If nothing was traced, no artifact is touched.

    Raises:
        PlaybackError: a step failed.
        TargetError: the server, or Redis, cannot be used.
        ProfileFormatError: neither the profile nor the options give a base URL.
        CoverageError: the data cannot be combined.
    """
    stop = stop or threading.Event()
    started = time.monotonic()
    recording = _make_recording(profile, options)
    with _open_client(profile, options) as client:
        if recording is not None:
            recording.begin()
        try:
            play_steps(
                profile,
                client,
                timeout=options.timeout,
                stop=stop,
                done=lambda: step_done(profile),
                redis_url=options.redis_url,
            )
        except (PlaybackError, TargetError):
            if recording is not None and client.traced and not stop.is_set():
                # The failure is what is to be told; shards that cannot be combined stay, and are dropped next time.
                with contextlib.suppress(CoverageError, TargetError):
                    recording.abandon(stop)
            raise
    jobs, artifact = recording.finish(stop) if recording is not None else ((), None)
    return PlayResult(profile.slug, client.requests, time.monotonic() - started, jobs, artifact)


def play_all(
    profiles: Sequence[Profile],
    options: PlayOptions,
    *,
    jobs: int = 1,
    step_done: Callable[[Profile], None] = _ignore,
    play_done: Callable[[Outcome], None] = lambda _outcome: None,
) -> list[Outcome]:
    """Play profiles, ``jobs`` of them at a time, and return how each ended, in the order given.

    One that fails does not stop the others. ``play_done`` is called here, ``step_done`` in the players' threads.

    Raises:
        TargetError: Redis does not answer; nothing has been sent.
        ProfileFormatError: a profile has no base URL, or the environment lacks a secret; nothing has been sent.
    """
    for profile in profiles:
        _find_base_url(profile, options)
        read_secrets(profile)
    if options.trace and options.redis_url is not None:
        check_redis(options.redis_url)
    stop = threading.Event()
    waiting: queue.SimpleQueue[Profile] = queue.SimpleQueue()
    ended: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()
    for profile in profiles:
        waiting.put(profile)

    def work() -> None:
        with contextlib.suppress(queue.Empty):
            while not stop.is_set():
                ended.put(_play_safely(waiting.get_nowait(), options, stop, step_done))

    # Daemons, not an executor: Ctrl-C is not to wait for a server that does not answer.
    for number in range(min(jobs, len(profiles))):
        threading.Thread(target=work, name=f"profcov-player-{number}", daemon=True).start()
    try:
        outcomes = [_collect(ended, play_done) for _ in profiles]
    finally:
        stop.set()
    order = {profile.slug: number for number, profile in enumerate(profiles)}
    return sorted(outcomes, key=lambda outcome: order[outcome.profile.slug])


def _collect(ended: queue.SimpleQueue[Outcome | BaseException], play_done: Callable[[Outcome], None]) -> Outcome:
    outcome = ended.get()
    if isinstance(outcome, BaseException):
        raise outcome
    play_done(outcome)
    return outcome


def _play_safely(
    profile: Profile,
    options: PlayOptions,
    stop: Stop,
    step_done: Callable[[Profile], None],
) -> Outcome | BaseException:
    """Play, and return what came of it; an error that is not ours is for the thread that waits to raise."""
    try:
        return Outcome(profile, play(profile, options, stop=stop, step_done=step_done), None)
    except ProfcovError as error:
        return Outcome(profile, None, error)
    except BaseException as error:  # noqa: BLE001 (raised again by _collect, or it would end in a thread unseen)
        return error


def _find_base_url(profile: Profile, options: PlayOptions) -> str:
    base_url = options.base_url or profile.base_url
    if base_url is None:
        raise ProfileFormatError(profile.path, "base_url", "missing: give it here or with --base-url")
    return base_url


def _open_client(profile: Profile, options: PlayOptions) -> Client:
    return Client(
        _find_base_url(profile, options),
        profile.slug if options.trace else None,
        find_named_origins(profile),
        timeout=options.timeout,
        secret=options.secret,
    )


def _make_recording(profile: Profile, options: PlayOptions) -> Recording | None:
    if not options.trace:
        return None
    return Recording(
        slug=profile.slug,
        data_dir=options.data_dir.absolute(),
        config_file=options.config_file,
        out=options.out,
        redis_url=options.redis_url,
        timeout=options.timeout,
        umask=options.umask,
    )
