"""The command line's door: find the command, turn errors into exit codes."""

from __future__ import annotations

import sys
from typing import Final

import click

from profcov.cli.group import COMMANDS, LazyGroup
from profcov.errors import CoverageError, PlaybackError, ProfcovError, TargetError
from profcov.store.denial import find_denial
from profcov.version import __version__

__all__ = ["COMMANDS", "exit_code", "main", "profcov"]

FAILED: Final = 1
USAGE: Final = 2
DATA: Final = 3
TARGET: Final = 4
INTERRUPTED: Final = 130


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
    """Return whose the files are, if that is why the system has refused them."""
    denial = find_denial(error)
    return [] if denial is None else [str(denial)]


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit."""
    try:
        code = profcov.main(args=args, prog_name="profcov", standalone_mode=False)
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
    except OSError as error:
        problem = f"profcov: {error.filename}: {error.strerror}" if error.filename else f"profcov: {error}"
        click.echo("; ".join([problem, *_explain(error)]), err=True)
        sys.exit(DATA)
    sys.exit(code if isinstance(code, int) else 0)
