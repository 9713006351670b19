"""Hints: what the reader of a recording adds to it, in ``<name>.profcov.yaml`` beside it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from profcov.playback.client.address import find_origin
from profcov.playback.formats.document import read_document
from profcov.playback.formats.fields import Fields, describe
from profcov.playback.formats.reader import NO_SOURCE, check_name
from profcov.playback.formats.request import read_path
from profcov.playback.formats.save import SAVE_KEYS, read_source
from profcov.playback.masking.urls import show_wrong
from profcov.playback.scenario.faults import raise_faults
from profcov.playback.scenario.template import JOB_ID, NAME, SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from profcov.errors import ProfileFormatError
    from profcov.playback.scenario.source import Source

ENDING: Final = ".profcov.yaml"
HINT_KEYS: Final = ("slug", "description", "base_url", "servers", "keep", "variables", "correlate", "forms", "jobs")
KEEPABLE: Final = ("static", "preflight", "noise", "streams")


@dataclass(frozen=True, slots=True)
class Pin:
    """A recorded value is taken from this place of this step's answer; ``name`` is what the variable is to be called."""

    step: int
    source: Source
    name: str | None = None


_NO_PIN: Final = Pin(1, NO_SOURCE)
"""What stands for one that has a fault, while the others are looked at."""


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent to an endpoint, if the recording lacks it: a form, or ``data``, the name of a file."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What a recording lacks, or has wrong; ``file`` is where. ``pin`` and ``off`` are by recorded value.

    ``jobs`` is a template of the path that shows the state of ``{job_id}``.
    """

    file: str
    slug: str | None = None
    description: str | None = None
    base_url: str | None = None
    servers: Mapping[str, str] = field(default_factory=dict)
    keep: frozenset[str] = frozenset()
    variables: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    pin: Mapping[str, Pin] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    forms: Mapping[str, Form] = field(default_factory=dict)
    jobs: str | None = None


def find_hints(recording: Path) -> Path:
    """Return where the hints of a recording are, if there are any: ``shop.profcov.yaml`` beside ``shop.har``."""
    return recording.with_name(f"{strip_ending(recording.name)}{ENDING}")


def strip_ending(name: str) -> str:
    """Return a recording's name without its ending."""
    return re.sub(r"(\.har)?(\.(jsonl?|ya?ml|txt))?$", "", name, flags=re.IGNORECASE)


def read_hints(path: Path) -> Hints:
    """Read hints; without such a file they are empty.

    Raises:
        ProfileFormatError: the file does not fit the format.
    """
    document = read_document(path) if os.path.isfile(path) else None  # noqa: PTH113 (Path.is_file raises if the name is too long)
    if document is None:
        return Hints(path.name)
    faults: list[ProfileFormatError] = []
    fields = Fields(path, "", document, HINT_KEYS, faults=faults)
    correlate = fields.section("correlate", ("pin", "off"))
    pins, forms = correlate.section("pin"), fields.section("forms")
    variables, servers = fields.section("variables"), fields.section("servers")
    for part, name in [*((variables, name) for name in variables), *((servers, name) for name in servers)]:
        check_name(part, name)
    known = {SERVER, JOB_ID, *variables, *servers}
    hints = Hints(
        file=path.name,
        slug=fields.keep(None, fields.optional_text, "slug"),
        description=fields.keep(None, fields.optional_text, "description"),
        base_url=fields.keep(None, _read_url, fields, "base_url") if "base_url" in fields else None,
        servers={name: servers.keep("", _read_url, servers, name) for name in servers},
        keep=frozenset(fields.keep([], _read_keep, fields)),
        variables={name: variables.keep("", variables.scalar, name) for name in variables},
        pin={value: pins.keep(_NO_PIN, _read_pin, pins, value) for value in pins},
        off=frozenset(correlate.keep([], _read_off, correlate)),
        forms={end: forms.keep(Form(), _read_form, forms, end) for end in forms},
        jobs=fields.keep(None, read_path, fields, known, "jobs") if "jobs" in fields else None,
    )
    raise_faults(faults)
    return hints


def _read_url(fields: Fields, key: str) -> str:
    url = fields.text(key)
    if find_origin(url) is None:
        fields.fail(key, f"{show_wrong(url)} is not a URL such as http://127.0.0.1:8000")
    return url.rstrip("/")


def _read_keep(fields: Fields) -> list[str]:
    kinds = list(fields.items("keep")) if "keep" in fields else []
    for kind in kinds:
        if kind not in KEEPABLE:
            fields.fail("keep", f"must be among {', '.join(KEEPABLE)}, not {describe(kind)}")
    return kinds


def _read_off(correlate: Fields) -> list[str]:
    values = correlate.items("off") if "off" in correlate else ()
    for value in values:
        if not isinstance(value, str | int):
            correlate.fail("off", f"each must be a recorded value, not {describe(value)}")
    return [str(value) for value in values]


def _read_pin(pins: Fields, value: str) -> Pin:
    part = pins.mapping(value, ("step", "name", *SAVE_KEYS))
    step = part.value("step")
    if type(step) is not int or step < 1:
        part.fail("step", f"must be the number of a step, not {describe(step)}")
    name = part.optional_text("name")
    if name is not None and NAME.fullmatch(name) is None:
        part.fail("name", "a variable's name has letters, digits and '_', and does not start with a digit")
    place = {key: part.value(key) for key in part if key in SAVE_KEYS}
    return Pin(step, read_source(pins.holding(value, place), value), name)


def _read_form(forms: Fields, end: str) -> Form:
    part = forms.mapping(end, ("form", "files", "data"))
    fields, files = part.mapping("form"), part.mapping("files")
    if "data" in part and ("form" in part or "files" in part):
        part.fail("data", "cannot be sent together with form or files")
    return Form(
        {name: str(fields.scalar(name)) for name in fields},
        {name: files.text(name) for name in files},
        part.optional_text("data"),
    )
