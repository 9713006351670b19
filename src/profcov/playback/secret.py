"""Secrets: variables whose values come from the environment and are never shown."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from profcov.errors import ProfileFormatError
from profcov.playback.faults import raise_faults

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from profcov.playback.profile import Profile

MASK: Final = "***"
"""What is shown instead of a secret."""

_NAME: Final = re.compile(
    r"password|passwd|passphrase|passcode|(^|[-_ ])(pass|pw|pwd)$|secret|token(?!s|iz)|api[-_ ]?key|apikey|access[-_ ]?key|private[-_ ]?key|credential"
    r"|^auth$|authorization|csrf|xsrf|jwt|bearer|signature|(^|[-_ ])sig$|^otp$|^pin$|session[-_ ]?(id|key)?$|^sid$|^(set-)?cookies?$",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Return whether a field, header or parameter of this name holds what is not to be shown."""
    return _NAME.search(name) is not None


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
