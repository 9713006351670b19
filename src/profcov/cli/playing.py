"""What the commands that play profiles share: which profiles, against which server, with which session."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

import click
import urllib3

from profcov.cli.redis_url import redis_url_option
from profcov.playback.client.address import find_origin
from profcov.playback.client.cookies import read_cookie_file
from profcov.playback.formats.request import find_header_problem
from profcov.playback.loading import find_files, find_slug, load, load_profiles
from profcov.playback.masking.urls import show, show_wrong
from profcov.playback.player.options import DEFAULT_TIMEOUT, PlayOptions
from profcov.playback.player.play import list_saved
from profcov.playback.scenario.template import NAME
from profcov.reading.report.text import printable
from profcov.settings import DEFAULT_CONFIG, DEFAULT_DIR, DIR, read_secret, read_umask
from profcov.store.directory import DataDirectory
from profcov.wire.carrier import HEADER, TOKEN_HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from profcov.playback.scenario.model import Profile

_OWN_HEADERS: Final = frozenset({HEADER.lower(), TOKEN_HEADER.lower()})
_COOKIE_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", re.ASCII)
_COOKIE_VALUE: Final = re.compile(r"[!-:<-~]*", re.ASCII)


def check_url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Return an http(s) URL that was given.

    Raises:
        click.BadParameter: it is not valid.
    """
    if value is not None and find_origin(value) is None:
        raise click.BadParameter(f"{show_wrong(value)} is not a URL such as http://127.0.0.1:8000")
    return value


def _read_variables(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    variables = {}
    for number, value in enumerate(values, start=1):
        name, equals, text = value.partition("=")
        if not equals or NAME.fullmatch(name) is None:
            # The value itself is not shown: it may be a secret.
            raise click.BadParameter(f"number {number} is not NAME=VALUE, with a name of letters, digits and _")
        variables[name] = text
    return variables


def _read_cookies(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    cookies = {}
    for number, value in enumerate(values, start=1):
        name, equals, text = value.partition("=")
        if not equals or not _COOKIE_NAME.fullmatch(name) or not _COOKIE_VALUE.fullmatch(text):
            # The value itself is not shown: it may be a secret.
            raise click.BadParameter(f"number {number} is not NAME=VALUE, in characters that a cookie may have")
        cookies[name] = text
    return cookies


def _read_headers(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return headers with ``$NAME`` and ``${NAME}`` replaced from the environment; no message shows a value."""
    headers = {}
    for number, value in enumerate(values, start=1):
        name, equals, text = value.partition("=")
        name = name.strip()
        if not equals or find_header_problem(name, "x") is not None:
            raise click.BadParameter(f"number {number} is not NAME=VALUE, with the name of a header")
        if name.lower() in _OWN_HEADERS:
            raise click.BadParameter(f"{name}: playback adds this header itself, with --trace-code")
        try:
            text = Template(text).substitute(os.environ).strip()
        except KeyError as error:
            raise click.BadParameter(f"{name}: the environment has no {error.args[0]}") from error
        except ValueError as error:
            raise click.BadParameter(f"{name}: a $ that names no variable of the environment is written $$") from error
        if find_header_problem(name, text) is not None:
            raise click.BadParameter(f"{name}: its value cannot be sent in a header")
        headers[name] = text
    return headers


_OPTIONS: Final = (
    redis_url_option(),
    click.option(
        "--data-dir",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=DIR,
        default=DEFAULT_DIR,
        show_envvar=True,
        help=f"Where the server writes its data. [{DEFAULT_DIR}]",
    ),
    click.option(
        "--timeout",
        metavar="S",
        type=click.FloatRange(min=0, max=86_400, min_open=True),
        default=DEFAULT_TIMEOUT,
        help=f"Seconds to wait for an answer, for the jobs, and for work in flight. [{DEFAULT_TIMEOUT:g}]",
    ),
    click.option(
        "--var",
        "variables",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_read_variables,
        help="A variable of the profiles.",
    ),
    click.option(
        "--select", metavar="PATTERN", multiple=True, help="Only profiles whose slug matches: 'us-*'. Repeatable."
    ),
    click.option(
        "--cookie",
        "cookies",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_read_cookies,
        help="A cookie for each profile's server. Repeatable.",
    ),
    click.option(
        "--cookie-file",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Cookies in Netscape's format, each for the server that it names.",
    ),
    click.option(
        "--header",
        "headers",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_read_headers,
        help="A header for the profiles' servers, never shown: 'Authorization=Bearer $TOKEN', from the environment. Repeatable.",
    ),
    click.option(
        "--login",
        metavar="PROFILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="A profile to play first, untraced: the others get its cookies and what it saved.",
    ),
    click.option("--insecure", is_flag=True, help="Accept any certificate."),
)


def play_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that :func:`read_play` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_play(
    paths: Sequence[Path],
    *,
    redis_url: str | None,
    data_dir: Path,
    timeout: float,
    variables: dict[str, str],
    select: Sequence[str],
    cookies: dict[str, str],
    cookie_file: Path | None,
    headers: dict[str, str],
    login: Path | None,
    insecure: bool,
) -> tuple[list[Profile], Profile | None, PlayOptions]:
    """Return the selected profiles, the one to log in with, and how to play them.

    Raises:
        ProfileFormatError: a file does not fit the format.
        CookieFileError: the file of cookies cannot be used.
        click.UsageError: a directory has no profile, or no slug matches a pattern.
    """
    first = load(login, variables).profile if login is not None else None
    saved = dict.fromkeys(list_saved(first), "") if first is not None else {}
    profiles = load_profiles(_choose(paths, select), variables | saved)
    for profile in profiles:
        for lack in profile.lacks:
            click.echo(f"profcov: warning: {profile.slug}: {printable(lack)}", err=True)
    options = PlayOptions(
        redis_url=redis_url,
        directory=DataDirectory(data_dir, read_umask(os.environ)),
        timeout=timeout,
        secret=read_secret(os.environ),
        cookies=cookies,
        cookie_jar=read_cookie_file(cookie_file) if cookie_file is not None else (),
        headers=headers,
        insecure=insecure,
    )
    if insecure:
        click.echo("profcov: warning: --insecure: certificates are not checked", err=True)
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return profiles, first, options


def list_replay_options(data_dir: Path, config_file: Path | None, base_url: str | None = None) -> list[str]:
    """Return the options that replay a profile the same way; leave out those that may hold a secret."""
    options = {
        "--base-url": base_url if base_url is not None and show(base_url) == base_url else None,
        "--data-dir": None if data_dir == Path(DEFAULT_DIR) else data_dir,
        "--config": None if config_file in {None, Path(DEFAULT_CONFIG).absolute()} else config_file,
    }
    return [str(word) for pair in options.items() if pair[1] is not None for word in pair]


def _choose(paths: Sequence[Path], patterns: Sequence[str]) -> Sequence[Path]:
    """Return the files whose slug matches a pattern, all without a pattern; read no other."""
    if not patterns:
        return paths
    slugs = {path: find_slug(path) for path in find_files(paths)}
    for pattern in patterns:
        if not any(fnmatchcase(slug, pattern) for slug in slugs.values()):
            raise click.UsageError(f"--select {pattern!r} matches no profile; there are: {', '.join(slugs.values())}")
    return [path for path, slug in slugs.items() if any(fnmatchcase(slug, pattern) for pattern in patterns)]
