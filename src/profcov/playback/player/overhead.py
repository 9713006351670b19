"""What tracing costs a live server: each profile played traced and untraced in turn, and the ratio of the two."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfcovError
from profcov.playback.masking.urls import show
from profcov.playback.player.options import find_base_url, make_recording, open_client
from profcov.playback.player.runner import check_ready
from profcov.playback.player.steps import play_steps
from profcov.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from profcov.playback.player.options import PlayOptions
    from profcov.playback.player.recording import Recording
    from profcov.playback.scenario.model import Profile
    from profcov.slug import Slug

SCHEMA_VERSION: Final = 2
POLL_SECONDS: Final = 0.02
"""How often a ``wait`` asks while time is taken: pauses that grow would round a job of a second up by a third."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The seconds that one profile took, run by run: from its first request to its last answer."""

    slug: Slug
    untraced: Sequence[float]
    traced: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the runs' ratios; what else the machine does hits both sides of a run alike."""
        return statistics.median(self._ratios)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The first and the third quartile of the ratios; of one run, that one."""
        if len(self._ratios) == 1:
            return self._ratios[0], self._ratios[0]
        low, _, high = statistics.quantiles(self._ratios, n=4, method="inclusive")
        return low, high

    @property
    def percent(self) -> float:
        """How much longer it takes traced."""
        return (self.ratio - 1) * 100

    @property
    def _ratios(self) -> list[float]:
        return [with_it / without for with_it, without in zip(self.traced, self.untraced, strict=True)]


def measure(
    profiles: Sequence[Profile], options: PlayOptions, runs: int, run_done: Callable[[Profile], None]
) -> list[Measured]:
    """Play each profile traced and untraced, ``runs`` times and once before, which does not count; never two at a time.

    Runs of all profiles take turns, and so does which side comes first. What is recorded is dropped, artifacts are left
    alone. ``run_done`` is called after each run.

    Raises:
        PlaybackError: a step failed.
        TargetError: the server, or Redis, cannot be used.
        ProfileFormatError: a profile has no base URL.
        CoverageError: a process still works for a slug.
    """
    traced = replace(options, trace=True)
    check_ready(profiles, traced)
    seconds: dict[tuple[Slug, bool], list[float]] = {}
    with contextlib.ExitStack() as owned:
        recordings = {profile.slug: owned.enter_context(make_recording(profile, traced)) for profile in profiles}
        for number in range(runs + 1):
            for profile in profiles:
                for is_traced in (True, False) if number % 2 else (False, True):
                    taken = seconds.setdefault((profile.slug, is_traced), [])
                    with _clean(recordings[profile.slug]) if is_traced else contextlib.nullcontext():
                        taken.append(_time(profile, replace(options, trace=is_traced)))
                run_done(profile)
    return [
        Measured(profile.slug, seconds[profile.slug, False][1:], seconds[profile.slug, True][1:])
        for profile in profiles
    ]


def find_slowest(measured: Sequence[Measured]) -> Measured:
    """Return the profile that takes longest untraced: the one by which people notice."""
    return max(measured, key=lambda each: statistics.median(each.untraced))


def overhead_document(
    measured: Sequence[Measured], profiles: Sequence[Profile], options: PlayOptions
) -> dict[str, Any]:
    """Return the figures, ready for JSON: ``docs/reference/results.md`` describes the keys."""
    slowest = find_slowest(measured)
    return {
        "schema_version": SCHEMA_VERSION,
        "profcov": __version__,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "base_urls": sorted({show(find_base_url(profile, options)) for profile in profiles}),
        "runs": len(slowest.untraced),
        "slowest": slowest.slug,
        "percent": round(slowest.percent, 2),
        "profiles": [_describe(each) for each in measured],
    }


def _describe(measured: Measured) -> dict[str, Any]:
    low, high = measured.quartiles
    return {
        "profile": measured.slug,
        "untraced_seconds": round(statistics.median(measured.untraced), 4),
        "traced_seconds": round(statistics.median(measured.traced), 4),
        "ratio": round(measured.ratio, 4),
        "ratio_quartiles": [round(low, 4), round(high, 4)],
        "untraced_runs": [round(each, 4) for each in measured.untraced],
        "traced_runs": [round(each, 4) for each in measured.traced],
    }


def _time(profile: Profile, options: PlayOptions) -> float:
    """Play a profile, and return the seconds from its first request to its last answer."""
    with open_client(profile, options) as client:
        started = time.perf_counter()
        play_steps(
            profile,
            client,
            timeout=options.timeout,
            stop=threading.Event(),
            given=options.login.saved,
            interval=POLL_SECONDS,
            redis_url=options.redis_url,
        )
        return time.perf_counter() - started


@contextlib.contextmanager
def _clean(recording: Recording) -> Iterator[None]:
    """Begin a new generation, and drop in the end what was recorded, once its jobs are over."""
    recording.begin()
    try:
        yield
    except ProfcovError:
        with contextlib.suppress(ProfcovError):
            recording.drop()
        raise
    recording.is_settled(threading.Event())
    recording.drop()
