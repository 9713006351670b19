"""The hash of a body: what changes it, and what does not."""

from __future__ import annotations

import ast
import textwrap

import pytest

from profcov.reading.symbols.fingerprint import fingerprint


def hash_of(text: str) -> str | None:
    (definition,) = ast.parse(textwrap.dedent(text).lstrip("\n")).body
    assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return fingerprint(definition.body)


PLAIN = """
    def f(a):
        '''What it does.'''
        if a > 1:
            b = [a, "x", *a]
            return b + a
        return {**a, "k": lambda c: c}
"""
REFORMATTED = '''

    # A comment.
    def other_name(
        a,  # another
    ):
        """Something else is said here."""

        if (a > 1):
            b = [
                a,
                'x',
                *a,
            ]
            return (
                b
                + a
            )  # the end
        return {**a, u"k": (lambda c: c)}
'''


def test_names_layout_comments_quotes_and_docstrings_do_not_change_it() -> None:
    assert hash_of(PLAIN) == hash_of(REFORMATTED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a > 1", "a > 2"),
        ("a > 1", "a >= 1"),
        ('"x"', 'b"x"'),
        ('"x"', '"y"'),
        ("*a]", "a]"),
        ("**a,", "a: 1,"),
        ("b + a", "a + b"),
        ("lambda c: c", "lambda d: d"),
        ("lambda c: c", "lambda *c: c"),
        ("lambda c: c", "lambda c, /: c"),
        ("            return b + a\n", "            return b + a\n            return b + a\n"),
        ("            return b + a\n        return", "            return b + a\n            return"),
    ],
)
def test_everything_that_runs_changes_it(old: str, new: str) -> None:
    assert old in PLAIN
    assert hash_of(PLAIN) != hash_of(PLAIN.replace(old, new))


def test_nested_definitions_have_hashes_of_their_own() -> None:
    outer = "def f():\n    def g():\n        return {}\n    return g\n"
    assert hash_of(outer.format(1)) == hash_of(outer.format(2))
    assert hash_of(outer.format(1)) != hash_of("def f():\n    return g\n")


def test_a_body_of_a_docstring_has_none() -> None:
    assert hash_of("def f():\n    '''Doc.'''\n") is None
    assert hash_of("def f():\n    ...\n") is not None


def test_a_sum_of_thousands_of_terms_is_no_matter() -> None:
    assert hash_of("def f():\n    return " + "1 + " * 900 + "1\n")


def test_it_is_the_same_on_every_python() -> None:
    # Inventories are committed, and compared by whatever Python CI has.
    text = """
        class C:
            x: int = 1
            y = f"{x!r:>{x}} {{}}" "joined"
            async def f(self): ...
            with a as b, c:
                del d[1:2, ...]
            try:
                pass
            except* ValueError:
                raise
            match x:
                case {"k": [1, *_], **rest} | C(x=1) if x:
                    global z
    """
    assert hash_of(text) == "25bf89324e3a386a348f78800a9c2043"


def test_a_body_as_many_have_is_marked_as_slight() -> None:
    for text in ("pass", "return None", "return self.x", "raise NotImplementedError", "..."):
        assert str(hash_of(f"def f(self):\n    {text}\n")).startswith("~"), text
    assert not str(hash_of("def f(self):\n    return self.x + self.y\n")).startswith("~")
