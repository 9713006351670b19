"""``profcov rq``: RQ's own command line, whose workers measure with ``--with-coverage``."""

from __future__ import annotations

import copy
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from profcov import settings
from profcov.cli.group import CommandGroup
from profcov.extras import install_command

if TYPE_CHECKING:
    from collections.abc import Callable

_WORKERS: Final = ("worker", "worker-pool")
_COVERED: Final = "profcov.queues.covered"
_HELP: Final = "Measure the jobs that carry a slug, whatever the worker class."


class RqGroup(CommandGroup):
    """RQ's commands; those that start workers have one more option."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of RQ's commands."""
        return _import_group().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return RQ's command, or a copy of it with the option."""
        found = _import_group().get_command(ctx, cmd_name)
        return _add_option(found) if found is not None and cmd_name in _WORKERS else found


@click.group("rq", cls=RqGroup)
def command() -> None:
    """Run RQ's own commands; worker and worker-pool take --with-coverage."""


def _import_group() -> click.Group:
    try:
        from rq.cli.cli import main  # noqa: PLC0415 (an extra)
    except ImportError as error:
        package = (error.name or "rq").partition(".")[0]
        raise click.UsageError(f"this needs {package}: install it with {install_command('rq')}") from error
    assert isinstance(main, click.Group)  # noqa: S101
    return main


def _add_option(rqs: click.Command) -> click.Command:
    """Return a copy of an RQ command that starts workers: all its options, and ours."""
    made = copy.copy(rqs)
    made.params = [*rqs.params, click.Option(["--with-coverage"], is_flag=True, help=_HELP)]
    assert rqs.callback is not None  # noqa: S101
    made.callback = _cover(rqs.callback)
    return made


def _cover(start: Callable[..., Any]) -> Callable[..., Any]:
    def start_covered(*args: Any, with_coverage: bool, worker_class: str, **options: Any) -> Any:
        if with_coverage:
            _turn_on()
            sys.path.extend(options.get("path") or ())  # as RQ does, but the class is imported before
            worker_class = _find_covered(worker_class)
        return start(*args, worker_class=worker_class, **options)

    return start_covered


def _find_covered(worker_class: str) -> str:
    """Return the dotted name of a worker class that measures."""
    name = worker_class.replace(".", ":")
    if ":" not in name:
        raise click.BadParameter(f"{worker_class} is not a dotted name such as rq.Worker", param_hint="--worker-class")
    try:
        getattr(importlib.import_module(_COVERED), name)
    except AttributeError as error:
        raise click.BadParameter(str(error), param_hint="--worker-class") from error
    return f"{_COVERED}.{name}"


def _turn_on() -> None:
    """Enable recording in this process and in those that it starts.

    Raises:
        SettingsError: a setting is wrong; better reported here than in a worker's log.
    """
    os.environ.setdefault(settings.ENABLE, "1")
    if not settings.Settings.from_environ().enabled:
        raise click.UsageError(
            f"--with-coverage, and {settings.ENABLE}={os.environ[settings.ENABLE]}: one of them must go"
        )
