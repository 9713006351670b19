"""Playing the steps of one profile in order: fill in, send, check, save, wait."""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import PlaybackError, TargetError
from profcov.playback import expectation
from profcov.playback.address import find_origin, name_server
from profcov.playback.barrier import wait_for_jobs
from profcov.playback.client import Call
from profcov.playback.failure import StepFailedError
from profcov.playback.jobs import find_job_ids
from profcov.playback.polling import tries
from profcov.playback.profile import JobsWait, Wait
from profcov.playback.secret import is_secret_name, read_secrets
from profcov.playback.template import SERVER, fill, fill_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from profcov.playback.address import Origin
    from profcov.playback.client import Client, FilePart
    from profcov.playback.polling import Stop
    from profcov.playback.profile import Profile, Request, Step, Upload
    from profcov.slug import Slug

_WORD: Final = re.compile(r"[\w-]+")
"""A name in the text of a source, such as ``'data.access_token'`` or ``header X-Api-Key``."""


def play_steps(
    profile: Profile,
    client: Client,
    *,
    timeout: float,
    stop: Stop,
    done: Callable[[], None] = lambda: None,
    given: Mapping[str, Any] = MappingProxyType({}),
    interval: float | None = None,
    redis_url: str | None = None,
) -> dict[str, Any]:
    """Play all steps, and return the variables as they are at the end.

    ``done`` is called after each step. ``timeout`` is for waits that name none, ``interval`` for all; in seconds.
    ``given`` are variables that win over the profile's own. ``redis_url`` is where RQ's jobs are waited for.

    Secrets are not in what is raised.

    Raises:
        PlaybackError: a step failed, or ``stop`` came.
        TargetError: the server cannot be used, see :meth:`Client.send`.
        ProfileFormatError: the environment lacks a secret; nothing has been sent.
    """
    secrets = read_secrets(profile)
    client.add_secrets(secrets.values())
    for name, value in {**profile.variables, **given}.items():
        if is_secret_name(name):
            client.add_secrets(_list_texts(value))
    values = {SERVER: name_server(client.base_url), **profile.variables, **secrets, **given}
    play = _Play(client, values, timeout, interval, stop, profile.slug, redis_url)
    for step in profile.steps:
        try:
            if stop.is_set():
                raise StepFailedError("playback was stopped before it")  # noqa: TRY301 (one place names slug and step)
            _play_step(step, play)
        except StepFailedError as error:
            raise PlaybackError(profile.slug, step.name, client.hide_secrets(str(error))) from error
        except TargetError as error:
            raise type(error)(error.base_url, client.hide_secrets(error.reason)) from error
        done()
    return play.values


def find_named_origins(profile: Profile) -> set[Origin]:
    """Return the servers that a profile names, in its variables or in its steps.

    An address that only an answer gave is not among them: whoever wrote the profile did not mean that server.
    """
    texts = [str(value) for value in profile.variables.values()]
    values = _OnlyVariables(profile.variables)
    for step in profile.steps:
        texts.append(fill(step.request.path, values))
        if isinstance(step.wait, Wait) and step.wait.path is not None:
            texts.append(fill(step.wait.path, values))
    return {origin for text in texts if (origin := find_origin(text))}


class _OnlyVariables(dict[str, Any]):
    """The variables; what a step would save is a name that no server has."""

    def __missing__(self, key: str) -> str:
        return "-"


@dataclass(slots=True)
class _Play:
    """One play: its client and limits, the variables so far, and the jobs that answers have named."""

    client: Client
    values: dict[str, Any]
    timeout: float
    interval: float | None
    stop: Stop
    slug: Slug
    redis_url: str | None
    jobs: list[str] = field(default_factory=list)


def _play_step(step: Step, play: _Play) -> None:
    follow = not any(300 <= status < 400 for status in step.expect.status)  # noqa: PLR2004 (redirects, by HTTP)
    call = _fill_in(step.request, play.values, follow_redirects=follow)
    started = time.monotonic()
    answer = play.client.send(call)
    seconds = time.monotonic() - started
    if isinstance(step.wait, Wait) and step.wait.path is None:
        answer = _wait_until(step.wait, play, call, step.expect.status, answer)
    with _judge(answer):
        expectation.check(answer, step.expect, seconds)
        play.jobs += find_job_ids(answer)
        play.values.update(_read_saved(step, answer, play.client))
    if isinstance(step.wait, JobsWait):
        _wait_for_jobs(step.wait, play)
    elif step.wait is not None and step.wait.path is not None:
        _wait_until(step.wait, play, Call(method="GET", path=_fill_path(step.wait.path, play.values)))


def _fill_in(request: Request, values: Mapping[str, Any], *, follow_redirects: bool) -> Call:
    headers = {name: fill(value, values) for name, value in request.headers.items()}
    if request.has_json and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    return Call(
        method=request.method,
        path=_fill_path(request.path, values),
        body=_make_body(request, values),
        form={name: [fill(value, values) for value in texts] for name, texts in request.form.items()},
        files=_read_files(request),
        multipart=request.multipart,
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


def _read_files(request: Request) -> list[tuple[str, FilePart]]:
    try:
        return [(name, _read_part(upload)) for name, uploads in request.files.items() for upload in uploads]
    except OSError as error:
        raise StepFailedError(f"cannot read the file to upload, {error.filename}: {error.strerror}") from error


def _read_part(upload: Upload) -> FilePart:
    content = upload.read()
    return (upload.name, content) if upload.type is None else (upload.name, content, upload.type)


def _fill_path(template: str, values: Mapping[str, Any]) -> str:
    path = fill(template, values)
    if not path.startswith("/") and find_origin(path) is None:
        raise StepFailedError(f"path {template!r} became {path[:80]!r}, which is neither a path nor a URL")
    return path


@contextlib.contextmanager
def _judge(answer: requests.Response) -> Iterator[None]:
    """Let an answer that nobody thought of fail its step, not the play of all profiles."""
    try:
        yield
    except (ValueError, LookupError) as error:
        raise StepFailedError(f"{expectation.title(answer)}: the answer cannot be read: {error}") from error


def _read_saved(step: Step, answer: requests.Response, client: Client) -> dict[str, Any]:
    saved = {name: source.find(answer) for name, source in step.save.items()}
    for name, found in saved.items():
        if any(map(is_secret_name, (name, *_WORD.findall(str(step.save[name]))))):
            client.add_secrets(_list_texts(found))
    for name, found in saved.items():
        if found is None:
            raise StepFailedError(
                f"{expectation.title(answer)}: cannot save {name}: {step.save[name]} finds nothing in "
                f"{expectation.excerpt(answer)}",
            )
    return saved


def _list_texts(value: Any) -> list[str]:
    """Return the texts and numbers in a value, as texts."""
    if isinstance(value, dict | list):
        return [text for item in (value.values() if isinstance(value, dict) else value) for text in _list_texts(item)]
    return [str(value)] if isinstance(value, str | int | float) and not isinstance(value, bool) else []


def _wait_until(
    wait: Wait,
    play: _Play,
    call: Call,
    status: tuple[int, ...] = (),
    answer: requests.Response | None = None,
) -> requests.Response:
    """Send a request until its answer says so; ``answer`` is the first one, where it is there already."""
    timeout = wait.timeout or play.timeout
    for _ in tries(timeout, play.stop, interval=play.interval or wait.interval):
        answer = answer or play.client.send(call)
        expectation.check_status(answer, status)
        value = expectation.read_json(answer)
        if wait.fail is not None and _is_true(expectation.search(wait.fail, value, answer)):
            raise StepFailedError(
                f"{expectation.title(answer)}: {wait.fail.expression!r} came true: {expectation.excerpt(answer)}",
            )
        if _is_true(expectation.search(wait.until, value, answer)):
            return answer
        last, answer = answer, None
    if play.stop.is_set():
        raise StepFailedError("playback was stopped while it waited")
    raise StepFailedError(
        f"{expectation.title(last)}: {wait.until.expression!r} was not true within {timeout:g} s, the last answer is "
        f"{expectation.excerpt(last)}",
    )


def _wait_for_jobs(wait: JobsWait, play: _Play) -> None:
    if not play.jobs:
        return
    if play.redis_url is None:
        raise StepFailedError(
            f"the answers name the job {play.jobs[0]}, and nothing says how to wait for it: give --redis-url, or a wait "
            "with the path that shows its state",
        )
    timeout = wait.timeout or play.timeout
    pending = wait_for_jobs(play.redis_url, play.slug, timeout, play.stop, also=play.jobs)
    if play.stop.is_set():
        raise StepFailedError("playback was stopped while it waited")
    if pending:
        raise StepFailedError(f"jobs that are still to run after {timeout:g} s: {', '.join(pending)}")
    play.jobs.clear()


def _is_true(value: Any) -> bool:
    """Return whether JMESPath takes a value for true: all but null, false, and empty texts, lists and objects."""
    return value is not None and value is not False and value not in ("", [], {})
