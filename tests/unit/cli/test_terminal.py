"""Every command's rows on terminals of 80 and of 40 columns, and their full names elsewhere."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from typing import TYPE_CHECKING, Final

import pytest

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMANDS: Final = [
    ["combine", "--keep"],
    ["status"],
    ["report"],
    ["matrix"],
    ["symbols"],
    ["symbols", "--check"],
    ["compare", "old", "artifacts"],
    ["clean", "--dry-run", "--keep-newest", "0"],
    ["profiles", "list", "shop.yaml"],
    ["playback", "shop.yaml", "--dry-run"],
    ["doctor"],
    ["--help"],
    ["pause", "--help"],
]
NAMES_THE_PROFILE: Final = frozenset({"clean", "combine", "matrix", "playback", "profiles", "report", "status"})
SLUG: Final = "small-shop-with-a-long-name-and-the-upload-of-pictures"
PROFILE: Final = (
    f"slug: {SLUG}\nbase_url: http://127.0.0.1:1\nsteps:\n- name: look at all\n  request: {{path: /{'a' * 60}}}\n"
)
RUN_ALL: Final = f"""
import contextlib
from profcov.cli.main import main
for words in {COMMANDS!r}:
    print("=", *words, flush=True)
    with contextlib.suppress(SystemExit):
        main(words)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with two profiles, an inventory that is not true any more, and a matrix from before."""
    place = tmp_path_factory.mktemp("place")
    (place / "coverage.profile-playback.ini").write_text("[run]\nsource = .\nrelative_files = true\n")
    package = place / "an_application_of_ours"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "payment.py").write_text(
        "def start_payment_with_a_card():\n    return 1\n\n\ndef refund():\n    return 2\n"
    )
    (place / "shop.yaml").write_text(PROFILE)
    for slug, lines in ((SLUG, {2}), ("x", {2, 6})):
        write_shard(
            DataDirectory(place / ".profcov"),
            Slug(slug),
            f"profile:{slug}",
            {"an_application_of_ours/payment.py": lines},
        )
        combine(
            DataDirectory(place / ".profcov"),
            Slug(slug),
            config_file=place / "coverage.profile-playback.ini",
            keep=True,
        )
    commands = [["matrix", "x", "--out", "old"], ["symbols", "--out", "artifacts/coverage-symbols.json"], ["matrix"]]
    for words in commands:
        subprocess.run([sys.executable, "-m", "profcov", *words], cwd=place, env=environment(), check=True)
    (place / "later.py").write_text("def later():\n    return 3\n")
    return place


def environment() -> dict[str, str]:
    ours = ("PROFILE_", "ENABLE_PROFILE", "COLUMNS", "LINES", "REDIS_URL")
    return {**{name: value for name, value in os.environ.items() if not name.startswith(ours)}, "TERM": "xterm"}


def show_all(place: Path, columns: int) -> dict[str, list[str]]:
    """Return the lines that each command prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-c", RUN_ALL], cwd=place, env=environment(), stdout=theirs, stderr=subprocess.DEVNULL
    ):
        os.close(theirs)
        printed = b"".join(read_all(ours)).decode()
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in printed.splitlines()]
    starts = [number for number, line in enumerate(lines) if line.startswith("= ")]
    return {lines[at][2:]: lines[at + 1 : end] for at, end in zip(starts, [*starts[1:], len(lines)], strict=True)}


def read_all(descriptor: int) -> Iterator[bytes]:
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(65536):
                yield part
        except OSError:  # so Linux says that nobody has it open any more
            pass


def find_rest(name: str, lines: list[str]) -> str:
    """Return what is left of a name when each line has the next piece of it between blanks."""
    for line in lines:
        pieces = [each for each in line.split() if name.startswith(each)]
        name = name.removeprefix(max(pieces, key=len, default=""))
    return name


@pytest.mark.parametrize("columns", [80, 40])
def test_no_line_is_wider_than_the_terminal_and_no_name_is_cut(place: Path, columns: int) -> None:
    shown = show_all(place, columns)
    assert list(shown) == [" ".join(words) for words in COMMANDS]
    assert {words: line for words, lines in shown.items() for line in lines if len(line) > columns} == {}
    assert "…" not in str(shown)
    for words, lines in shown.items():
        assert len(lines) >= 2, words
        if words.split()[0] in NAMES_THE_PROFILE and "help" not in words:
            assert find_rest(SLUG, lines) == "", words
    numbers = [line for line in shown["report"] if re.match(r"x +complete", line)] or ["".join(shown["report"][-10:])]
    assert [float(each) for each in re.findall(r"[0-9.]+", numbers[0])][:3] == [1, 2, 4]


def test_off_a_terminal_names_are_whole_and_between_tabs(place: Path) -> None:
    def run(*words: str) -> list[list[str]]:
        command = [sys.executable, "-m", "profcov", *words]
        done = subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    assert run("combine", "--keep")[0][4] == str(place / ".profcov" / f"{SLUG}.coverage")
    assert [row[0] for row in run("report")] == ["profile", SLUG, "x"]
