"""A profile written in the YAML format, without its secrets, and with the files that it uploads beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfileFormatError, explain
from profcov.playback.formats.document import write_document
from profcov.playback.masking.mask import list_forms
from profcov.playback.masking.text import hide_named
from profcov.playback.scenario.model import JobsWait, Profile, Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from profcov.playback.scenario.model import Expect, Request, Step, Wait

_MIN_SECRET_CHARS: Final = 6
_NOT_TEXT: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a YAML file, and the contents of the files beside it by their path below it."""

    text: str
    files: Mapping[str, bytes]


def write_profile(profile: Profile) -> Written:
    """Return a profile in the YAML format.

    Raises:
        ProfileFormatError: a file to upload cannot be read, or a secret would be in the text.
    """
    files: dict[str, bytes] = {}

    def place(upload: Upload) -> str:
        return _place(profile, upload, files)

    document = _profile_document(profile, place)
    _refuse_secrets(profile, [*_list_texts(document), *chain.from_iterable(map(_decode, files.values()))])
    return Written(write_document(document), files)


def _refuse_secrets(profile: Profile, texts: list[str]) -> None:
    """Return if the texts that are written have no secret of the recording in them, and no body has one by its name.

    Raises:
        ProfileFormatError: there is one.
    """
    for name, secret in profile.secrets.items():
        value = secret.recorded or ""
        if len(value) >= _MIN_SECRET_CHARS and any(form in text for form in list_forms(value) for text in texts):
            problem = "its value is in a body or a name that is written as it stands: take it out of the recording"
            raise ProfileFormatError(profile.path, f"secret {name}", problem)
    for step in profile.steps:
        if any(hide_named(body) != body for body in _list_bodies(step.request.data)):
            problem = (
                "its body has a secret, by its name, and is written as it stands: take the step out of the recording"
            )
            raise ProfileFormatError(profile.path, f"step {step.name!r}", problem)


def _list_bodies(data: str | Upload | None) -> list[str]:
    """Return a body as the texts that it may be; none where it is something else."""
    if isinstance(data, Upload):
        content = data.read()
        return [] if _NOT_TEXT.search(content) else _decode(content)
    return [] if data is None else [data]


def _decode(content: bytes) -> list[str]:
    """Return bytes as a text in UTF-8, and in Latin-1 where that is another."""
    return [content.decode(errors="replace"), *([] if content.isascii() else [content.decode("latin-1")])]


def _list_texts(value: Any) -> Iterator[str]:
    """Yield the keys, texts and numbers of a document, as texts."""
    if isinstance(value, dict | list):
        for item in chain(value, value.values()) if isinstance(value, dict) else value:
            yield from _list_texts(item)
    else:
        yield str(value)


def _place(profile: Profile, upload: Upload, files: dict[str, bytes]) -> str:
    """Return the path of an uploaded file beside the YAML file; two of one name with other contents get a number."""
    try:
        content = upload.read()
    except OSError as error:
        raise ProfileFormatError(profile.path, "", f"cannot read {error.filename}: {explain(error)}") from error
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", upload.name, flags=re.ASCII).lstrip(".-") or "file"
    number = 1
    path = f"{profile.slug}.uploads/{name}"
    while files.setdefault(path, content) != content:
        number += 1
        path = f"{profile.slug}.uploads/{number}-{name}"
    return path


def _profile_document(profile: Profile, place: Callable[[Upload], str]) -> dict[str, Any]:
    secrets = {name: {"env": secret.env} for name, secret in profile.secrets.items()}
    return _without_nothing(
        {
            "slug": str(profile.slug),
            "description": profile.description,
            "base_url": profile.base_url,
            "variables": {**profile.variables, **secrets},
            "steps": [_step_document(step, place) for step in profile.steps],
        }
    )


def _step_document(step: Step, place: Callable[[Upload], str]) -> dict[str, Any]:
    return {"name": step.name, "request": _request_document(step.request, place)} | _without_nothing(
        {
            "expect": _expect_document(step.expect),
            "save": {name: source.document() for name, source in step.save.items()},
            "wait": _wait_document(step.wait) if step.wait is not None else None,
        }
    )


def _request_document(request: Request, place: Callable[[Upload], str]) -> dict[str, Any]:
    files = {
        name: [_upload_document(upload, place(upload)) for upload in uploads] for name, uploads in request.files.items()
    }
    document = _without_nothing(
        {
            "method": request.method,
            "path": request.path,
            "query": {name: _one_or_all(values) for name, values in request.query.items()},
            "headers": dict(request.headers),
            "data": {"path": place(request.data)} if isinstance(request.data, Upload) else request.data,
            "form": {name: _one_or_all(values) for name, values in request.form.items()},
            "files": {name: _one_or_all(entries) for name, entries in files.items()},
        }
    )
    if request.multipart:
        document.setdefault("files", {})
    return document | ({"json": request.json} if request.has_json else {})


def _upload_document(upload: Upload, path: str) -> Any:
    document: dict[str, Any] = {"path": path}
    if upload.name != path.rpartition("/")[2]:
        document["name"] = upload.name
    if upload.type is not None:
        document["type"] = upload.type
    return path if document == {"path": path} else document


def _expect_document(expect: Expect) -> dict[str, Any]:
    document = _without_nothing(
        {
            "status": _one_or_all(expect.status),
            "jmespath": {expression.expression: part for expression, part in expect.finds},
            "headers": dict(expect.headers),
            "text": expect.text,
            "duration": expect.duration,
        }
    )
    return document | ({"json": expect.json} if expect.has_json else {})


def _wait_document(wait: Wait | JobsWait) -> dict[str, Any]:
    if isinstance(wait, JobsWait):
        return {"jobs": True} | _without_nothing({"path": wait.path, "timeout": wait.timeout})
    return _without_nothing(
        {
            "path": wait.path,
            "until": wait.until.expression,
            "fail": wait.fail.expression if wait.fail is not None else None,
            "timeout": wait.timeout,
            "interval": wait.interval,
        }
    )


def _one_or_all(values: tuple[Any, ...] | list[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _without_nothing(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value not in (None, "", [], {})}
