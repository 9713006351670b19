"""The body of a captured request: what the recording has of it, or that it lacks it."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from profcov.playback.masking.text import hide_named
from profcov.playback.recorded.body import Body, find_form, make_form, parse_body
from profcov.playback.recorded.hints import Form

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.playback.formats.fields import Fields
    from profcov.playback.recorded.hints import Hints

_MAX_PREVIEW: Final = 256
"""Length at which recorders cut a preview of a body, in JavaScript's characters."""

_FORM_TEXT: Final = re.compile(r"[\w.\[\]%+*-]+=[^&=\s]*(&[\w.\[\]%+*-]+=[^&=\s]*)*", re.ASCII)


class LackingError(ValueError):
    """Raised when a recording lacks what a request has sent: it must not be sent without."""


def read_body(meta: Fields, path: str, seeds: Path, hints: Hints) -> Body:
    """Return what a request has sent: ``jsonPayload``, else a form, else a preview that is the whole of it.

    A form has its fields from ``formValues``, its files from the folders below ``seeds``; hints win.

    Raises:
        LackingError: it has sent what is not recorded.
        ProfileFormatError: what is recorded cannot be.
    """
    kind = meta.text("bodyType") if meta.has_text("bodyType") else ""
    has_body = meta.has_something("bodyType") or (meta.has_something("hasBody") and meta.value("hasBody") is not False)
    form = find_form(hints.forms, path) if has_body else None
    if form is not None:
        body = make_form(form, seeds)
        return replace(body, multipart=bool(body.files) or kind == "form-data")
    if meta.has_something("jsonPayload"):
        return _read_json(meta)
    if meta.has_something("formValues") or kind == "form-data":
        return _read_form(meta, path, seeds, hints)
    found = _read_preview(meta, kind)
    if found is None and has_body:
        described = f"a body of type {kind[:40]}" if kind else "a body"
        raise LackingError(f"it has sent {described} that is not recorded: name its fields under forms in {hints.file}")
    return Body() if found is None else found


def _read_json(meta: Fields) -> Body:
    value = meta.value("jsonPayload")
    if not isinstance(value, str):
        return Body(json=meta.json("jsonPayload"), has_json=True)
    body = parse_body(value, "application/json")
    if not body.has_json:
        meta.fail("jsonPayload", f"{hide_named(value)[:40]!r} is not JSON")
    return body


def _read_form(meta: Fields, path: str, seeds: Path, hints: Hints) -> Body:
    """Return a form: its fields as recorded, with the seeds that its other fields, or its endpoint, name."""
    values = meta.mapping("formValues") if meta.has_something("formValues") else ()
    fields = tuple((name, text) for name in values for text in _list_texts(meta.mapping("formValues").value(name)))
    keys = meta.value("formKeys") if "formKeys" in meta else None
    wanted = {key for key in keys if isinstance(key, str)}.difference(values) if isinstance(keys, list) else None
    body = make_form(Form(files=_find_seeds(path, seeds, wanted)), seeds)
    if not (fields or body.files):
        raise LackingError(
            f"it has sent a form that is not recorded, and no file under {seeds} fits {path}: "
            f"name fields and files under forms in {hints.file}"
        )
    lost = sorted((wanted or set()).difference(name for name, _ in body.files))
    note = f"is sent without {', '.join(lost)}: no file under {seeds} has that name" if lost else ""
    return replace(body, form=fields, note=note)


def _list_texts(value: Any) -> list[str]:
    return [
        each if isinstance(each, str) else json.dumps(each) for each in (value if isinstance(value, list) else [value])
    ]


def _find_seeds(path: str, seeds: Path, wanted: set[str] | None) -> dict[str, str]:
    """Return the files of a form, by field: in the folders that the last part of its endpoint names, else in any.

    ``wanted`` are the fields that are files; None where that is not recorded, and the folders decide.
    """
    words = path.rstrip("/").rpartition("/")[2].replace("-", "_").split("_")
    # Not by Path.is_dir, which raises for a name that is too long.
    near = [word for word in words if word.strip(".") and os.path.isdir(seeds / word)]  # noqa: PTH112
    far = sorted(each.name for each in seeds.iterdir() if each.is_dir()) if wanted and seeds.is_dir() else []
    found: dict[str, str] = {}
    for folder in dict.fromkeys((*near, *far)):
        for file in sorted((seeds / folder).iterdir()):
            if file.is_file() and (wanted is None or file.stem in wanted):
                found.setdefault(file.stem, f"{folder}/{file.name}")
    return found


def _read_preview(meta: Fields, kind: str) -> Body | None:
    """Return the body that a preview is, if it was not cut."""
    text = meta.text("bodyPreview") if meta.has_text("bodyPreview") else ""
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if not text or kind not in {"json", "text"} or length > _MAX_PREVIEW:
        return None
    if length == _MAX_PREVIEW and not ("bodyLength" in meta and meta.value("bodyLength") == length):
        return None
    if kind == "json":
        body = parse_body(text, "application/json")
        return body if body.has_json else None
    return parse_body(text, "application/x-www-form-urlencoded" if _FORM_TEXT.fullmatch(text) else "")
