"""Playing one profile: from its first request to its artifact, and again from the start when that fails."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import CoverageError, PlaybackError, TargetError, TargetUnreachableError
from profcov.playback.player.jobs_left import describe_jobs
from profcov.playback.player.options import Login, make_recording, open_client
from profcov.playback.player.steps import play_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.playback.client.client import Client
    from profcov.playback.player.options import PlayOptions
    from profcov.playback.player.polling import Stop
    from profcov.playback.player.recording import Recording
    from profcov.playback.scenario.model import Profile
    from profcov.slug import Slug
    from profcov.store.combine import Artifact

_MIN_RETRY_SECONDS: Final = 0.5
_MAX_RETRY_SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class PlayResult:
    """What one play did: requests sent, seconds from start to artifact, ids of its jobs; no artifact if untraced.

    Requests are those of the try that passed. ``notes`` are sentences about what may surprise.
    """

    slug: Slug
    requests: int
    seconds: float
    jobs: tuple[str, ...]
    artifact: Artifact | None
    notes: tuple[str, ...] = ()


def ignore_step(_profile: Profile) -> None:
    """Ignore that a step was done: the default."""


def ignore_try(_profile: Profile, _error: PlaybackError | TargetError, _pause: float) -> None:
    """Ignore that a try failed: the default."""


def play(
    profile: Profile,
    options: PlayOptions,
    *,
    stop: Stop | None = None,
    recording: Recording | None = None,
    step_done: Callable[[Profile], None] = ignore_step,
    try_failed: Callable[[Profile, PlaybackError | TargetError, float], None] = ignore_try,
) -> PlayResult:
    """Play one profile, and combine what it recorded.

    A try that fails is followed by another, up to ``options.retries`` times, after a pause; ``try_failed`` gets
    the failure and the pause. What it recorded is dropped. If the last try fails after the server has traced something,
    that is combined into a partial artifact with the reason ``playback-failed``. If nothing was traced, no artifact is
    touched. ``recording`` is the profile's, where it owns the slug already; it does not in the end.

    Raises:
        PlaybackError: a step failed.
        SlugPlayedError: another process plays it; nothing was sent.
        TargetError: the server, or Redis, cannot be used.
        ProfileFormatError: neither the profile nor the options give a base URL.
        CoverageError: the data cannot be combined.
    """
    stop = stop or threading.Event()
    started = time.monotonic()
    if recording is None and options.trace:
        recording = make_recording(profile, options)
    with recording or contextlib.nullcontext():
        client, _ = _play_tries(
            profile, options, stop, try_failed, recording=recording, done=lambda: step_done(profile)
        )
        jobs, artifact = recording.finish(stop) if recording is not None else ((), None)
        left = describe_jobs(artifact.jobs, is_asked=options.redis_url is not None) if artifact is not None else ()
        notes = (*map(client.hide_secrets, client.notes), *left)
        return PlayResult(profile.slug, client.requests, time.monotonic() - started, jobs, artifact, notes)


def log_in(
    profile: Profile,
    options: PlayOptions,
    try_failed: Callable[[Profile, PlaybackError | TargetError, float], None] = ignore_try,
) -> Login:
    """Play a profile untraced, and return what it leaves: its cookies, and what its steps saved.

    It is tried again as :func:`play` does.

    Raises:
        PlaybackError: a step failed.
        TargetError: the server cannot be used.
        ProfileFormatError: neither the profile nor the options give a base URL.
    """
    untraced = replace(options, trace=False, think_time=0.0)
    client, values = _play_tries(profile, untraced, threading.Event(), try_failed)
    return Login(client.cookies, {name: values[name] for name in list_saved(profile)}, client.secrets)


def list_saved(profile: Profile) -> list[str]:
    """Return the variables that a profile's steps save."""
    return list(dict.fromkeys(name for step in profile.steps for name in step.save))


def _play_tries(
    profile: Profile,
    options: PlayOptions,
    stop: Stop,
    try_failed: Callable[[Profile, PlaybackError | TargetError, float], None],
    *,
    recording: Recording | None = None,
    done: Callable[[], None] = lambda: None,
) -> tuple[Client, dict[str, Any]]:
    """Play the steps until they pass or no try is left; return the session of the last try, and its variables."""
    pauses = (min(_MIN_RETRY_SECONDS * 2**number, _MAX_RETRY_SECONDS) for number in range(options.retries))
    while True:
        with open_client(profile, options) as client:
            if recording is not None:
                recording.begin()
            try:
                return client, play_steps(
                    profile,
                    client,
                    timeout=options.timeout,
                    stop=stop,
                    done=done,
                    given=options.login.saved,
                    redis_url=options.redis_url,
                    think_time=options.think_time,
                )
            except (PlaybackError, TargetError) as error:
                pause = next(pauses, None)
                if pause is None or not _may_pass(error) or not _is_settled(recording, stop):
                    _abandon(recording, client, stop)
                    raise
                try_failed(profile, error, pause)
                if stop.wait(pause):
                    raise


def _may_pass(error: PlaybackError | TargetError) -> bool:
    """Return whether another try may end otherwise: a server that does not trace will not begin to."""
    return isinstance(error, PlaybackError | TargetUnreachableError)


def _is_settled(recording: Recording | None, stop: Stop) -> bool:
    """Return whether another try would have nothing of this one: its jobs are over."""
    if recording is None:
        return not stop.is_set()
    with contextlib.suppress(TargetError):
        return recording.is_settled(stop) and not stop.is_set()
    return False


def _abandon(recording: Recording | None, client: Client, stop: Stop) -> None:
    if recording is not None and client.traced and not stop.is_set():
        # The failure is what to report; shards that cannot be combined stay, and are dropped next time.
        with contextlib.suppress(CoverageError, TargetError):
            recording.abandon()
