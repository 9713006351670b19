from __future__ import annotations

import pytest

from profcov.wire.labels import is_job, name_job, read_function, read_ident, read_name, write_label, write_other

JOB = name_job("shop.jobs.charge")


@pytest.mark.parametrize(
    ("ident", "name", "label"),
    [
        ("", "", "profile:shop"),
        ("", "GET /carts/<id>", "profile:shop|GET /carts/<id>"),
        ("", JOB, "profile:shop|job:shop.jobs.charge"),
        ("7f3a", "", "profile:shop:7f3a"),
        ("7f3a", JOB, "profile:shop:7f3a|job:shop.jobs.charge"),
    ],
)
def test_what_is_written_in_a_label_is_read_back(ident: str, name: str, label: str) -> None:
    assert write_label("profile", "shop", ident, name) == label
    assert (read_ident(label), read_name(label)) == (ident or "shop", name)
    assert read_function(label) == ("shop.jobs.charge" if name == JOB else None)
    assert is_job(name) == (name == JOB)


def test_a_label_is_one_line_of_ascii_however_long_a_name_is() -> None:
    assert write_label("profile", "shop", "a\nb", "GET /\u00fc" + "x" * 300) == "profile:shop:a b|GET / " + "x" * 194


@pytest.mark.parametrize(
    ("label", "other"),
    [
        ("profile:shop|GET /carts/7", "profile:shop|other"),
        ("profile:shop:7f3a", "profile:shop|other"),
        ("profile:shop:7f3a|job:shop.jobs.charge", "profile:shop|job:other"),
    ],
)
def test_those_who_come_too_late_have_one_label_and_jobs_another(label: str, other: str) -> None:
    assert write_other("profile", "shop", label) == other
