"""What a profile asserts, as texts that can be compared with another profile's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from profcov.playback.masking.mask import Mask
from profcov.playback.masking.text import hide_named
from profcov.playback.scenario.model import Wait
from profcov.playback.scenario.secret_values import find_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.playback.scenario.model import Profile, Request, Step

_ANY_SUCCESS: Final = "200 to 299"


def list_assertions(profile: Profile) -> list[str]:
    """Return what a profile expects of the answers, each once, in its order, without its secrets: ``GET /: status 200``."""
    hide = Mask(find_secrets(profile)).hide
    return list(dict.fromkeys(hide(text) for step in profile.steps for text in _list_of(step)))


def _list_of(step: Step) -> Iterator[str]:
    name, expect = _name(step.request), step.expect
    yield f"{name}: status {' or '.join(map(str, expect.status)) or _ANY_SUCCESS}"
    if expect.has_json:
        yield f"{name}: json {_dump(expect.json)}"
    yield from (f"{name}: {expression.expression} = {_dump(part)}" for expression, part in expect.finds)
    yield from (f"{name}: header {header}: {value}" for header, value in expect.headers.items())
    if expect.text is not None:
        yield f"{name}: text {_dump(expect.text)}"
    if expect.duration is not None:
        yield f"{name}: at most {expect.duration:g} s"
    if isinstance(step.wait, Wait):
        yield f"{name}: in the end {step.wait.until.expression}"


def _name(request: Request) -> str:
    query = "&".join(f"{name}={value}" for name, values in sorted(request.query.items()) for value in values)
    return hide_named(f"{request.method} {request.path}{'?' if query else ''}{query}")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
