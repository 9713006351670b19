"""Signed slugs: a token proves that the sender of a slug knew the secret, and when.

The tokens are itsdangerous' timestamp signatures (HMAC with SHA-256), compared in constant time.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from itsdangerous import TimestampSigner

_SALT: Final = "profcov.slug"
_MAX_TOKEN_CHARS: Final = 300
_MAX_AHEAD_SECONDS: Final = 5
"""How far the signer's clock may be ahead of this one."""


def sign(slug: str, secret: str) -> str:
    """Return a freshly dated token for a slug."""
    return _signer(secret).sign(slug).decode("ascii")


def is_signed(slug: str, token: str | None, secret: str, max_age: int) -> bool:
    """Return whether a token is this slug's, made with this secret and at most ``max_age`` seconds ago.

    A token slightly from the future is valid, because clocks of hosts differ.
    """
    if token is None or len(token) > _MAX_TOKEN_CHARS or not token.isascii():
        return False
    from itsdangerous import BadData  # noqa: PLC0415 (servers without a secret do without it)

    signer = _signer(secret)
    try:
        signed, made = signer.unsign(token, return_timestamp=True)
    except BadData:
        return False
    age = signer.get_timestamp() - int(made.timestamp())
    return -_MAX_AHEAD_SECONDS <= age <= max_age and signed == slug.encode("ascii")


@functools.lru_cache(maxsize=8)
def _signer(secret: str) -> TimestampSigner:
    from itsdangerous import TimestampSigner  # noqa: PLC0415 (see above)

    return TimestampSigner(secret, salt=_SALT, key_derivation="hmac", digest_method=hashlib.sha256)
