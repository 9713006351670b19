"""``profcov completion``: the script with which a shell completes commands, options and slugs."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

_SHELLS: Final = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(_SHELLS))
def command(shell: str) -> int:
    """Print a script with which a shell completes commands, options and slugs.

    \b
    bash: eval "$(profcov completion bash)" in ~/.bashrc
    zsh:  eval "$(profcov completion zsh)" in ~/.zshrc, after compinit
    fish: profcov completion fish > ~/.config/fish/completions/profcov.fish
    """  # noqa: D301 (a mark of click's: these lines stay as they are)
    from profcov.cli.main import profcov  # noqa: PLC0415 (which imports this)

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 (click has it)
    click.echo(found(profcov, {}, "profcov", "_PROFCOV_COMPLETE").source())
    return 0
