"""Each command line of profcov's in the documentation is one that profcov takes: the command is there, and its options are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from profcov.cli import main as cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "AGENTS.md", ROOT / "tests" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"\s*(?:- |entry: |run: |\$ )?(?:[A-Z_]+=\S* )*(?:\S*/bin/)?profcov (.+)|.*\$\(profcov (.+?)\)")
END = re.compile(r"\s[#|&>;]|\s2>|\|\|")
"""What ends a command of a shell, or is a comment."""


def command_lines(text: str) -> Iterator[str]:
    """Yield what follows `profcov` in blocks of code: fenced ones of a shell or of YAML, and indented ones."""
    fences = "".join(body for language, body in FENCE.findall(text) if language in {"console", "sh", "yaml", "bash"})
    indented = "".join(f"{line}\n" for line in FENCE.sub("", text).splitlines() if line.startswith("    "))
    for line in (fences + indented).replace("\\\n", " ").splitlines():
        if found := COMMAND.match(line):
            yield END.split(found[1] or found[2])[0].strip()


LINES = sorted(
    {(page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in command_lines(page.read_text())}
)


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_command_line_of_the_documentation_is_one_that_profcov_takes(page: str, line: str) -> None:
    command: click.Command = cli.profcov
    words = shlex.split(line)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        context = click.Context(command, info_name=name)
        found = command.get_command(context, name)
        assert found is not None, f"{page}: there is no command {name!r} in `profcov {line}`"
        command = found
    context = click.Context(command, help_option_names=["-h", "--help"])
    command.make_parser(context).parse_args(words)


def test_the_documentation_shows_every_command() -> None:
    shown = {line.split()[0] for _, line in LINES}
    assert set(cli.COMMANDS) <= shown
