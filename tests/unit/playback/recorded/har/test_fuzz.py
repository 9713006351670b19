"""Each field of one entry of a good HAR made odd: nothing breaks, and the other entries are played as before."""

from __future__ import annotations

import copy
import random
from typing import TYPE_CHECKING, Any, Final

from recordings import entry, har

from profcov.playback.formats.writer import write_profile
from profcov.playback.loading import load
from profcov.playback.recorded.building import build
from profcov.playback.recorded.har.log import read_har
from profcov.playback.recorded.hints import Hints

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from profcov.playback.scenario.model import Profile, Request

MISSING: Final = object()
ODD: Final[tuple[Any, ...]] = (
    MISSING, None, True, 0, -1, 1e308, 10**30, "", " ", "x", "{}", "\x00", "\ud800", "é\u2028", "{", "-1", "http://[", "//",
    "a" * 70_000, [], [None], [[]], {}, {"": None}, {"name": 1}, [{"name": "\n", "value": "\n"}],
)  # fmt: skip


def rich() -> dict[str, Any]:
    """Return an entry with every field that is read."""
    sent = {"X-A": "a", "Content-Type": "application/json", "Content-Length": "8", "Cookie": "a=b"}
    answered = [("Content-Type", "application/json"), ("Set-Cookie", "a=b"), ("Location", "/runs/7"), ("ETag", '"1"')]
    made = entry("POST /odd?a=1&b=", 201, {"token": "k1k2k3k4k5"}, headers=sent, answer_headers=answered)
    made["request"] |= {
        "bodySize": 8,
        "queryString": [{"name": "a", "value": "1"}],
        "cookies": [{"name": "a", "value": "b"}],
        "postData": {
            "mimeType": "application/json",
            "text": '{"a": 1}',
            "encoding": "utf-8",
            "params": [{"name": "a", "value": "1", "fileName": "f", "contentType": "text/plain"}],
            "_file": "",
        },
    }
    made["response"] |= {
        "statusText": "Created",
        "redirectURL": "",
        "bodySize": 9,
        "_failureText": None,
        "_error": None,
    }
    made["response"]["content"] |= {"encoding": "utf-8", "_file": "", "size": 9}
    return made | {
        "pageref": "page_1",
        "startedDateTime": "2026-01-01T00:00:02Z",
        "time": 12.5,
        "cache": {},
        "timings": {"wait": 1},
        "_resourceType": "xhr",
        "_fromCache": None,
        "_fetchType": "",
    }


def ways(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each part of a JSON value."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*way, key)
        yield from ways(part, (*way, key))


def put(document: Any, way: tuple[str | int, ...], value: Any) -> None:
    for key in way[:-1]:
        document = document[key]
    if value is MISSING:
        del document[way[-1]]
    else:
        document[way[-1]] = value


def read(folder: Path, odd: Any) -> Profile:
    """Return the profile of a HAR in which an odd entry stands between two good ones."""
    before = entry("GET /before", answer={"id": "a1b2c3d4e5"}, startedDateTime="2026-01-01T00:00:01Z")
    after = entry("PUT /after/a1b2c3d4e5", json_body={"b": 2}, startedDateTime="2026-01-01T00:00:03Z")
    document = har(before, odd, after)
    document["log"]["pages"] = [{"id": "page_1", "startedDateTime": None}]
    hints = Hints("shop.profcov.yaml")
    return build(read_har(folder / "shop.har", document, hints), hints, {}).profile


def others(profile: Profile) -> list[Request]:
    return [step.request for step in profile.steps if step.request.path.startswith(("/before", "/after"))]


def test_no_odd_field_of_one_entry_touches_another(tmp_path: Path) -> None:
    expected = others(read(tmp_path, rich()))
    assert len(expected) == 2
    assert others(read(tmp_path, 7)) == expected
    for way in ways(rich()):
        for value in ODD:
            odd = rich()
            put(odd, way, value)
            assert others(read(tmp_path, odd)) == expected, (way, value)


def test_no_number_of_odd_fields_of_one_entry_touches_another(tmp_path: Path) -> None:
    chance, expected = random.Random(15), others(read(tmp_path, rich()))
    for _ in range(100):
        odd = copy.deepcopy(rich())
        for _ in range(chance.randint(2, 6)):
            put(odd, chance.choice(list(ways(odd)) or [("request",)]), chance.choice(ODD))
        profile = read(tmp_path, odd)
        assert others(profile) == expected, odd
        (tmp_path / "again.yaml").write_text(write_profile(profile).text, encoding="utf-8")
        again = load(tmp_path / "again.yaml").profile
        assert [step.request for step in again.steps] == [step.request for step in profile.steps], odd
