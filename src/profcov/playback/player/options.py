"""How to play, and what a play is begun with: its server, its session, and what looks after its data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfileFormatError
from profcov.playback.client.address import drop_path
from profcov.playback.client.client import Client
from profcov.playback.client.cookies import make_cookie
from profcov.playback.player.recording import Recording
from profcov.playback.player.steps import find_named_origins
from profcov.settings import DEFAULT_DIR
from profcov.store.directory import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from http.cookiejar import Cookie

    from profcov.playback.scenario.model import Profile

DEFAULT_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class Login:
    """What a profile that was played first gives to all others: its session's cookies, what it saved, what is hidden."""

    cookies: Sequence[Cookie] = field(default=(), repr=False)
    saved: Mapping[str, Any] = field(default_factory=dict, repr=False)
    secrets: Collection[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """How to play: where to, and whether and where code is recorded.

    ``timeout`` is in seconds, each time: for an answer, for a ``wait`` without its own, for the jobs, for the slug's
    lock. ``out`` is where artifacts go if not to ``directory``; ``config_file`` is coverage.py's. With a ``secret``
    requests are signed. ``retries`` is how often a profile that fails is played again. ``cookies`` are for each profile's own
    server, those of ``cookie_jar`` for the servers they name; ``headers`` are secret, and for the servers that a profile
    names. ``insecure`` takes any certificate. ``think_time`` is by how much the pauses of a recording are multiplied.
    """

    trace: bool = False
    base_url: str | None = None
    redis_url: str | None = None
    directory: DataDirectory = field(default=DataDirectory(Path(DEFAULT_DIR)))
    out: Path | None = None
    config_file: Path | None = None
    timeout: float = DEFAULT_TIMEOUT
    secret: str | None = field(default=None, repr=False)
    retries: int = 0
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookie_jar: Sequence[Cookie] = field(default=(), repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    insecure: bool = False
    login: Login = Login()
    think_time: float = 0.0


def find_base_url(profile: Profile, options: PlayOptions) -> str:
    """Return the server that a profile is played against, with a path where its steps' paths are below that.

    Raises:
        ProfileFormatError: neither the profile nor the options name one.
    """
    base_url = options.base_url or profile.base_url
    if base_url is None:
        place = (1, 1) if profile.slug_place else None  # a recording has no place for it
        raise ProfileFormatError(profile.path, "base_url", "missing: give it here or with --base-url", place)
    waits = (step.wait.path for step in profile.steps if step.wait is not None and step.wait.path is not None)
    return drop_path(base_url, (*(step.request.path for step in profile.steps), *waits))


def open_client(profile: Profile, options: PlayOptions) -> Client:
    """Open a session for one play.

    Raises:
        ProfileFormatError: neither the profile nor the options name a server.
    """
    base_url = find_base_url(profile, options)
    own = (make_cookie(name, value, base_url) for name, value in options.cookies.items())
    client = Client(
        base_url,
        profile.slug if options.trace else None,
        find_named_origins(profile),
        timeout=options.timeout,
        secret=options.secret,
        cookies=(*options.cookie_jar, *own, *options.login.cookies),  # of two of one name, the last counts
        headers=options.headers,
        insecure=options.insecure,
    )
    client.add_secrets(options.login.secrets)
    return client


def make_recording(profile: Profile, options: PlayOptions) -> Recording:
    """Return what looks after the data of a profile that is traced."""
    return Recording(
        slug=profile.slug,
        directory=options.directory.at(options.directory.path.absolute()),
        config_file=options.config_file,
        out=options.out,
        redis_url=options.redis_url,
        timeout=options.timeout,
    )
