"""Settings: frozen values, from arguments or from the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar, cast

from profcov.errors import InvalidSlugError, SettingsError
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    N = TypeVar("N", int, float)

EngineChoice = Literal["auto", "monitoring", "ctrace"]
ContextChoice = Literal["profile", "route", "request"]

ENABLE: Final = "ENABLE_PROFILE_COVERAGE"
DIR: Final = "PROFILE_COVERAGE_DIR"
CONFIG: Final = "PROFILE_COVERAGE_CONFIG"
CONTEXT_PREFIX: Final = "PROFILE_COVERAGE_CONTEXT_PREFIX"
ENGINE: Final = "PROFILE_COVERAGE_ENGINE"
CONTEXT: Final = "PROFILE_COVERAGE_CONTEXT"
FLUSH_SECONDS: Final = "PROFILE_COVERAGE_FLUSH_SECONDS"
MAX_PROFILES: Final = "PROFILE_COVERAGE_MAX_PROFILES"
MAX_LABELS: Final = "PROFILE_COVERAGE_MAX_LABELS"
FOLLOW_QUEUES: Final = "PROFILE_COVERAGE_FOLLOW_QUEUES"
ALLOW: Final = "PROFILE_COVERAGE_ALLOW"
CARRIERS: Final = "PROFILE_COVERAGE_CARRIERS"
PROPAGATE: Final = "PROFILE_COVERAGE_PROPAGATE"
DEFAULT_SLUG: Final = "PROFILE_COVERAGE_DEFAULT_SLUG"
SECRET: Final = "PROFILE_COVERAGE_SECRET"  # noqa: S105 (a name)
TOKEN_SECONDS: Final = "PROFILE_COVERAGE_TOKEN_SECONDS"  # noqa: S105
UMASK: Final = "PROFILE_COVERAGE_UMASK"
MIN_FREE: Final = "PROFILE_COVERAGE_MIN_FREE_BYTES"
MAX_BYTES: Final = "PROFILE_COVERAGE_MAX_BYTES"
"""How much a data directory may hold: read by ``profcov clean``."""
PROCESS_SLUG: Final = "PROFILE_TRACE_SLUG"
"""A whole process belongs to one slug: read by :mod:`profcov.startup`, given to child processes of a unit."""
RUN: Final = "PROFILE_COVERAGE_RUN"
"""Set by ``profcov run`` for the command and its children: where :mod:`profcov.store.runs` notes what became of it."""

DEFAULT_DIR: Final = ".profcov"
MIN_FREE_DEFAULT: Final = 100_000_000
DEFAULT_CONFIG: Final = "coverage.profile-playback.ini"

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
_ENGINES = ("auto", "monitoring", "ctrace")
_CONTEXTS = ("profile", "route", "request")
_CARRIERS = ("header", "baggage", "cookie")
_PATHS: Final = frozenset({DIR, CONFIG})
_FOR_REQUESTS: Final = frozenset({CARRIERS, ALLOW, DEFAULT_SLUG, SECRET, TOKEN_SECONDS})
_LEAST_SECRET: Final = 16
_MOST: Final = 86400


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process records. Paths are absolute: a process may change its directory later.

    ``config_file`` is the coverage.py configuration that says what is measured; None leaves that to coverage.py's
    own search (``.coveragerc``, ``setup.cfg``, ``tox.ini``, ``pyproject.toml``). ``carriers`` are where in a request
    a slug is looked for. ``allow`` are patterns of slugs, nothing allows all; ``propagate`` are patterns of hosts that
    outgoing calls carry the slug on to. With a ``secret`` requests must be signed, ``token_seconds`` ago at most.
    ``default_slug`` is for requests without one. ``umask`` is for the files and directories that are made.
    Where the disk has less than ``min_free_bytes`` left, nothing is recorded. With ``follow_queues`` who takes a function that
    a unit has put into a queue works for that unit.
    """

    enabled: bool = False
    data_dir: Path = Path(DEFAULT_DIR)
    config_file: Path | None = None
    context_prefix: str = "profile"
    engine: EngineChoice = "auto"
    context: ContextChoice = "profile"
    flush_seconds: float = 5.0
    max_profiles: int = 256
    max_labels: int = 1000
    carriers: tuple[str, ...] = _CARRIERS
    allow: tuple[str, ...] = ()
    propagate: tuple[str, ...] = ()
    default_slug: str | None = None
    secret: str | None = field(default=None, repr=False)
    token_seconds: int = 3600
    umask: int = 0o077
    min_free_bytes: int = MIN_FREE_DEFAULT
    follow_queues: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "data_dir", _absolute(self.data_dir))
        if self.config_file is not None:
            object.__setattr__(self, "config_file", _absolute(self.config_file))

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable has a value that it cannot have.
        """
        env = os.environ if environ is None else environ
        return cls(
            enabled=_read_switch(env, ENABLE),
            data_dir=Path(env.get(DIR) or DEFAULT_DIR),
            config_file=find_config(env.get(CONFIG)),
            context_prefix=env.get(CONTEXT_PREFIX) or "profile",
            engine=cast("EngineChoice", _read_choice(env, ENGINE, _ENGINES)),
            context=cast("ContextChoice", _read_choice(env, CONTEXT, _CONTEXTS)),
            flush_seconds=_read_number(env, FLUSH_SECONDS, 5.0, float, f"a number above 0, at most {_MOST}"),
            max_profiles=_read_number(env, MAX_PROFILES, 256, int, f"a whole number above 0, at most {_MOST}"),
            max_labels=_read_number(env, MAX_LABELS, 1000, int, f"a whole number above 0, at most {_MOST}"),
            carriers=_read_carriers(env),
            allow=_read_list(env, ALLOW),
            propagate=_read_list(env, PROPAGATE),
            default_slug=_read_slug(env, DEFAULT_SLUG),
            secret=read_secret(env),
            token_seconds=_read_number(env, TOKEN_SECONDS, 3600, int, f"a whole number above 0, at most {_MOST}"),
            umask=read_umask(env),
            min_free_bytes=_read_min_free(env),
            follow_queues=_read_switch(env, FOLLOW_QUEUES),
        )

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give a process these settings."""
        variables = {
            ENABLE: "1" if self.enabled else "0",
            DIR: str(self.data_dir),
            CONTEXT_PREFIX: self.context_prefix,
            ENGINE: self.engine,
            CONTEXT: self.context,
            FLUSH_SECONDS: str(self.flush_seconds),
            MAX_PROFILES: str(self.max_profiles),
            MAX_LABELS: str(self.max_labels),
            CARRIERS: ",".join(self.carriers) or "none",
            ALLOW: ",".join(self.allow),
            PROPAGATE: ",".join(self.propagate),
            DEFAULT_SLUG: self.default_slug or "",
            SECRET: self.secret or "",
            TOKEN_SECONDS: str(self.token_seconds),
            UMASK: f"{self.umask:03o}",
            MIN_FREE: str(self.min_free_bytes),
            FOLLOW_QUEUES: "1" if self.follow_queues else "0",
        }
        return variables if self.config_file is None else {**variables, CONFIG: str(self.config_file)}

    def environment_of_child(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what a child that belongs to a slug lacks in its environment to record by these settings.

        Never the secret, nor what is for requests only: nobody has to prove to it whose it is.
        """
        try:
            read = Settings.from_environ(given).environment()
        except SettingsError:
            read = {}
        # Paths whatever was read: the child may start in another directory.
        wanted = {name: value for name, value in self.environment().items() if name not in _FOR_REQUESTS}
        return {name: value for name, value in wanted.items() if value != (given if name in _PATHS else read).get(name)}


_of_process: Final[list[Settings]] = []


def read_once() -> Settings:
    """Return what the environment said when this process first asked: later it may have another directory, and paths be relative.

    Raises:
        SettingsError: a variable has a value that it cannot have.
    """
    if not _of_process:
        _of_process.append(Settings.from_environ())
    return _of_process[0]


def find_config(given: str | None) -> Path | None:
    """Return the coverage configuration: the one given, else the default one where it exists.

    Raises:
        SettingsError: a file was given and is not there.
    """
    if given:
        path = _absolute(Path(given))
        if not os.path.isfile(path):  # noqa: PTH113 (a Path's own raises where another user keeps us out)
            raise SettingsError(CONFIG, given, "a file that exists")
        return path
    default = _absolute(Path(DEFAULT_CONFIG))
    return default if os.path.isfile(default) else None  # noqa: PTH113


def read_secret(env: Mapping[str, str]) -> str | None:
    """Return the secret that requests are signed with, or None.

    Raises:
        SettingsError: it is too short to be one; the message does not tell it.
    """
    secret = env.get(SECRET)
    if secret and len(secret) < _LEAST_SECRET:
        raise SettingsError(SECRET, "(hidden)", f"{_LEAST_SECRET} characters or more")
    return secret or None


def read_umask(env: Mapping[str, str]) -> int:
    """Return which permissions the files that profcov makes shall not have.

    Raises:
        SettingsError: it is not an octal number, or one that takes the owner's own permissions away.
    """
    value = env.get(UMASK) or "077"
    if re.fullmatch("0?o?0?[0-7]{1,2}", value) is None:
        raise SettingsError(
            UMASK, value, "an octal number of group's and others' permissions, 077 at most, such as 007"
        )
    return int(value.removeprefix("0o"), 8)


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except OSError:  # the current directory is gone; a server must start all the same
        return path


def _read_switch(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise SettingsError(name, env[name], "one of 1, true, yes, on, 0, false, no, off")


def _read_choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Return one of the choices; the first is the default."""
    value = (env.get(name) or choices[0]).strip().lower()
    if value not in choices:
        raise SettingsError(name, env[name], "one of " + ", ".join(choices))
    return value


def _read_list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return what stands between commas or blanks."""
    return tuple(env.get(name, "").replace(",", " ").split())


def _read_carriers(env: Mapping[str, str]) -> tuple[str, ...]:
    given = _read_list({CARRIERS: env.get(CARRIERS, "").lower()}, CARRIERS)
    if given == ("none",):
        return ()
    if not set(given) <= set(_CARRIERS):
        raise SettingsError(CARRIERS, env[CARRIERS], "some of header, baggage, cookie between commas, or none")
    return tuple(each for each in _CARRIERS if each in given) if given else _CARRIERS


def _read_slug(env: Mapping[str, str], name: str) -> str | None:
    value = env.get(name)
    if not value:
        return None
    try:
        return parse_slug(value)
    except InvalidSlugError:
        expected = (
            "a slug: 1 to 100 letters, digits, '.', '_' or '-', starting with a letter or digit, without '.coverage'"
        )
        raise SettingsError(name, value, expected) from None


def _read_min_free(env: Mapping[str, str]) -> int:
    value = env.get(MIN_FREE)
    if not value:
        return MIN_FREE_DEFAULT
    if not (value.isascii() and value.isdigit()):
        raise SettingsError(MIN_FREE, value, "a whole number of bytes; 0 for no limit")
    return int(value)


def _read_number(env: Mapping[str, str], name: str, default: N, kind: type[N], expected: str) -> N:
    value = env.get(name)
    if not value:
        return default
    try:
        number = kind(value)
    except ValueError:
        raise SettingsError(name, value, expected) from None
    # `time.sleep` has a limit, too; not-a-number is above nothing.
    if not 0 < number <= _MOST:
        raise SettingsError(name, value, expected)
    return number
