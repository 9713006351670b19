"""``profcov profiles``: list, check, show and convert profiles of any format."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from profcov.cli.answer import print_answer, print_line
from profcov.cli.arguments import format_option
from profcov.cli.group import CommandGroup
from profcov.cli.main import USAGE
from profcov.errors import ProfileFormatError
from profcov.playback.formats.schema import profile_schema
from profcov.playback.formats.writer import write_profile
from profcov.playback.loading import find_files, load, refuse_twice
from profcov.playback.masking.mask import Mask
from profcov.playback.masking.names import MASK, is_secret_name
from profcov.playback.masking.text import hide_named
from profcov.playback.masking.urls import show
from profcov.playback.recorded.rewriting import is_secret_place
from profcov.playback.scenario.secret_values import find_secrets
from profcov.reading.report.files import write_whole_bytes
from profcov.reading.report.text import plural, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.playback.loading import Loaded
    from profcov.playback.scenario.model import Step

_COLUMNS = ("profile", "format", "requests", "file")
_PATHS = click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


@click.group("profiles", cls=CommandGroup)
def command() -> None:
    """List, check, show and convert profiles, and print the schema of their YAML.

    PATH is a YAML file, a HAR, the events.jsonl of a capture, or a directory of these. The format of a file is
    recognised by its content.
    """


@command.command("list")
@_PATHS
@format_option()
def list_profiles(paths: tuple[Path, ...], form: str) -> None:
    """List profiles: slug, format, number of requests, file."""
    loaded, problems = _load_all(paths)
    if loaded or form == "json":
        print_answer(_COLUMNS, map(_facts, loaded), form, titled=False)
    _report(problems)


@command.command("check")
@_PATHS
@format_option()
def check_profiles(paths: tuple[Path, ...], form: str) -> None:
    """Check profiles: print a line for each problem, and exit with 2 if there is one.

    It also lists what is left out of a recording, and what could not be correlated unambiguously; these are no
    problems.
    """
    loaded, problems = _load_all(paths)
    if form == "json":
        print_answer(_COLUMNS, [{**_facts(each), "notes": _list_notes(each)} for each in loaded], form)
    for each in loaded if form == "text" else ():
        for note in _list_notes(each):
            print_line(f"{each.profile.path}: note: {note}")
        print_line(
            f"{each.profile.path}: {each.profile.slug}: {plural(len(each.profile.steps), 'request')}, well-formed"
        )
    _report(problems)


@command.command("show")
@_PATHS
@click.option(
    "--correlations", is_flag=True, help="Show which recorded values are replaced by live ones, and from where."
)
@format_option()
def show_profiles(paths: tuple[Path, ...], *, correlations: bool, form: str) -> None:
    """Show the steps of profiles as they are played, without secrets."""
    loaded, problems = _load_all(paths)
    shown: list[dict[str, Any]] = []
    for each in loaded:
        lines = (
            _list_correlations(each)
            if correlations
            else _mask([_describe(*pair) for pair in enumerate(each.profile.steps, 1)], each)
        )
        if form == "json":
            shown.append({**_facts(each), "correlations" if correlations else "steps": lines})
            continue
        print_line(f"{each.profile.slug}  {each.format}  {show(each.profile.base_url or 'no base URL')}")
        for line in lines:
            print_line(f"  {line}")
    if form == "json":
        print_answer(_COLUMNS, shown, form)
    _report(problems)


@command.command("convert")
@_PATHS
@click.option(
    "-o",
    "--out",
    metavar="DIR",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the YAML files and their uploads go.",
)
@click.option("--force", is_flag=True, help="Replace existing files.")
@format_option()
def convert_profiles(paths: tuple[Path, ...], *, out: Path, force: bool, form: str) -> None:
    """Write profiles of any format as YAML: DIR/<slug>.yaml.

    Secrets (Authorization, and fields, headers and parameters with names such as password, token and key) become
    variables that playback reads from the environment. Prints the path of each file.
    """
    loaded, problems = _load_all(paths)
    _report(problems)
    written = {str(each.profile.slug): write_profile(each.profile) for each in loaded}
    files = {out / f"{slug}.yaml": each.text.encode() for slug, each in written.items()}
    files |= {out / name: content for each in written.values() for name, content in each.files.items()}
    taken = [path for path in files if path.exists() and not force]
    if taken:
        raise click.UsageError(f"{taken[0]} exists already: remove it, or replace it with --force")
    for path, content in files.items():
        write_whole_bytes(path, [content])
    for each in loaded:
        slug = each.profile.slug
        if form == "text":
            print_line(str(out / f"{slug}.yaml"))
        for name, secret in each.profile.secrets.items():
            click.echo(f"{slug}: {name} is taken from the environment: set {secret.env}", err=True)
        for lack in each.profile.lacks:
            click.echo(f"{slug}: {printable(lack)}", err=True)
    if form == "json":
        variables = {each.profile.slug: [secret.env for secret in each.profile.secrets.values()] for each in loaded}
        rows = [
            {"profile": slug, "file": str(out / f"{slug}.yaml"), "variables": variables[slug]} for slug in variables
        ]
        print_answer(("profile", "file"), rows, form)


def _facts(loaded: Loaded) -> dict[str, Any]:
    profile = loaded.profile
    return {
        "profile": profile.slug,
        "format": loaded.format,
        "requests": len(profile.steps),
        "file": str(profile.path),
    }


@command.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of the YAML format, for editors.

    Keep it beside the profiles, and begin each with the comment: # yaml-language-server: $schema=profile.schema.json
    """
    click.echo(json.dumps(profile_schema(), indent=2))


def _load_all(paths: Sequence[Path]) -> tuple[list[Loaded], list[ProfileFormatError]]:
    """Load all that can be loaded, and return the problems of the others."""
    found: dict[Any, Any] = {}
    loaded, problems = [], []
    for path in find_files(paths):
        try:
            each = load(path)
            refuse_twice(each.profile, found)
        except ProfileFormatError as error:
            problems.append(error)
            continue
        found[each.profile.slug] = each.profile
        loaded.append(each)
    return loaded, problems


def _report(problems: Sequence[ProfileFormatError]) -> None:
    for line in (line for problem in problems for line in str(problem).splitlines()):
        click.echo(f"profcov: {line}", err=True)
    if problems:
        sys.exit(USAGE)


def _list_notes(loaded: Loaded) -> list[str]:
    doubts = [
        f"step {doubt.step}: {doubt.place}: {_show_value(doubt.value, doubt.place)} was not replaced: it may be {' or '.join(doubt.candidates)}; "
        "pin it in the hints, or switch it off"
        for doubt in loaded.doubts
    ]
    return _mask([*loaded.notes, *doubts], loaded)


def _list_correlations(loaded: Loaded) -> list[str]:
    lines = []
    for each in loaded.correlations:
        uses = ", ".join(f"step {step} {place}" for step, place in each.uses)
        pinned = " (pinned)" if each.pinned else ""
        places = (place for _, place in each.uses)
        value = MASK if is_secret_name(each.variable) else _show_value(each.value[:60], *places)
        lines.append(f"{each.variable} = {value}: step {each.step}, {each.source}{pinned} -> {uses}")
    lines += [
        f"ambiguous: {_show_value(doubt.value, doubt.place)} in step {doubt.step} {doubt.place}: {' or '.join(doubt.candidates)}; left as recorded"
        for doubt in loaded.doubts
    ]
    return _mask(lines, loaded) or ["no correlations"]


def _mask(lines: Sequence[str], loaded: Loaded) -> list[str]:
    hide = Mask(find_secrets(loaded.profile)).hide
    return [hide(line) for line in lines]


def _show_value(value: str, *places: str) -> str:
    return MASK if any(map(is_secret_place, places)) else value


def _describe(number: int, step: Step) -> str:
    """Return one line about a step: what is sent, expected, saved and awaited."""
    request = step.request
    body = "json" if request.has_json else "data" if request.data is not None else ""
    if request.form or request.files:
        body = "multipart" if request.files or request.multipart else "form"
    query = "?" + "&".join(request.query) if request.query else ""
    facts = [f"{number:3}  {request.method} {hide_named(request.path)}{query}", *([body] if body else [])]
    if step.expect.status:
        facts.append("expect " + " or ".join(map(str, step.expect.status)))
    if step.save:
        facts.append("save " + ", ".join(step.save))
    if step.wait is not None:
        facts.append(f"wait until {step.wait.until.expression}" if hasattr(step.wait, "until") else "wait for its jobs")
    return "  ".join(facts)
