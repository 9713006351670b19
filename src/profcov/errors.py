"""The error tree: each error has a stable code, typed fields, and builds its own message."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, ClassVar, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_FAULTS_SHOWN: Final = 100
_MAX_EXCERPT_CHARS: Final = 600
"""Longest excerpt of file content in a message."""


class ProfcovError(Exception):
    """Root of every error that profcov raises on purpose."""

    code: ClassVar[str] = "profcov"


class InvalidSlugError(ProfcovError, ValueError):
    """Raised when a text cannot be the name of a profile."""

    code = "invalid-slug"

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(
            f"{text[:120]!r} is not a slug: use 1 to 100 letters, digits, '.', '_' or '-', "
            "starting with a letter or digit, without '.coverage' in it",
        )


class SettingsError(ProfcovError, ValueError):
    """Raised when a setting has a value that it cannot have."""

    code = "settings"

    def __init__(self, name: str, value: str, expected: str) -> None:
        self.name = name
        self.value = value
        self.expected = expected
        super().__init__(f"{name}={value!r}: expected {expected}")


class ConfigurationError(ProfcovError, ValueError):
    """Raised when a coverage configuration cannot be used: it cannot be read, or names a plugin that is not installed."""

    code = "configuration"

    def __init__(self, file: object, problem: str) -> None:
        self.file = file
        self.problem = problem
        super().__init__(f"{file or 'the configuration that coverage.py finds'}: {problem}")


class EngineUnavailableError(ProfcovError):
    """Raised when no engine can observe execution in this process."""

    code = "engine"

    def __init__(self, engine: str, reason: str, configuration: Path | None = None) -> None:
        self.engine = engine
        self.reason = reason
        self.configuration = configuration
        self.public = f"the {engine} engine cannot run here: {reason}"
        """The message without paths, for clients."""
        super().__init__(f"{self.public}: {configuration}" if configuration else self.public)


class CoverageError(ProfcovError):
    """Root of the errors about coverage data on disk."""

    code = "coverage"


class CoverageWriteError(CoverageError):
    """Raised when coverage data cannot be written."""

    code = "coverage-write"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot write {path}: {reason}")


class CoverageReadError(CoverageError):
    """Raised when coverage data is missing or cannot be read."""

    code = "coverage-read"

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"cannot read {path}: {reason}")


def explain(error: Exception) -> str:
    """Return what the system reports, without number and path: ``No space left on device``."""
    return getattr(error, "strerror", None) or str(error)


@contextlib.contextmanager
def as_write_error(path: Path, *others: type[Exception]) -> Iterator[None]:
    """Raise what the system, or another library, reports in this block as :class:`CoverageWriteError`."""
    kinds: tuple[type[Exception], ...] = (OSError, *others)
    try:
        yield
    except kinds as error:
        raise CoverageWriteError(path, explain(error)) from error


@contextlib.contextmanager
def as_read_error(path: Path) -> Iterator[None]:
    """Raise what the system reports in this block as :class:`CoverageReadError`."""
    try:
        yield
    except OSError as error:
        raise CoverageReadError(path, explain(error)) from error


class CoverageMergeError(CoverageError):
    """Raised when shards cannot be merged into an artifact."""

    code = "coverage-merge"

    def __init__(self, slug: str, reason: str) -> None:
        self.slug = slug
        self.reason = reason
        super().__init__(f"cannot combine {slug}: {reason}")


class NothingMeasuredError(CoverageMergeError):
    """Raised when the shards of a slug have no line: it was traced, and nothing that is measured ran."""

    code = "nothing-measured"


class CollectorStateError(CoverageError):
    """Raised when a collector cannot do what it is asked to in the state that it is in."""

    code = "collector-state"

    def __init__(self, action: str, reason: str) -> None:
        self.action = action
        self.reason = reason
        super().__init__(f"cannot {action} the collector: {reason}")


class CoverageConfigError(ProfcovError, ValueError):
    """Raised when a collector's configuration has a key or a value that it cannot have; names file and key."""

    code = "coverage-config"

    def __init__(self, key: str, problem: str, path: Path | None = None) -> None:
        self.key = key
        self.problem = problem
        self.path = path
        super().__init__(": ".join(str(part) for part in (path, key, problem) if part))


class LockTimeoutError(CoverageError):
    """Raised when processes still work for a slug after the time allowed for waiting."""

    code = "lock-timeout"

    def __init__(self, slug: str, seconds: float, holders: Sequence[str]) -> None:
        self.slug = slug
        self.seconds = seconds
        self.holders = tuple(holders)
        who = ", ".join(holders) if holders else "unknown processes"
        super().__init__(
            f"{slug} still has work in flight after {seconds:g} s, in {who}: wait for it to end, or raise --timeout",
        )


class SlugPlayedError(CoverageError):
    """Raised when another process plays a slug, whose recording would be spoilt; names that process."""

    code = "slug-played"

    def __init__(self, slug: str, owner: str) -> None:
        self.slug = slug
        self.owner = owner
        super().__init__(f"{slug} is being played by {owner}: wait until that has ended, or stop it")


class JobsPendingError(CoverageError):
    """Raised when jobs of a slug are still to run after the time allowed for waiting."""

    code = "jobs-pending"

    def __init__(self, slug: str, seconds: float, jobs: Sequence[str]) -> None:
        self.slug = slug
        self.seconds = seconds
        self.jobs = tuple(jobs)
        some = ", ".join(jobs[:3]) + (f" and {len(jobs) - 3} more" if len(jobs) > 3 else "")  # noqa: PLR2004
        super().__init__(
            f"{slug} still has RQ jobs to run after {seconds:g} s: {some}; is a worker there for their queue?"
        )


class ProfileFormatError(ProfcovError, ValueError):
    """Raised when a profile file does not fit the format; names file, step and key, and line and column where they are known."""

    code = "profile-format"

    def __init__(self, path: Path, where: str, problem: str, place: tuple[int, int] | None = None) -> None:
        self.path = path
        self.where = where
        self.problem = problem
        self.place = place
        position = f"line {place[0]}, column {place[1]}" if place is not None else ""
        super().__init__(": ".join([str(path), *filter(None, (position, _shorten(where))), _shorten(problem)]))


class ProfileFaultsError(ProfileFormatError):
    """Raised when there are several such faults, in one profile file or in many; a line for each."""

    code = "profile-faults"

    def __init__(self, faults: Sequence[ProfileFormatError]) -> None:
        first = faults[0]
        super().__init__(first.path, first.where, first.problem, first.place)
        self.faults = tuple(faults)
        left = len(faults) - MAX_FAULTS_SHOWN
        more = [f"and {left} more"] if left > 0 else []
        self.args = ("\n".join([*map(str, faults[:MAX_FAULTS_SHOWN]), *more]),)


def _shorten(text: str) -> str:
    """Return text that may come from a file as one printable line, shortened in the middle."""
    text = text if len(text) <= _MAX_EXCERPT_CHARS else f"{text[: _MAX_EXCERPT_CHARS - 200]}...{text[-200:]}"
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class TargetError(ProfcovError):
    """Raised when the server to replay against cannot be used: unreachable, or it does not trace."""

    code = "target"

    def __init__(self, base_url: str, reason: str) -> None:
        self.base_url = base_url
        self.reason = reason
        super().__init__(f"{base_url}: {reason}")


class TargetUnreachableError(TargetError):
    """Raised when no server answers at the address: it may be there a moment later."""

    code = "target-unreachable"


class CookieFileError(ProfcovError, ValueError):
    """Raised when a file of cookies cannot be used; shows nothing of its content."""

    code = "cookie-file"

    def __init__(self, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


class PlaybackError(ProfcovError):
    """Raised when a step of a profile fails: a wrong answer, a failed job, a time-out."""

    code = "playback"

    def __init__(self, slug: str, step: str, reason: str) -> None:
        self.slug = slug
        self.step = step
        self.reason = reason
        super().__init__(f"{slug}: step {step!r}: {reason}")
