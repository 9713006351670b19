from __future__ import annotations

from profcov.wire.one_line import MAX_CHARS, one_line


def test_what_is_no_printable_ascii_is_a_blank_and_what_is_too_long_is_cut() -> None:
    assert one_line("GET /runs/<id>") == "GET /runs/<id>"
    assert one_line("a\r\nb\u2028c\0ü") == "a  b c  "
    assert len(one_line("x" * 1000)) == len(one_line("ü" * 1000)) == MAX_CHARS
