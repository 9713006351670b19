"""Sets of lines, or of other numbered things, as the bits of an integer: line n is bit n."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FLAGS: Final = bytes.maketrans(b"01", b"\0\1")


def to_bits(numbers: Iterable[int]) -> int:
    """Return numbers as the bits of an integer."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def to_numbers(bits: int) -> list[int]:
    """Return the numbers whose bits are set, ascending."""
    return [number for number, bit in enumerate(reversed(f"{bits:b}")) if bit == "1"]


def to_numbits(bits: int) -> bytes:
    """Return bits as coverage.py stores them: number n is bit n % 8 of byte n // 8."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def to_flags(bits: int, count: int) -> bytes:
    """Return ``count`` bits as bytes of 0 or 1, the lowest first."""
    return f"{bits:0{count}b}"[::-1].encode("ascii").translate(_FLAGS)


def unite(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the lines of each file that any part has."""
    union: dict[str, int] = {}
    for part in parts:
        for file, lines in part.items():
            union[file] = union.get(file, 0) | lines
    return union


def count_lines(executed: Mapping[str, int]) -> int:
    """Return how many statements these are."""
    return sum(statements.bit_count() for statements in executed.values())


def unite_lines(parts: Iterable[Mapping[str, Iterable[int]]]) -> dict[str, list[int]]:
    """Return the lines of each file that any part has."""
    found: dict[str, set[int]] = {}
    for part in parts:
        for file, lines in part.items():
            found.setdefault(file, set()).update(lines)
    return {file: sorted(lines) for file, lines in sorted(found.items())}
