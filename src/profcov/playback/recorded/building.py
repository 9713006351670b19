"""A profile made from recorded traffic: cleaned, its polls made waits, its values correlated, its secrets named."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from profcov.errors import InvalidSlugError, ProfileFormatError
from profcov.playback.client.address import find_origin
from profcov.playback.recorded.checks import drop_headers, find_missing_cookies
from profcov.playback.recorded.cleaning import clean
from profcov.playback.recorded.correlation import Correlation, Correlator, Doubt
from profcov.playback.recorded.hints import strip_ending
from profcov.playback.recorded.polls import Turn, find_turns
from profcov.playback.recorded.rewriting import Use, escape, find_values, rewrite
from profcov.playback.recorded.values import is_particular
from profcov.playback.scenario.model import Expect, JobsWait, Profile, Secret, Step
from profcov.playback.scenario.source import TextSource
from profcov.playback.scenario.template import SERVER
from profcov.slug import parse_slug

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profcov.playback.recorded.exchange import Exchange, Traffic
    from profcov.playback.recorded.hints import Hints
    from profcov.playback.scenario.model import Request, Wait
    from profcov.slug import Slug

RUN_ID: Final = "run_id"

_SCHEME: Final = re.compile(r"(Basic|Bearer|Token|Digest|Negotiate|ApiKey) +", re.IGNORECASE)
_RUN_IN_PATH: Final = re.compile(r"/runs/([^/]+)")
_RUN_IN_ANSWER: Final = r'''/runs/{but}([^/?#"'<>\s]+)|"run_?[iI]d"\s*:\s*"([^"]+)"'''
_BUT: Final = r"""(?!{word}(?:[/?#"'<>\s]|$))"""
_RUN_NAMES: Final = frozenset({"run", "run_id", "runid"})
_MAX_SLUG_CHARS: Final = 100
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class Built:
    """A profile with what was found out on the way."""

    profile: Profile
    correlations: tuple[Correlation, ...]
    doubts: tuple[Doubt, ...]
    notes: tuple[str, ...]


def build(traffic: Traffic, hints: Hints, variables: Mapping[str, str]) -> Built:
    """Make a profile; ``variables`` are the command line's.

    Raises:
        ProfileFormatError: nothing is left to play, or there can be no slug.
    """
    slug = _make_slug(traffic, hints)
    cleaned = clean(traffic, hints)
    notes = [*traffic.notes, *cleaned.lacks, *cleaned.notes]
    if not cleaned.kept:
        raise ProfileFormatError(traffic.path, "", f"there is no request to play; {'; '.join(notes) or 'it is empty'}")
    turns = find_turns(cleaned.kept)
    builder = _Builder(traffic, hints, slug, variables, find_values(turn.exchange.sent for turn in turns))
    steps = [builder.build(turn) for turn in turns]
    profile = Profile(
        path=traffic.path,
        slug=slug,
        description=hints.description or traffic.description,
        base_url=hints.base_url or traffic.base_url,
        variables={**hints.servers, **hints.variables, **variables},
        steps=tuple(builder.finish(steps)),
        secrets=builder.secrets,
        lacks=(*traffic.lacks, *cleaned.lacks),
    )
    return Built(
        profile,
        tuple(sorted(builder.correlator.correlations.values(), key=lambda each: (each.uses[0], each.step))),
        tuple(builder.correlator.doubts),
        (*notes, *builder.notes, *find_missing_cookies(cleaned.kept), *builder.find_idle_pins()),
    )


def suggest_slug(name: str, hints: Hints | None = None) -> str:
    """Return the slug of a recording: the one in its hints, else its name as one."""
    return (hints.slug if hints else None) or slugify(strip_ending(name))


def slugify(text: str) -> str:
    """Return a name as a slug: what no slug has becomes ``-``, and ``.coverage`` inside ``-coverage``."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", text.replace(".coverage", "-coverage"), flags=re.ASCII)
    return re.sub(r"-{2,}", "-", slug).lstrip("._-")[:_MAX_SLUG_CHARS].rstrip("._-")


class _Builder:
    """The steps so far, and the variables and secrets that they need."""

    def __init__(
        self, traffic: Traffic, hints: Hints, slug: Slug, variables: Mapping[str, str], wanted: set[str]
    ) -> None:
        self.secrets: dict[str, Secret] = {}
        self.notes: list[str] = []
        self._traffic = traffic
        self._hints = hints
        self._slug = slug
        self._given = {**hints.servers, **hints.variables, **variables}
        self.correlator = Correlator(hints, wanted, {SERVER, *self._given})
        self._servers = {find_origin(url): name for name, url in hints.servers.items()}
        self._base = find_origin(hints.base_url or traffic.base_url or "")
        self._turns: list[Turn] = []
        self._run_id: str | None = RUN_ID if RUN_ID in self._given else None

    def build(self, turn: Turn) -> Request:
        """Return the request of the next step."""
        sent = turn.exchange.sent
        origin = find_origin(sent.url)
        server = "" if origin is None or origin == self._base else f"{{{self._servers[origin]}}}"
        request, dropped = drop_headers(turn.exchange, rewrite(sent, server, self._visit))
        self.notes += dropped
        if turn.polls > 1:
            self.notes.append(
                f"{turn.exchange.place}: asked {turn.polls} times, as a wait: {turn.exchange.sent.parts.path}"
            )
        self._turns.append(turn)
        self.correlator.add_answer(turn.exchange)
        return request

    def finish(self, requests: list[Request]) -> list[Step]:
        """Return the steps: what is saved by one is known only when all have been looked at."""
        saves: dict[int, list[Correlation]] = {}
        for correlation in self.correlator.correlations.values():
            if not 1 <= correlation.step <= len(requests):
                continue
            saves.setdefault(correlation.step, []).append(correlation)
        steps = []
        names = Counter[str]()
        for number, (turn, request) in enumerate(zip(self._turns, requests, strict=True), start=1):
            title = f"{request.method} {request.path.partition('?')[0]}"[:200]
            names[title] += 1
            steps.append(
                Step(
                    name=title if names[title] == 1 else f"{title} ({names[title]})",
                    request=request,
                    expect=Expect(status=_expected(turn.exchange, request)),
                    save={each.variable: each.source for each in saves.get(number, ())},
                    wait=turn.wait or self._wait_for_jobs(number),
                    pause=turn.pause,
                )
            )
        return steps

    def find_idle_pins(self) -> list[str]:
        """Tell which pins no request was about."""
        pinned = {each.value for each in self.correlator.correlations.values() if each.pinned}
        return [
            f"no request after step {pin.step} has the value that is pinned, {value}"
            for value, pin in self._hints.pin.items()
            if value not in pinned
        ]

    def _wait_for_jobs(self, number: int) -> Wait | JobsWait | None:
        """Wait before the next GET and at the end, where the recording does not show how its client did."""
        path = self._hints.jobs or self._traffic.job_path
        after = self._turns[number].exchange.sent.method if number < len(self._turns) else "GET" if path else ""
        waits = self._traffic.wait_for_jobs or self._hints.jobs
        return (
            JobsWait(path=path)
            if waits and after == "GET" and self._turns[number - 1].exchange.sent.method != "GET"
            else None
        )

    def _visit(self, use: Use) -> str | None:
        """Return what replaces a value: a saved variable, the replay's run id, or a secret."""
        template = self.correlator.replace(use)
        if template is None and self._is_run_id(use):
            template = self._replace_run_id(use)
        if template is None and use.is_secret:
            template = self._replace_secret(use)
        return template

    def _is_run_id(self, use: Use) -> bool:
        """Return whether a value is the run's id, and no number or word that happens to be like it."""
        if use.value != self._traffic.run_id or not use.is_text or use.value in self._hints.off:
            return False
        return use.name in _RUN_NAMES or is_particular(use.value)

    def _replace_run_id(self, use: Use) -> str:
        if self._run_id is not None:
            return f"{{{self._run_id}}}"
        if self._turns:
            source = TextSource(_match_run(self._turns[-1].exchange), anywhere=True)
            self._run_id = self.correlator.save(len(self._turns), source, RUN_ID, use.value, use)
            return f"{{{self._run_id}}}"
        self._run_id = name = self.correlator.take_name(RUN_ID)
        self.secrets[name] = Secret(_env_name(self._slug, name))
        self.notes.append(
            f"the recording begins inside run {use.value}: give the replay's own with --var {name}=..., or in "
            f"{self.secrets[name].env}"
        )
        return f"{{{name}}}"

    def _replace_secret(self, use: Use) -> str:
        scheme = _SCHEME.match(use.value)
        start, value = (scheme[0], use.value[scheme.end() :]) if scheme else ("", use.value)
        if not use.is_text:
            self.notes.append(f"step {len(self._turns) + 1}: {use.place} is sent as text: a secret has no other type")
        name = next((name for name, secret in self.secrets.items() if secret.recorded == value), None)
        if name is None:
            name = self.correlator.take_name(use.name or "secret")
            self.secrets[name] = Secret(_env_name(self._slug, name), value)
        return f"{escape(start)}{{{name}}}"


def _match_run(exchange: Exchange) -> re.Pattern[str]:
    """Return how to find the run that an answer names; ``create``, if that was asked for at ``/runs/create``, is not one."""
    word = _RUN_IN_PATH.search(exchange.sent.parts.path)
    but = _BUT.replace("{word}", re.escape(word[1])) if word is not None else ""
    return re.compile(_RUN_IN_ANSWER.replace("{but}", but))


def _env_name(slug: str, name: str) -> str:
    text = re.sub(r"[^A-Z0-9]+", "_", f"{slug}_{name}".upper(), flags=re.ASCII)
    return f"_{text}" if text[0].isdigit() else text


def _expected(exchange: Exchange, request: Request) -> tuple[int, ...]:
    status = exchange.answer.status
    if not status:
        return ()
    conditional = any(name.lower() == "if-none-match" for name in request.headers)
    return (200, _NOT_MODIFIED) if status == _NOT_MODIFIED and not conditional else (status,)


def _make_slug(traffic: Traffic, hints: Hints) -> Slug:
    try:
        return parse_slug(suggest_slug(traffic.name, hints))
    except InvalidSlugError as error:
        raise ProfileFormatError(traffic.path, "slug", f"{error}; give one in {hints.file}") from error
