"""Playing the steps of one profile in order: fill in, send, check, save, wait."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from profcov.errors import PlaybackError
from profcov.playback import expectation
from profcov.playback.address import find_origin
from profcov.playback.client import Call
from profcov.playback.failure import StepFailedError
from profcov.playback.polling import tries
from profcov.playback.template import fill, fill_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from profcov.playback.address import Origin
    from profcov.playback.client import Client
    from profcov.playback.polling import Stop
    from profcov.playback.profile import Profile, Request, Step, Wait


def play_steps(
    profile: Profile,
    client: Client,
    *,
    timeout: float,
    stop: Stop,
    done: Callable[[], None] = lambda: None,
    given: Mapping[str, Any] = MappingProxyType({}),
    interval: float | None = None,
) -> dict[str, Any]:
    """Play all steps, and return the variables as they are at the end.

    ``done`` is called after each step. ``timeout`` is for waits that name none, ``interval`` for all; in seconds.
    ``given`` are variables that win over the profile's own.

    Raises:
        PlaybackError: a step failed, or ``stop`` came.
        TargetError: the server cannot be used, see :meth:`Client.send`.
    """
    values: dict[str, Any] = {**profile.variables, **given}
    for step in profile.steps:
        try:
            if stop.is_set():
                raise StepFailedError("playback was stopped before it")  # noqa: TRY301 (one place names slug and step)
            _play_step(step, client, values)
            if step.wait is not None:
                wait = step.wait if interval is None else replace(step.wait, interval=interval)
                _wait_until(wait, client, values, wait.timeout or timeout, stop)
        except StepFailedError as error:
            raise PlaybackError(profile.slug, step.name, client.hide_secrets(str(error))) from error
        done()
    return values


def find_named_origins(profile: Profile) -> set[Origin]:
    """Return the servers that a profile names, in its variables or in its steps.

    An address that only an answer gave is not among them: whoever wrote the profile did not mean that server.
    """
    texts = [str(value) for value in profile.variables.values()]
    values = _OnlyVariables(profile.variables)
    for step in profile.steps:
        texts.append(fill(step.request.path, values))
        if step.wait is not None:
            texts.append(fill(step.wait.path, values))
    return {origin for text in texts if (origin := find_origin(text))}


class _OnlyVariables(dict[str, Any]):
    """The variables; what a step would save is a name that no server has."""

    def __missing__(self, key: str) -> str:
        return "-"


def _play_step(step: Step, client: Client, values: dict[str, Any]) -> None:
    follow = not any(300 <= status < 400 for status in step.expect.status)  # noqa: PLR2004 (redirects, by HTTP)
    call = _fill_in(step.request, values, follow_redirects=follow)
    started = time.monotonic()
    answer = client.send(call)
    expectation.check(answer, step.expect, time.monotonic() - started)
    if step.save:
        values.update(_read_saved(step, answer))


def _fill_in(request: Request, values: Mapping[str, Any], *, follow_redirects: bool) -> Call:
    headers = {name: fill(value, values) for name, value in request.headers.items()}
    if request.has_json and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return Call(
        method=request.method,
        path=_fill_path(request.path, values),
        body=_make_body(request, values),
        form={name: fill(value, values) for name, value in request.form.items()},
        files=_read_files(request),
        query={name: [fill(item, values) for item in items] for name, items in request.query.items()},
        headers=headers,
        follow_redirects=follow_redirects,
    )


def _make_body(request: Request, values: Mapping[str, Any]) -> bytes | None:
    if not request.has_json:
        return None if request.data is None else request.data.encode()
    try:
        return json.dumps(fill_json(request.json, values), allow_nan=False).encode()
    except ValueError as error:  # an earlier answer had NaN, which is no JSON but widely sent
        raise StepFailedError(f"{request.method} {request.path}: cannot be sent as JSON: {error}") from error


def _read_files(request: Request) -> dict[str, tuple[str, bytes]]:
    try:
        return {name: (path.name, path.read_bytes()) for name, path in request.files.items()}
    except OSError as error:
        raise StepFailedError(f"cannot read the file to upload, {error.filename}: {error.strerror}") from error


def _fill_path(template: str, values: Mapping[str, Any]) -> str:
    path = fill(template, values)
    if not path.startswith("/") and find_origin(path) is None:
        raise StepFailedError(f"path {template!r} became {path[:80]!r}, which is neither a path nor a URL")
    return path


def _read_saved(step: Step, answer: requests.Response) -> dict[str, Any]:
    value = expectation.read_json(answer)
    saved = {name: expectation.search(find, value, answer) for name, find in step.save.items()}
    for name, found in saved.items():
        if found is None:
            raise StepFailedError(
                f"{expectation.title(answer)}: cannot save {name}: {step.save[name].expression!r} finds nothing in "
                f"{expectation.excerpt(answer)}",
            )
    return saved


def _wait_until(wait: Wait, client: Client, values: Mapping[str, Any], timeout: float, stop: Stop) -> None:
    call = Call(method="GET", path=_fill_path(wait.path, values))
    for _ in tries(timeout, stop, interval=wait.interval):
        answer = client.send(call)
        expectation.check_status(answer)
        value = expectation.read_json(answer)
        if wait.fail is not None and _is_true(expectation.search(wait.fail, value, answer)):
            raise StepFailedError(
                f"{expectation.title(answer)}: {wait.fail.expression!r} came true: {expectation.excerpt(answer)}",
            )
        if _is_true(expectation.search(wait.until, value, answer)):
            return
    if stop.is_set():
        raise StepFailedError("playback was stopped while it waited")
    raise StepFailedError(
        f"{expectation.title(answer)}: {wait.until.expression!r} was not true within {timeout:g} s, the last answer is "
        f"{expectation.excerpt(answer)}",
    )


def _is_true(value: Any) -> bool:
    """Return whether JMESPath takes a value for true: all but null, false, and empty texts, lists and objects."""
    return value is not None and value is not False and value not in ("", [], {})
