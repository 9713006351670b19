"""The command line's door: find the command, turn errors into exit codes."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from typing import Final

import click

from profcov.cli.group import COMMANDS, LazyGroup
from profcov.errors import CoverageError, PlaybackError, ProfcovError, TargetError, explain
from profcov.store.denial import find_denial
from profcov.version import __version__

__all__ = ["COMMANDS", "exit_code", "main", "profcov"]

FAILED: Final = 1
USAGE: Final = 2
DATA: Final = 3
TARGET: Final = 4
INTERRUPTED: Final = 130
UNREAD: Final = 141
"""A shell's exit code for a program that writes to a closed pipe: 128 and SIGPIPE's number."""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="profcov")
def profcov() -> None:
    """Which code does each end-to-end scenario run?"""


def exit_code(error: ProfcovError) -> int:
    """Return the exit code of an error: 1 a gate failed, 2 usage, 3 data, 4 target."""
    if isinstance(error, TargetError):
        return TARGET
    if isinstance(error, PlaybackError):
        return FAILED
    if isinstance(error, CoverageError):
        return DATA
    return USAGE


def _explain(error: Exception) -> list[str]:
    """Return the owner of the files, if that is why the system refused them."""
    denial = find_denial(error)
    return [] if denial is None else [str(denial)]


def _drop_output() -> None:
    """Let what is still buffered go nowhere: the interpreter flushes its streams once more when it ends, and reports a failure."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit."""
    code = _run(args)
    try:
        sys.stdout.flush()
    except OSError as error:
        code = _report(error)
    sys.exit(code)


def _run(args: list[str] | None) -> int:
    stdout = sys.stdout
    try:
        columns = min(shutil.get_terminal_size().columns, 80)  # as wide as click itself makes help
        code = profcov.main(args=args, prog_name="profcov", standalone_mode=False, terminal_width=columns)
    except SystemExit:
        if sys.stdout is not stdout:  # click's wrapper of a broken pipe
            _drop_output()
            return UNREAD
        raise
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except ProfcovError as error:
        for line in "; ".join([str(error), *_explain(error)]).splitlines():
            click.echo(f"profcov: {line}", err=True)
        return exit_code(error)
    except OSError as error:
        return _report(error)
    return code if isinstance(code, int) else 0


def _report(error: OSError) -> int:
    """Print what the system has refused, and return the exit code; nothing is printed if nobody reads."""
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return UNREAD
    place = error.filename or ("standard output" if error.errno == errno.ENOSPC else None)
    problem = f"profcov: {place}: {explain(error)}" if place else f"profcov: {error}"
    click.echo("; ".join([problem, *_explain(error)]), err=True)
    if error.filename is None:
        _drop_output()
    return DATA
