"""Statements of several lines, found by the pattern as the tokenizer finds them."""

from __future__ import annotations

import sys
import sysconfig
import tokenize
from pathlib import Path

import pytest

from profcov.reading.symbols.logical_lines import _scan, _tokenize, find_first_lines

HARD = r'''
x = (1,
  2); y = [
    3]
def f(  # (
    a="(", b="""
)""",
):
    """Doc [
    \""""
    if a and \
       b: return (a
                  )
    # comment (

    return r"\"", '\'', "#", '\
'
z = {
    "}": 1,

}
'''


def test_hard_cases_are_as_the_tokenizer_has_them() -> None:
    compile(HARD, "hard", "exec")
    assert _scan(HARD) == _tokenize(HARD)
    assert len(_tokenize(HARD)) > 10


def test_the_standard_library_is_as_the_tokenizer_has_it() -> None:
    files = [path for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))[::4] if path.is_file()]
    guessed = 0
    for path in files:
        with tokenize.open(path) as file:
            text = file.read()
        found = _scan(text)
        guessed += found is not None
        assert find_first_lines(text) == _tokenize(text), path
    assert guessed > len(files) * 0.9


@pytest.mark.parametrize("text", ["x = (1", "x = '", 'x = f"{d["a', "x = \\ 1"])
def test_what_does_not_add_up_is_left_to_the_tokenizer(text: str) -> None:
    assert _scan(text) is None


@pytest.mark.skipif(sys.version_info < (3, 12), reason="a syntax error before 3.12")
@pytest.mark.parametrize("quote", ['"', "'", '"""'])
def test_a_quote_of_the_same_kind_in_an_f_string_is_left_to_the_tokenizer(quote: str) -> None:
    text = f"x = [f{quote}{{d[{quote}({quote}]}}{quote},\n1]\ny = (2,\n{quote}#{quote})\n"
    compile(text, "same", "exec")
    assert _scan(text) is None
    assert find_first_lines(text) == {2: 1, 4: 3}


def test_a_long_string_without_an_end_takes_no_time() -> None:
    assert _scan('x = f"{d["it\'s ' + "a" * 100_000) is None
