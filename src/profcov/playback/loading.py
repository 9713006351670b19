"""The formats of profiles: which one a file has, by its content, and the profile that it holds."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfileFormatError, explain
from profcov.playback.formats.document import read_document
from profcov.playback.formats.json_text import parse_json, read_text
from profcov.playback.formats.reader import load_profile
from profcov.playback.recorded.building import build, suggest_slug
from profcov.playback.recorded.events.capture import CAPTURE, EVENTS, name_capture, read_events
from profcov.playback.recorded.har.log import read_har
from profcov.playback.recorded.har.text import parse_har
from profcov.playback.recorded.hints import ENDING, find_hints, read_hints
from profcov.playback.scenario.faults import raise_faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from profcov.playback.recorded.correlation import Correlation, Doubt
    from profcov.playback.scenario.model import Profile
    from profcov.slug import Slug

YAML: Final = "yaml"
HAR: Final = "har"
EVENT_LINES: Final = "events"

_IN_FOLDERS: Final = (".yaml", ".yml", ".har")
_ARCHIVES: Final = {b"PK\x03\x04": "a zip archive: unpack it and give the .har in it", b"\x1f\x8b": "gzip: unpack it"}
_POSTMAN_PROBLEM: Final = (
    "a Postman collection, which is not read, because JavaScript joins its requests: run it with Newman through a proxy "
    "that writes a HAR, such as mitmdump --set hardump=FILE, and give that"
)
_SLUG: Final = re.compile(
    r"""^slug:[ \t]+(["']?)([A-Za-z0-9][A-Za-z0-9._-]*)\1[ \t]*(?:#.*)?$""", re.MULTILINE | re.ASCII
)
"""The slug of a profile in block style, where it is one."""

_HAR_START: Final = re.compile(r'\s*\{\s*"log"\s*:')


@dataclass(frozen=True, slots=True)
class Loaded:
    """A profile, the format of its file, and for recorded traffic what was made of it."""

    profile: Profile
    format: str
    correlations: tuple[Correlation, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    notes: tuple[str, ...] = ()


def load_profiles(paths: Iterable[Path], variables: Mapping[str, str] | None = None) -> list[Profile]:
    """Read the profiles of files and directories; ``variables`` replace or add to each one's own.

    Raises:
        ProfileFormatError: a directory has none, or a file fits no format, or two have the same slug; all such files are in it.
    """
    found: dict[Slug, Profile] = {}
    problems: list[ProfileFormatError] = []
    for path in find_files(paths):
        try:
            profile = load(path, variables).profile
            refuse_twice(profile, found)
        except ProfileFormatError as error:
            problems.append(error)
            continue
        found[profile.slug] = profile
    raise_faults(problems)
    return list(found.values())


def refuse_twice(profile: Profile, found: Mapping[Slug, Profile]) -> None:
    """Return if no profile before has this one's slug.

    Raises:
        ProfileFormatError: one has.
    """
    if profile.slug in found:
        problem = f"{profile.slug!r} is already the slug of {found[profile.slug].path}"
        raise ProfileFormatError(profile.path, "slug", problem, profile.slug_place)


def find_slug(path: Path) -> str:
    """Return the slug of a file's profile without reading the profile; of a file that fits no format, the likeliest."""
    try:
        text = _read(path)
        form = _find_format(path, text)
        if form == YAML:
            found = _SLUG.search(text)
            return found[2] if found else str(read_document(path)["slug"])
    except (ProfileFormatError, LookupError, TypeError):
        return suggest_slug(path.name)
    name = name_capture(path) if form == EVENT_LINES else path.name
    with contextlib.suppress(ProfileFormatError):
        return suggest_slug(name, read_hints(find_hints(path)))
    return suggest_slug(name)


def find_files(paths: Iterable[Path]) -> list[Path]:
    """Return the files of profiles: those given, and in directories YAML files, HARs and captured events.

    Raises:
        ProfileFormatError: a directory has none.
    """
    files: list[Path] = []
    for path in paths:
        found = _search(path) if path.is_dir() else [path]
        if not found:
            problem = f"there is no profile in it: no *.yaml, *.yml or *.har, and no {CAPTURE}/{EVENTS}"
            raise ProfileFormatError(path, "", problem)
        files += found
    return list(dict.fromkeys(files))


def load(path: Path, variables: Mapping[str, str] | None = None) -> Loaded:
    """Read the profile of one file.

    Raises:
        ProfileFormatError: it fits no format.
    """
    variables = variables or {}
    text = _read(path)
    form = _find_format(path, text)
    if form == YAML:
        return Loaded(load_profile(path, variables), YAML)
    hints = read_hints(find_hints(path))
    if form == EVENT_LINES:
        traffic = read_events(path, hints)
    else:
        document, rest = parse_har(path, text)
        traffic = read_har(path, document, hints, rest)
    built = build(traffic, hints, variables)
    return Loaded(built.profile, form, built.correlations, built.doubts, built.notes)


def _search(folder: Path) -> list[Path]:
    files = [
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in _IN_FOLDERS and not path.name.endswith(ENDING)
    ]
    captures = [folder / EVENTS, folder / CAPTURE / EVENTS, *folder.glob(f"*/{CAPTURE}/{EVENTS}")]
    return sorted([*files, *(path for path in captures if path.is_file())])


def _read(path: Path) -> str:
    """Return a file's text; name archives for what they are."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise ProfileFormatError(path, "", f"cannot be read: {explain(error)}") from error
    for magic, problem in _ARCHIVES.items():
        if start.startswith(magic):
            raise ProfileFormatError(path, "", problem)
    return read_text(path, errors="replace" if path.suffix.lower() == ".har" else "strict")


def _find_format(path: Path, text: str) -> str:
    if not _HAR_START.match(text) and _begins_with_event(path, text):
        return EVENT_LINES
    if path.name == EVENTS and path.parent.name == CAPTURE:
        return EVENT_LINES
    if path.suffix.lower() == ".har" or _HAR_START.match(text):
        return HAR
    if text.lstrip()[:1] == "{":
        document = _try_json(path, text)
        if _is_postman(document):
            raise ProfileFormatError(path, "", _POSTMAN_PROBLEM)
        if isinstance(document, dict) and "log" in document and "steps" not in document:
            return HAR
    return YAML


def _begins_with_event(path: Path, text: str) -> bool:
    """Return whether the first line is an event, all of it; a profile may have a stage further inside."""
    line = text.lstrip().partition("\n")[0]
    event = _try_json(path, line) if '"stage"' in line else None
    return isinstance(event, dict) and isinstance(event.get("stage"), str) and "steps" not in event


def _is_postman(document: Any) -> bool:
    """Return whether a document is a collection as Postman exports it, or as its API gives it out."""
    if not isinstance(document, dict):
        return False
    collection = document.get("collection", document)
    info = collection.get("info") if isinstance(collection, dict) else None
    return isinstance(info, dict) and ("_postman_id" in info or "getpostman.com" in str(info.get("schema", "")))


def _try_json(path: Path, text: str) -> Any:
    try:
        return parse_json(path, text)
    except ProfileFormatError:
        return None
