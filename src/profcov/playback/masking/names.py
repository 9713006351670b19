"""The names of what is not to be shown: passwords, tokens, keys, cookies."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"
"""What is shown instead of a secret."""

_NAME: Final = re.compile(
    r"password|passwd|passphrase|passcode|(^|[-_ ])(pass|pw|pwd)$|secret|token(?!s|iz)|api[-_ ]?key|apikey|access[-_ ]?key|private[-_ ]?key|credential"
    r"|^auth$|authorization|csrf|xsrf|jwt|bearer|signature|(^|[-_ ])sig$|^otp$|^pin$|session[-_ ]?(id|key)?$|^sid$|^(set-)?cookies?$",
    re.IGNORECASE,
)

_WORD: Final = re.compile(r"[\w-]+")


def is_secret_name(name: str) -> bool:
    """Return whether a field, header or parameter of this name holds what is not to be shown."""
    return _NAME.search(name) is not None


def has_secret_name(text: str) -> bool:
    """Return whether one of the words of a text, such as the way to a value, is the name of a secret."""
    return any(map(is_secret_name, _WORD.findall(text)))
