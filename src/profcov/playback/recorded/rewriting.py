"""A recorded request as a step sends it: its values looked at one by one, those that are the client's own left as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, unquote_plus

from profcov.playback.client.address import name_server
from profcov.playback.masking.names import is_secret_name
from profcov.playback.recorded.values import find_tokens, is_id_name, singular, snake_case
from profcov.playback.scenario.model import Request, Upload
from profcov.playback.scenario.template import SERVER
from profcov.wire.carrier import HEADER, TOKEN_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from profcov.playback.recorded.exchange import Sent

_DROPPED: Final = frozenset(
    [
        "accept-encoding",
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "dnt",
        "host",
        "if-modified-since",
        "if-none-match",
        "keep-alive",
        "origin",
        "pragma",
        "priority",
        "proxy-connection",
        "purpose",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "upgrade-insecure-requests",
        "user-agent",
        "x-client-data",
        "x-devtools-emulate-network-conditions-client-id",
        "baggage",
        "traceparent",
        "tracestate",
    ]
)
_OWN_ADDRESS: Final = {"origin": "", "referer": "/"}
"""Headers that applications compare with their own address before they change anything, and what follows it there."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CONDITIONS: Final = frozenset({"if-none-match"})
_DROPPED_STARTS: Final = ("sec-", "access-control-request-")


@dataclass(frozen=True, slots=True)
class Use:
    """A value of a request: ``place`` as messages name it, ``name`` what it is called there.

    ``names_id``: the place is one for ids; ``is_text`` is false for a JSON number.
    """

    place: str
    name: str
    value: str
    names_id: bool = False
    is_text: bool = True

    @property
    def is_secret(self) -> bool:
        """Whether the value is one that is not to be shown or written. Below a secret's name, only texts are."""
        return bool(self.value) and is_secret_place(self.place, whole=self.is_text)


def is_secret_place(place: str, *, whole: bool = True) -> bool:
    """Return whether the names of a place are those of secrets: one of all keys on the way, or the last one."""
    kind, _, way = place.partition(" ")
    names = way.split(".")
    return kind != "path" and any(is_secret_name(name) for name in (names if whole else names[-1:]))


def escape(text: str) -> str:
    """Return the template of a text without variables."""
    return text.replace("{", "{{").replace("}", "}}")


def rewrite(sent: Sent, server: str, visit: Callable[[Use], str | None]) -> Request:
    """Return the request that a step sends; ``server`` stands before the path, empty for the profile's own."""

    def fill(use: Use) -> str:
        template = visit(use)
        return escape(use.value) if template is None else template

    query, rest = _rewrite_query(sent.parts.query, fill)
    return Request(
        path=server + _rewrite_path(sent.parts.path or "/", fill) + rest,
        method=sent.method,
        json=_rewrite_json(sent.body.json, fill, (), _MAX_DEPTH) if sent.body.has_json else None,
        has_json=sent.body.has_json,
        form=_rewrite_form(sent.body.form, fill),
        files=_group(sent.body.files),
        multipart=sent.body.multipart,
        data=Upload("body.bin", content=sent.body.text) if isinstance(sent.body.text, bytes) else sent.body.text,
        query=query,
        headers=_rewrite_headers(sent, visit),
    )


_MAX_DEPTH: Final = 200


def find_values(requests: Iterable[Sent]) -> set[str]:
    """Return the values of requests, and the words in them."""
    found: set[str] = set()

    def note(use: Use) -> None:
        found.add(use.value)
        found.update(token for _, token in find_tokens(use.value))

    for sent in requests:
        rewrite(sent, "", note)
    return found


def _rewrite_path(path: str, fill: Callable[[Use], str]) -> str:
    segments = path.split("/")
    templates = []
    for number, segment in enumerate(segments):
        before = unquote(segments[number - 1]) if number else ""
        if not segment or "%" in segment:
            templates.append(escape(segment))
            continue
        named = singular(snake_case(before))
        name = named if is_id_name(named) or not named else f"{named}_id"
        templates.append(fill(Use(f"path segment {number}", name, segment, names_id=True)))
    return "/".join(templates)


def _rewrite_query(query: str, fill: Callable[[Use], str]) -> tuple[dict[str, tuple[str, ...]], str]:
    """Return the parameters; or, if they cannot be separated from the text, none and the text to append to the path."""
    if not query:
        return {}, ""
    pairs = parse_qsl(query, keep_blank_values=True)
    names = [name for name, _ in pairs]
    apart = any(names[number] in names[:number] and names[number] != names[number - 1] for number in range(len(names)))
    if apart or len(pairs) != len(query.split("&")) or any("=" not in part for part in query.split("&")):
        return {}, "?" + "&".join(_rewrite_parameter(part, fill) for part in query.split("&"))
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        template = fill(Use(f"query {name}", snake_case(name), value, is_id_name(name)))
        found[name] = (*found.get(name, ()), template)
    return found, ""


def _rewrite_parameter(part: str, fill: Callable[[Use], str]) -> str:
    """Return a parameter as it stands in the text of a query, where its value stays quoted."""
    name, equals, value = part.partition("=")
    if not equals:
        return escape(part)
    plain = unquote_plus(name)
    return f"{escape(name)}={fill(Use(f'query {plain}', snake_case(plain), value, is_id_name(plain)))}"


def _rewrite_form(fields: tuple[tuple[str, str], ...], fill: Callable[[Use], str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in fields:
        template = fill(Use(f"form {name}", snake_case(name), value, is_id_name(name)))
        found[name] = (*found.get(name, ()), template)
    return found


def _group(files: tuple[tuple[str, Upload], ...]) -> Mapping[str, tuple[Upload, ...]]:
    found: dict[str, tuple[Upload, ...]] = {}
    for name, upload in files:
        found[name] = (*found.get(name, ()), upload)
    return found


def _rewrite_json(value: Any, fill: Callable[[Use], str], keys: tuple[str, ...], depth: int) -> Any:
    if isinstance(value, dict) and depth:
        return {key: _rewrite_json(item, fill, (*keys, key), depth - 1) for key, item in value.items()}
    if isinstance(value, list) and depth:
        return [_rewrite_json(item, fill, keys, depth - 1) for item in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    name = keys[-1] if keys else ""
    place = f"json {'.'.join(keys)}".strip()
    if isinstance(value, str):
        return fill(Use(place, snake_case(name), value, is_id_name(name)))
    use = Use(place, snake_case(name), _to_text(value), is_id_name(name), is_text=False)
    template = fill(use)
    return value if template == use.value else template


def _to_text(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # thousands of digits
        return ""


def _rewrite_headers(sent: Sent, visit: Callable[[Use], str | None]) -> dict[str, str]:
    """Return the headers that are the client's own; a condition only where its value comes from an answer."""
    found = {}
    for name, value in sent.headers:
        lower = name.lower()
        if lower.startswith(_DROPPED_STARTS) or lower in {HEADER.lower(), TOKEN_HEADER.lower()} or not value.strip():
            continue
        if lower == "content-type" and not _keeps_type(sent, value):
            continue
        if lower == "content-encoding" and not isinstance(sent.body.text, bytes):
            continue  # the recording has the body as it was before
        if lower in _OWN_ADDRESS and sent.method not in _SAFE and sent.origin and name_server(value) == sent.origin:
            found[name] = f"{{{SERVER}}}{_OWN_ADDRESS[lower]}"
            continue
        if (lower in _DROPPED and lower not in _CONDITIONS) or (lower == "accept" and value == "*/*"):
            continue
        template = visit(Use(f"header {name}", snake_case(name), value.strip()))
        if template is not None or lower not in _CONDITIONS:
            found[name] = escape(value.strip()) if template is None else template
    return found


def _keeps_type(sent: Sent, value: str) -> bool:
    """Return whether playback would not make this content type by itself."""
    if sent.body.has_json:
        return value.partition(";")[0].strip().lower() != "application/json"
    return sent.body.text is not None
