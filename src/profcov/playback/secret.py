"""Secrets: variables whose values come from the environment and are never shown."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

from profcov.errors import ProfileFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from profcov.playback.profile import Profile

MASK: Final = "***"

_SHORTEST_PART: Final = 4
_NAME: Final = re.compile(
    r"password|passwd|passphrase|passcode|(^|[-_ ])(pass|pw|pwd)$|secret|token(?!s|iz)|api[-_ ]?key|apikey|access[-_ ]?key|private[-_ ]?key|credential"
    r"|^auth$|authorization|csrf|xsrf|jwt|bearer|signature|(^|[-_ ])sig$|^otp$|^pin$|session[-_ ]?(id|key)?$|^sid$",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """Return whether a field, header or parameter of this name holds what is not to be shown."""
    return _NAME.search(name) is not None


def read_secrets(profile: Profile, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the values of a profile's secrets: the command line's, else the environment's, else the recording's.

    Raises:
        ProfileFormatError: there is none.
    """
    environ = os.environ if environ is None else environ
    values = {}
    for name, secret in profile.secrets.items():
        value = profile.variables.get(name, environ.get(secret.env, secret.recorded))
        if value is None:
            problem = f"the environment has no {secret.env}: set it, it is kept out of messages and reports"
            raise ProfileFormatError(profile.path, f"variables.{name}", problem)
        values[name] = str(value)
    return values


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return a message without the secrets, however they are quoted in it, or cut off by an ellipsis."""
    for secret in sorted(set(secrets) - {""}, key=len, reverse=True):
        for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)):
            text = text.replace(form, MASK)
            for length in range(len(form) - 1, _SHORTEST_PART - 1, -1):
                text = text.replace(f"{form[:length]}...", f"{MASK}...")
    return text
