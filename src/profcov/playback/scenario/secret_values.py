"""The values of a profile's secrets: variables that the command line, the environment or the recording gives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from profcov.errors import ProfileFormatError
from profcov.playback.masking.names import is_secret_name
from profcov.playback.scenario.faults import raise_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.playback.scenario.model import Profile


def find_secrets(profile: Profile, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield the values that are not to be shown, as far as they are known before anything is sent."""
    environ = os.environ if environ is None else environ
    yield from (str(value) for name, value in profile.variables.items() if is_secret_name(name))
    for name, secret in profile.secrets.items():
        yield from filter(None, (str(profile.variables.get(name, "")), environ.get(secret.env), secret.recorded))


def read_secrets(profile: Profile, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the values of a profile's secrets: the command line's, else the environment's, else the recording's.

    Raises:
        ProfileFormatError: some have none; all of these are in it.
    """
    environ = os.environ if environ is None else environ
    values, faults = {}, []
    for name, secret in profile.secrets.items():
        value = profile.variables.get(name, environ.get(secret.env, secret.recorded))
        if value is None:
            problem = f"the environment has no {secret.env}: set it, it is kept out of messages and reports"
            faults.append(ProfileFormatError(profile.path, f"variables.{name}", problem, secret.place))
        values[name] = str(value)
    raise_faults(faults)
    return values
