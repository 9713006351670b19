"""The command line's door: find the command, turn errors into exit codes."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from profcov.errors import CoverageError, PlaybackError, ProfcovError, TargetError
from profcov.store.denial import find_denial
from profcov.version import __version__

COMMANDS: Final = {
    "clean": "Remove what was recorded, by name, age, number or size.",
    "combine": "Merge the shards of profiles into their artifacts.",
    "compare": "What profiles have gained and lost between two matrices.",
    "coverage": "coverage.py's reports of profiles, and never of one process's share.",
    "dashboard": "One HTML page that shows what profiles cover, and what none of them does.",
    "demo": "Play profiles, all at once, against a small real application.",
    "doctor": "Say what this environment can do, and what would go wrong.",
    "matrix": "Which profiles cover which symbols, and what none of them does.",
    "nightly": "Replay all profiles, and say what has changed since the night before.",
    "overhead": "Measure what tracing costs a live server, with its own profiles.",
    "pause": "Stop recording at run time, in all processes of a data directory.",
    "playback": "Replay profiles against a live server.",
    "profiles": "List, check, show and convert profiles: YAML, HAR, captured events.",
    "report": "What each profile runs, symbol by symbol.",
    "resume": "Record again after a pause.",
    "rq": "RQ's own commands, with workers that measure.",
    "run": "Start a server or a worker with tracing on, without a change to its code.",
    "sign": "Print a token for a slug, for clients that cannot sign by themselves.",
    "status": "Show what a data directory holds, and who is at work.",
    "symbols": "List the symbols of a source tree, and check a list of them.",
    "wait": "Return when nobody is at work for profiles any more.",
}
"""Each command's module below ``profcov.cli``, and its line in the help: no module is imported before it is asked for."""

FAILED: Final = 1
USAGE: Final = 2
DATA: Final = 3
TARGET: Final = 4
INTERRUPTED: Final = 130


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"profcov.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


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
