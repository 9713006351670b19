"""What a play would send, without sending anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from profcov.playback.client.address import find_origin, join, name_server
from profcov.playback.masking.mask import Mask
from profcov.playback.masking.names import is_secret_name
from profcov.playback.masking.urls import show
from profcov.playback.player.options import find_base_url
from profcov.playback.player.steps import find_named_origins
from profcov.playback.scenario.secret_values import find_secrets
from profcov.playback.scenario.template import SERVER, fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from profcov.playback.player.options import PlayOptions
    from profcov.playback.scenario.model import Profile
    from profcov.slug import Slug


@dataclass(frozen=True, slots=True)
class Planned:
    """One request of a profile; ``is_traced`` is None where the server is known only from an answer.

    ``url`` has variables that a step saves, and those that are secret, as ``{name}``, and of the query only the names:
    values may be secret.
    """

    slug: Slug
    step: str
    method: str
    url: str
    is_traced: bool | None


def plan(profile: Profile, options: PlayOptions) -> Iterator[Planned]:
    """Yield the requests of a profile in order; a ``wait`` counts once.

    Raises:
        ProfileFormatError: neither the profile nor the options name a server.
    """
    base_url = find_base_url(profile, options)
    named = {find_origin(base_url), *find_named_origins(profile)} if options.trace else set()
    given = {**profile.variables, **options.login.saved}
    values = _Known({SERVER: name_server(base_url), **given})
    values.forget((*profile.secrets, *filter(is_secret_name, given)))
    hide = Mask((*find_secrets(profile), *options.cookies.values(), *options.headers.values())).hide
    for step in profile.steps:
        sent = [(step.name, step.request.method, step.request.path, tuple(step.request.query))]
        if step.wait is not None and step.wait.path is not None:
            sent.append((f"{step.name} (wait)", "GET", step.wait.path, ()))
        values.forget(step.save)
        for name, method, path, query in sent:
            url = join(base_url, fill(path, values))
            is_traced = None if named and url.startswith("{") else find_origin(url) in named
            yield Planned(profile.slug, hide(name), method, hide(_show(url, query)), is_traced)


class _Known(dict[str, Any]):
    """The values that are known; any other variable stands for itself."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__(values)

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"

    def forget(self, names: Iterable[str]) -> None:
        for name in names:
            self.pop(name, None)


def _show(url: str, query: Iterable[str]) -> str:
    names = [*(name for name, _ in parse_qsl(url.partition("#")[0].partition("?")[2], keep_blank_values=True)), *query]
    shown = "&".join(f"{name}=..." for name in names)
    return f"{show(url)}?{shown}" if shown else show(url)
