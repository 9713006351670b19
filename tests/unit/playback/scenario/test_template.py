from __future__ import annotations

import pytest

from profcov.playback.scenario.template import TemplateError, fill, fill_json, find_names


def test_names_are_found_in_order_and_doubled_braces_are_not_names() -> None:
    assert list(find_names("/a/{one}/{{no}}/{two_2}")) == ["one", "two_2"]


@pytest.mark.parametrize("text", ["{", "}", "a{b c}", "{1a}", "{}", "{a}}", "{{a}"])
def test_a_brace_out_of_place_is_an_error(text: str) -> None:
    with pytest.raises(TemplateError, match=r"has a single '[{}]'"):
        list(find_names(text))


def test_doubled_braces_become_single_ones() -> None:
    assert fill("{{{a}}}", {"a": "x"}) == "{x}"
    assert fill("{{a}}", {"a": "x"}) == "{a}"


@pytest.mark.parametrize(
    ("value", "text"), [("é", "é"), (3, "3"), (True, "true"), (1.5, "1.5"), ({"k": ["é"]}, '{"k": ["é"]}')]
)
def test_a_value_inside_a_text_becomes_text(value: object, text: str) -> None:
    assert fill("<{v}>", {"v": value}) == f"<{text}>"


def test_a_value_with_braces_is_not_filled_in_again() -> None:
    assert fill("{a}", {"a": "{b}", "b": "no"}) == "{b}"


@pytest.mark.parametrize("value", [3, True, None, {"k": 1}, [1, 2], "3"])
def test_a_text_that_is_only_a_variable_keeps_its_type_in_json(value: object) -> None:
    filled = fill_json({"only": "{v}", "list": ["{v}"]}, {"v": value})
    assert filled == {"only": value, "list": [value]}
    assert type(filled["only"]) is type(value)


def test_keys_and_values_that_are_no_text_stay_as_they_are_in_json() -> None:
    assert fill_json({"{v}": [1, None, "a{v}"]}, {"v": 2}) == {"{v}": [1, None, "a2"]}


def test_a_variable_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{a}", {})
