"""Which profiles cover each symbol: each set of profiles is kept once, for there are far fewer sets than symbols."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from profcov.analysis.matrix import Matrix


def sign_symbols(matrix: Matrix) -> tuple[list[int], list[str]]:
    """Return for each symbol the number of its set of profiles, and the sets, the empty one first.

    A set is base64 of bits, the lowest of the first byte being the first profile's.
    """
    places = {bytes(len(matrix.profiles)): 0}
    numbers = [places.setdefault(flags, len(places)) for _, flags in matrix.rows()]
    return numbers, [_pack(flags) for flags in places]


def unpack(signature: str, profiles: int) -> list[int]:
    """Return the numbers of the profiles in a set."""
    bits = int.from_bytes(base64.b64decode(signature), "little")
    return [number for number in range(profiles) if bits >> number & 1]


def _pack(flags: bytes) -> str:
    bits = int(bytes(flags[::-1]).hex()[1::2] or "0", 2)
    return base64.b64encode(bits.to_bytes((len(flags) + 7) // 8, "little")).decode("ascii")
