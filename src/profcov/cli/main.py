"""The command line's door: find the command, turn errors into exit codes."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from typing import Final, NoReturn

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


def _leave_unread() -> NoReturn:
    """Exit silently, because the pipe is closed; the interpreter flushes its streams once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.exit(UNREAD)


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit."""
    stdout = sys.stdout
    try:
        columns = min(shutil.get_terminal_size().columns, 80)  # as wide as click itself makes help
        code = profcov.main(args=args, prog_name="profcov", standalone_mode=False, terminal_width=columns)
        sys.stdout.flush()
    except SystemExit:
        if sys.stdout is not stdout:  # click's wrapper of a broken pipe
            _leave_unread()
        raise
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
    except ProfcovError as error:
        for line in "; ".join([str(error), *_explain(error)]).splitlines():
            click.echo(f"profcov: {line}", err=True)
        sys.exit(exit_code(error))
    except BrokenPipeError:
        _leave_unread()
    except OSError as error:
        place = error.filename or ("standard output" if error.errno == errno.ENOSPC else None)
        problem = f"profcov: {place}: {explain(error)}" if place else f"profcov: {error}"
        click.echo("; ".join([problem, *_explain(error)]), err=True)
        sys.exit(DATA)
    sys.exit(code if isinstance(code, int) else 0)
