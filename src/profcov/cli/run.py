"""``profcov run``: start a server or a worker with its requests and jobs traced, without a change to its code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from profcov import settings
from profcov.cli.answer import note
from profcov.cli.arguments import config_option, data_dir_option, find_config, find_directory
from profcov.cli.run_source import describe, find_application, write_omissions, write_sources
from profcov.errors import as_write_error, explain
from profcov.slug import parse_slug
from profcov.store.files import replace_file
from profcov.store.layout import state_dir
from profcov.store.runs import note_start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from profcov.store.directory import DataDirectory

_CONFIG = "run.ini"


@click.command("run", context_settings={"allow_interspersed_args": False})
@click.option(
    "--source",
    "sources",
    metavar="DIR|PACKAGE",
    multiple=True,
    help="Measure this directory or package. Repeatable.  [default: the coverage configuration, "
    "else the installed application that COMMAND starts]",
)
@click.option(
    "--omit",
    "omissions",
    metavar="PATTERN",
    multiple=True,
    help="Leave out the files that match, and no others. Repeatable; '' for none.  [default: tests and migrations]",
)
@data_dir_option("Where to record.")
@config_option()
@click.option("--slug", help="The whole process belongs to this profile: for scripts, instead of servers.")
@click.argument("words", metavar="COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    *,
    sources: tuple[str, ...],
    omissions: tuple[str, ...],
    data_dir: Path | None,
    config: str | None,
    slug: str | None,
    words: tuple[str, ...],
) -> None:
    """Run COMMAND with tracing on: gunicorn app:app, flask run, uvicorn app:app, rq worker, python -m app.

    Applications are wrapped when their framework makes them, and RQ's workers measure. The command replaces this
    process: signals, output and exit code are the command's.
    """
    if sources and config:
        raise click.UsageError("--source and --config: give one of them; a configuration names its source itself")
    environ = dict(os.environ)
    directory = find_directory(data_dir)
    environ[settings.ENABLE] = "1"
    environ[settings.DIR] = str(directory.path)  # absolute: the command may change its directory
    if slug is not None:
        environ[settings.PROCESS_SLUG] = parse_slug(slug)
    found = None if sources else find_config(config)
    if found is None and (wanted := sources or find_application(words)):
        options = [*write_sources(wanted), *write_omissions(wanted, omissions)]
        found = _write_configuration(directory, options)
    elif omissions:
        raise click.UsageError("--omit goes with --source: a coverage configuration has an omit of its own")
    if found is not None:
        environ[settings.CONFIG] = str(found)
    note(f"profcov: {describe(settings.Settings.from_environ(environ))}")  # report a wrong setting here, not in a log
    environ["PYTHONPATH"] = os.pathsep.join(_list_paths(environ.get("PYTHONPATH", "")))
    environ[settings.RUN] = str(note_start(directory, words))
    _replace_process(words, environ)


def _list_paths(given: str) -> Sequence[str]:
    """Return the directories for ``PYTHONPATH``: ours first, and once."""
    site = str(Path(settings.__file__).resolve().parent / "zero_code" / "site")
    return [site, *(path for path in given.split(os.pathsep) if path and path != site)]


def _write_configuration(directory: DataDirectory, options: Sequence[str]) -> Path:
    """Write a coverage configuration into the data directory, where reports find it, too.

    Raises:
        CoverageWriteError: it cannot be written.
    """
    path = state_dir(directory.path) / _CONFIG
    lines = ["# Written by profcov run.", "[run]", *options]
    try:
        text = "".join(f"{line}\n" for line in lines).encode()
    except UnicodeEncodeError:
        raise click.UsageError("--source: its name is not UTF-8, so it cannot be measured") from None
    with as_write_error(path):
        directory.make_state()
        replace_file(path, [text], directory.umask)  # a server and its workers may start at once
    return path


def _replace_process(words: Sequence[str], environ: dict[str, str]) -> None:
    try:
        sys.stdout.flush()  # such as output of a sitecustomize: exec flushes nothing
        sys.stderr.flush()
        os.execvpe(words[0], list(words), environ)  # noqa: S606 (that is the point)
    except FileNotFoundError:
        raise click.UsageError(
            f"{words[0]!r} is not a command that can be found: look at its spelling, and at PATH"
        ) from None
    except OSError as error:
        raise click.UsageError(f"{words[0]!r} cannot be started: {explain(error)}") from None
