from __future__ import annotations

from profcov import reasons
from profcov.wire import statuses

VALUES = {value for name, value in vars(statuses).items() if name.isupper() and isinstance(value, str)}


def test_each_status_is_a_plain_string_in_one_line_as_wsgi_wants_it() -> None:
    assert {type(value) for value in VALUES} == {str}
    assert all(value.isascii() and value.isprintable() for value in VALUES)


def test_each_refusal_that_loses_lines_has_its_reason_and_each_such_reason_its_refusal() -> None:
    assert set(statuses.MISSED) <= VALUES
    refused = {value for name, value in vars(reasons).items() if name.startswith("REFUSED")}
    assert sorted(statuses.MISSED.values()) == sorted(refused)


def test_a_reason_that_is_found_there_is_one_line() -> None:
    assert statuses.unsupported("no\nroom\u00a0") == "unsupported; no room "
    assert statuses.split_status("unsupported; no room") == ("unsupported", "no room")
    assert statuses.split_status("traced") == ("traced", "")
