"""Playing the steps of one profile in order: fill in, send, check, save, wait."""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import PlaybackError, TargetError
from profcov.playback.client.address import find_origin, name_server
from profcov.playback.client.answers import excerpt, title
from profcov.playback.client.call import Call
from profcov.playback.client.failure import StepFailedError
from profcov.playback.masking.names import has_secret_name, is_secret_name
from profcov.playback.masking.text import list_texts
from profcov.playback.player.filling import fill_in, fill_path
from profcov.playback.player.jobs import find_job_ids
from profcov.playback.player.judge import check
from profcov.playback.player.waiting import Play, wait_for_named_jobs, wait_until
from profcov.playback.scenario.model import JobsWait, Wait
from profcov.playback.scenario.secret_values import read_secrets
from profcov.playback.scenario.template import SERVER, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from profcov.playback.client.address import Origin
    from profcov.playback.client.client import Client
    from profcov.playback.player.polling import Stop
    from profcov.playback.scenario.model import Profile, Step

MAX_PAUSE_SECONDS: Final = 60.0
"""The seconds of a pause between two steps that are played, however long it was when it was recorded."""


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
    think_time: float = 0.0,
) -> dict[str, Any]:
    """Play all steps, and return the variables as they are at the end.

    ``done`` is called after each step. ``timeout`` is for waits that name none, ``interval`` for all; in seconds.
    ``given`` are variables that win over the profile's own. ``redis_url`` is where RQ's jobs are waited for. Before each
    step passes ``think_time`` times the pause that was recorded, at most :data:`MAX_PAUSE_SECONDS` seconds.

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
            client.add_secrets(list_texts(value))
    values = {SERVER: name_server(client.base_url), **profile.variables, **secrets, **given}
    play = Play(client, values, timeout, interval, stop, profile.slug, redis_url)
    for step in profile.steps:
        try:
            pause = min(step.pause * think_time, MAX_PAUSE_SECONDS)
            if stop.is_set() or (pause > 0 and stop.wait(pause)):
                raise StepFailedError("playback was stopped before it")  # noqa: TRY301 (one place names slug and step)
            _play_step(step, play)
        except StepFailedError as error:
            problem = "; ".join([str(error), *client.notes])
            raise PlaybackError(profile.slug, client.hide_secrets(step.name), client.hide_secrets(problem)) from error
        except TargetError as error:
            raise type(error)(error.base_url, client.hide_secrets(error.reason)) from error
        done()
    return play.values


def find_named_origins(profile: Profile) -> set[Origin]:
    """Return the servers that a profile names, in its variables or in its steps.

    An address that only an answer gave is not among them: the profile's author did not mean that server.
    """
    texts = [str(value) for value in profile.variables.values()]
    values = _OnlyVariables(profile.variables)
    for step in profile.steps:
        texts.append(fill(step.request.path, values))
        if step.wait is not None and step.wait.path is not None:
            texts.append(fill(step.wait.path, values))
    return {origin for text in texts if (origin := find_origin(text))}


class _OnlyVariables(dict[str, Any]):
    """The variables; what a step would save is a name that no server has."""

    def __missing__(self, key: str) -> str:
        return "-"


def _play_step(step: Step, play: Play) -> None:
    follow = not any(300 <= status < 400 for status in step.expect.status)  # noqa: PLR2004 (redirects, by HTTP)
    call = fill_in(step.request, play.values, follow_redirects=follow)
    answer = play.client.send(call)
    if isinstance(step.wait, Wait) and step.wait.path is None:
        answer = wait_until(step.wait, play, call, step.expect.status, answer)
    with _judge(answer):
        check(answer, step.expect, play.client.seconds)
        play.jobs += find_job_ids(answer)
        play.values.update(_read_saved(step, answer, play.client))
    if isinstance(step.wait, JobsWait):
        wait_for_named_jobs(step.wait, play)
    elif step.wait is not None and step.wait.path is not None:
        wait_until(step.wait, play, Call(method="GET", path=fill_path(step.wait.path, play.values)))


@contextlib.contextmanager
def _judge(answer: requests.Response) -> Iterator[None]:
    """Let an answer that cannot be read fail its step, not the play of all profiles."""
    try:
        yield
    except (ValueError, LookupError) as error:
        raise StepFailedError(f"{title(answer)}: the answer cannot be read: {error}") from error


def _read_saved(step: Step, answer: requests.Response, client: Client) -> dict[str, Any]:
    saved = {name: source.find(answer) for name, source in step.save.items()}
    for name, found in saved.items():
        if is_secret_name(name) or has_secret_name(str(step.save[name])):
            client.add_secrets(list_texts(found))
    for name, found in saved.items():
        if found is None:
            raise StepFailedError(
                f"{title(answer)}: cannot save {name}: {step.save[name]} finds nothing in {excerpt(answer)}",
            )
    return saved
