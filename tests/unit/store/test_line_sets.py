from __future__ import annotations

import random

from profcov.store.line_sets import count_lines, to_bits, to_flags, to_numbers, to_numbits, unite, unite_lines


def test_numbers_are_bits_as_coverage_py_packs_them() -> None:
    from coverage.numbits import numbits_to_nums, nums_to_numbits

    rng = random.Random(1)
    for _ in range(200):
        numbers = set(rng.sample(range(1, 3000), rng.randrange(0, 40)))
        bits = to_bits(numbers)
        assert to_numbers(bits) == sorted(numbers)
        assert to_numbits(bits) == nums_to_numbits(numbers) if numbers else bits == 0
        assert numbits_to_nums(to_numbits(bits)) == sorted(numbers)


def test_flags_are_the_bits_one_a_byte_the_lowest_first() -> None:
    assert to_flags(to_bits([0, 2]), 4) == b"\1\0\1\0"


def test_the_lines_of_all_parts_are_united_file_by_file() -> None:
    union = unite([{"a.py": to_bits([1, 2])}, {"a.py": to_bits([2, 3]), "b.py": to_bits([7])}])
    assert {file: to_numbers(bits) for file, bits in union.items()} == {"a.py": [1, 2, 3], "b.py": [7]}
    assert count_lines(union) == 4
    assert unite_lines([{"b.py": [3, 1]}, {"b.py": [2], "a.py": [9]}]) == {"a.py": [9], "b.py": [1, 2, 3]}
