"""Which profiles cover each symbol and run each line: each set of profiles is stored once, because there are far fewer sets than symbols."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from profcov.reading.analysis.overlap import count_line_sets
from profcov.store.line_sets import to_flags

if TYPE_CHECKING:
    from profcov.reading.analysis.matrix import Matrix


def sign_matrix(matrix: Matrix) -> tuple[list[int], list[int], list[str]]:
    """Return for each symbol the number of its set of profiles; how many statements exactly each set runs; and the sets.

    The empty set is the first. A set is base64 of bits, the lowest of the first byte being the first profile's.
    """
    count = len(matrix.profiles)
    places = {bytes(count): 0}
    numbers = [places.setdefault(flags, len(places)) for _, flags in matrix.rows()]
    lines = {
        places.setdefault(to_flags(profiles, count), len(places)): number
        for profiles, number in sorted(count_line_sets(matrix).items())
    }
    return numbers, [lines.get(place, 0) for place in range(len(places))], [_pack(flags) for flags in places]


def unpack_signature(signature: str, profiles: int) -> list[int]:
    """Return the numbers of the profiles in a set."""
    bits = int.from_bytes(base64.b64decode(signature), "little")
    return [number for number in range(profiles) if bits >> number & 1]


def _pack(flags: bytes) -> str:
    bits = int(bytes(flags[::-1]).hex()[1::2] or "0", 2)
    return base64.b64encode(bits.to_bytes((len(flags) + 7) // 8, "little")).decode("ascii")
