"""Settings: frozen values, from arguments or from the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from profcov.errors import InvalidSlugError, SettingsError
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import Field

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
"""How many bytes a data directory may hold: read by ``profcov clean``."""
PROCESS_SLUG: Final = "PROFILE_TRACE_SLUG"
"""A whole process belongs to one slug: read by :mod:`profcov.startup`, given to child processes of a unit."""
RUN: Final = "PROFILE_COVERAGE_RUN"
"""Set by ``profcov run`` for the command and its children: where :mod:`profcov.store.runs` notes whether it is traced."""

DEFAULT_DIR: Final = ".profcov"
DEFAULT_CONFIG: Final = "coverage.profile-playback.ini"

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})
_CARRIERS = ("header", "baggage", "cookie")
_PATHS: Final = frozenset({DIR, CONFIG})
_FOR_REQUESTS: Final = frozenset({CARRIERS, ALLOW, DEFAULT_SLUG, SECRET, TOKEN_SECONDS})
_MIN_SECRET_CHARS: Final = 16
_MAX_NUMBER: Final = 86400


def _read_switch(name: str, value: str) -> bool:
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise SettingsError(name, value, "one of 1, true, yes, on, 0, false, no, off")


def _read_choice(*choices: str) -> Callable[[str, str], str]:
    def read(name: str, value: str) -> str:
        word = value.strip().lower()
        if word not in choices:
            raise SettingsError(name, value, "one of " + ", ".join(choices))
        return word

    return read


def _read_number(kind: type[int | float]) -> Callable[[str, str], float]:
    expected = f"a {'whole ' if kind is int else ''}number above 0, at most {_MAX_NUMBER}"

    def read(name: str, value: str) -> float:
        try:
            number = kind(value)
        except ValueError:
            raise SettingsError(name, value, expected) from None
        # `time.sleep` has a limit, too; not-a-number is above nothing.
        if not 0 < number <= _MAX_NUMBER:
            raise SettingsError(name, value, expected)
        return number

    return read


def _read_list(_name: str, value: str) -> tuple[str, ...]:
    """Return the words between commas or blanks."""
    return tuple(value.replace(",", " ").split())


def _read_carriers(name: str, value: str) -> tuple[str, ...]:
    given = _read_list(name, value.lower())
    if given == ("none",):
        return ()
    if not set(given) <= set(_CARRIERS):
        raise SettingsError(name, value, "some of header, baggage, cookie between commas, or none")
    return tuple(each for each in _CARRIERS if each in given) if given else _CARRIERS


def _read_slug(name: str, value: str) -> str:
    try:
        return parse_slug(value)
    except InvalidSlugError:
        expected = (
            "a slug: 1 to 100 letters, digits, '.', '_' or '-', starting with a letter or digit, without '.coverage'"
        )
        raise SettingsError(name, value, expected) from None


def _read_bytes(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise SettingsError(name, value, "a whole number of bytes; 0 for no limit")
    return int(value)


def _read_secret(name: str, value: str) -> str:
    if len(value) < _MIN_SECRET_CHARS:
        raise SettingsError(name, "(hidden)", f"{_MIN_SECRET_CHARS} characters or more")
    return value


def _read_umask(name: str, value: str) -> int:
    if re.fullmatch("0?o?0?[0-7]{1,2}", value) is None:
        raise SettingsError(name, value, "an octal number of group's and others' permissions, 077 at most, such as 007")
    return int(value.removeprefix("0o"), 8)


def _write_switch(value: bool) -> str:  # noqa: FBT001 (a setting's value)
    return "1" if value else "0"


def _write_text(value: str | None) -> str:
    return value or ""


def _setting(
    name: str,
    default: object,
    read: Callable[[str, str], object],
    write: Callable[[Any], str] = str,
    *,
    is_shown: bool = True,
) -> Any:
    """Declare a setting: its variable, its default, how it is read from the variable and written for a child."""
    return field(default=default, repr=is_shown, metadata={"name": name, "read": read, "write": write})


@dataclass(frozen=True, slots=True)
class Settings:
    """How one process records. Paths are absolute, because a process may change its directory later.

    ``config_file`` is the coverage.py configuration that selects what is measured; None leaves that to coverage.py's
    own search (``.coveragerc``, ``setup.cfg``, ``tox.ini``, ``pyproject.toml``). ``carriers`` are the places in a
    request that a slug is read from. ``allow`` are patterns of slugs, empty allows all; ``propagate`` are patterns of hosts
    that outgoing calls carry the slug to. With a ``secret`` requests must be signed, at most ``token_seconds`` ago.
    ``default_slug`` is for requests without one. ``umask`` is for the files and directories that are made.
    If the disk has less than ``min_free_bytes`` left, nothing is recorded. With ``follow_queues`` a thread or task that takes
    a function which a unit has put into a queue works for that unit.
    """

    enabled: bool = _setting(ENABLE, False, _read_switch, _write_switch)
    data_dir: Path = _setting(DIR, Path(DEFAULT_DIR), lambda _, value: Path(value))
    config_file: Path | None = _setting(CONFIG, None, lambda _, value: find_config(value))
    context_prefix: str = _setting(CONTEXT_PREFIX, "profile", lambda _, value: value)
    engine: EngineChoice = _setting(ENGINE, "auto", _read_choice("auto", "monitoring", "ctrace"))
    context: ContextChoice = _setting(CONTEXT, "profile", _read_choice("profile", "route", "request"))
    flush_seconds: float = _setting(FLUSH_SECONDS, 5.0, _read_number(float))
    max_profiles: int = _setting(MAX_PROFILES, 256, _read_number(int))
    max_labels: int = _setting(MAX_LABELS, 1000, _read_number(int))
    carriers: tuple[str, ...] = _setting(CARRIERS, _CARRIERS, _read_carriers, lambda given: ",".join(given) or "none")
    allow: tuple[str, ...] = _setting(ALLOW, (), _read_list, ",".join)
    propagate: tuple[str, ...] = _setting(PROPAGATE, (), _read_list, ",".join)
    default_slug: str | None = _setting(DEFAULT_SLUG, None, _read_slug, _write_text)
    secret: str | None = _setting(SECRET, None, _read_secret, _write_text, is_shown=False)
    token_seconds: int = _setting(TOKEN_SECONDS, 3600, _read_number(int))
    umask: int = _setting(UMASK, 0o077, _read_umask, "{:03o}".format)
    min_free_bytes: int = _setting(MIN_FREE, 100_000_000, _read_bytes)
    follow_queues: bool = _setting(FOLLOW_QUEUES, False, _read_switch, _write_switch)

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
        given = {each.name: _read(env, each) for each in fields(cls) if env.get(each.metadata["name"])}
        return cls(**{"config_file": find_config(None), **given})

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give a process these settings."""
        values = [(each.metadata, getattr(self, each.name)) for each in fields(self)]
        return {
            setting["name"]: setting["write"](value)
            for setting, value in values
            if value is not None or setting["name"] != CONFIG  # then the child searches for it
        }

    def environment_of_child(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that a child of a slug lacks in its environment to record by these settings.

        Never the secret, nor settings for requests only: the child does not have to prove its slug.
        """
        try:
            read = Settings.from_environ(given).environment()
        except SettingsError:
            read = {}
        # Paths in any case: the child may start in another directory.
        wanted = {name: value for name, value in self.environment().items() if name not in _FOR_REQUESTS}
        return {name: value for name, value in wanted.items() if value != (given if name in _PATHS else read).get(name)}


_of_process: Final[list[Settings]] = []


def read_once() -> Settings:
    """Return the settings as this process first read them: its directory may change later, and paths may be relative.

    Raises:
        SettingsError: a variable has a value that it cannot have.
    """
    if not _of_process:
        _of_process.append(Settings.from_environ())
    return _of_process[0]


def find_config(given: str | None) -> Path | None:
    """Return the coverage configuration: the one given, else the default one if it exists.

    Raises:
        SettingsError: a file was given and does not exist.
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
        SettingsError: it is too short to be one; the message does not show it.
    """
    secret: str | None = _read(env, _FIELDS["secret"])
    return secret


def read_umask(env: Mapping[str, str]) -> int:
    """Return which permissions the files that profcov makes must not have.

    Raises:
        SettingsError: it is not an octal number, or one that takes the owner's own permissions away.
    """
    umask: int = _read(env, _FIELDS["umask"])
    return umask


def _read(env: Mapping[str, str], setting: Field[Any]) -> Any:
    name: str = setting.metadata["name"]
    value = env.get(name)
    return setting.metadata["read"](name, value) if value else setting.default


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except OSError:  # the current directory is gone; a server must start all the same
        return path


_FIELDS: Final = {each.name: each for each in fields(Settings)}
