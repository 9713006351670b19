"""The group of all commands: listed by task, imported on use, and suggested when one is mistyped."""

from __future__ import annotations

import copy
import difflib
import importlib
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from profcov.cli.answer import quiet_option

if TYPE_CHECKING:
    from collections.abc import Iterable

TASKS: Final = {
    "Record": {
        "run": "Run a server or a worker with its requests and jobs traced.",
        "rq": "Run RQ's own commands, with workers that measure.",
        "doctor": "Check what this environment can do, and what would go wrong.",
        "pause": "Stop recording in all processes of a data directory.",
        "resume": "Record again after a pause.",
        "sign": "Print a token for a slug, for clients that cannot sign.",
    },
    "Play": {
        "playback": "Replay profiles against a live server.",
        "profiles": "List, check, show and convert profiles of any format.",
        "nightly": "Replay all profiles, and report what has changed.",
        "overhead": "Measure what tracing costs a live server.",
        "demo": "Play profiles against a small real application.",
    },
    "Keep": {
        "status": "Show what a data directory holds, and what is in flight.",
        "wait": "Wait until no process has work in flight for profiles.",
        "combine": "Merge the shards of profiles into their artifacts.",
        "clean": "Remove what was recorded, by name, age, number or size.",
    },
    "Report": {
        "report": "Report what each profile runs, symbol by symbol.",
        "matrix": "Compare what profiles run, and find what no profile runs.",
        "dashboard": "Make one HTML page of all that.",
        "minimise": "Find the profiles that run everything in the least time.",
        "compare": "Compare two matrices: what profiles gained and lost.",
        "coverage": "Run coverage.py's reports on profiles together.",
        "symbols": "List the symbols of a source tree.",
    },
    "Set up": {
        "completion": "Print a script with which a shell completes commands.",
    },
}
"""Each command's module below ``profcov.cli``, and its line in the help, by task: a module is imported on use only."""
COMMANDS: Final = {name: line for commands in TASKS.values() for name, line in commands.items()}


def suggest(given: str, known: Iterable[str]) -> str:
    """Return ``; did you mean ...?``, or an empty text if nothing known is similar."""
    close = difflib.get_close_matches(given, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


class CommandGroup(click.Group):
    """A group that suggests a command for a mistyped one; its commands have ``-q``."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command."""
        found = super().get_command(ctx, cmd_name)
        return None if found is None else add_quiet(found)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant.

        Raises:
            click.UsageError: there is none of that name.
        """
        name = args[0]
        if not name.startswith("-") and not ctx.resilient_parsing and self.get_command(ctx, name) is None:
            ctx.fail(f"no such command: {name}{suggest(name, self.list_commands(ctx))}")
        return super().resolve_command(ctx, args)


class LazyGroup(CommandGroup):
    """A group that imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return a command."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"profcov.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101
        return add_quiet(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands task by task, without importing any."""
        width = max(map(len, COMMANDS))
        for task, commands in TASKS.items():
            with formatter.section(task):
                formatter.write_dl([(name.ljust(width), line) for name, line in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the completions of a command's name, without importing any."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name, help=line) for name, line in COMMANDS.items() if name.startswith(incomplete)]


def add_quiet(command: click.Command) -> click.Command:
    """Return a command with ``-q``; the commands of a group have it, except RQ's."""
    if isinstance(command, click.Group) or any("-q" in param.opts for param in command.params):
        return command
    made = copy.copy(command)
    made.params = [*command.params, quiet_option()]
    return made
