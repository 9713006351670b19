"""``requirements.lock``: all that ``make demo`` and ``make test`` install, with versions and hashes, for each Python.

``make lock`` renews it, with uv, which it installs for that; to install from the file takes pip only. ``--check`` needs no network:
it says where the file no longer fits pyproject.toml. ``--group core`` prints the part of the file that a dependency group and the
project itself need, for pip; it runs on a Python that has nothing installed.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from packaging.requirements import Requirement

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = "requirements.lock"
DOCS_LOCK: Final = "requirements-docs.lock"
GROUP: Final = "full"
HEADER: Final = (
    "# What `make demo` and `make test` install, on each Python. `make lock` writes it from pyproject.toml.\n"
)
OURS: Final = "profcov (pyproject.toml"


def main() -> int:
    """Renew the lock file, or say what no longer fits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="say where it no longer fits pyproject.toml")
    parser.add_argument("--keep", action="store_true", help="change versions only where pyproject.toml asks for it")
    parser.add_argument("--group", help="print what this dependency group needs of it")
    options = parser.parse_args()
    if options.group:
        sys.stdout.write(
            cut((ROOT / "pyproject.toml").read_text("utf-8"), (ROOT / LOCK).read_text("utf-8"), options.group)
        )
        return 0
    if not options.check:
        renew(keep=options.keep)
        return 0
    wrong = misfits((ROOT / "pyproject.toml").read_text(encoding="utf-8"), (ROOT / LOCK).read_text(encoding="utf-8"))
    for sentence in wrong:
        print(f"{LOCK}: {sentence}", file=sys.stderr)
    if wrong:
        print("renew it with: make lock (ARGS=--keep leaves the other versions alone)", file=sys.stderr)
    return bool(wrong)


def renew(*, keep: bool) -> None:
    """Have uv choose versions for all Pythons at once, and write the files."""
    compile_into(LOCK, HEADER, ["--all-extras", "--group", GROUP, "pyproject.toml"], keep=keep)
    compile_into(DOCS_LOCK, "# What `make docs` installs; see requirements.lock.\n", ["--group", "docs"], keep=keep)


def compile_into(name: str, header: str, what: list[str], *, keep: bool) -> None:
    """Have uv write one lock file."""
    words = ["pip", "compile", "--quiet", "--universal", "--python-version", pythons(read_project())[0]]
    words += ["--generate-hashes", "--no-strip-extras", "--no-header", "--output-file", name]
    words += [] if keep else ["--upgrade"]
    subprocess.run([sys.executable, "-m", "uv", *words, *what], cwd=ROOT, check=True)
    path = ROOT / name
    path.write_text(header + path.read_text(encoding="utf-8"), encoding="utf-8")


def read_project() -> dict[str, Any]:
    """Return the table ``project`` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def pythons(project: dict[str, Any]) -> list[str]:
    """Return the versions of Python that the project says it runs on, oldest first."""
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each) for each in project["classifiers"])
    return [match[1] for match in found if match]


def cut(project_text: str, lock_text: str, group: str) -> str:
    """Return the blocks of the lock file for the project without extras and a dependency group, and for what these need."""
    table = tomllib.loads(project_text)
    blocks = split(lock_text)
    chosen: set[str] = set()
    waiting = {
        name_of(text) for text in [*table["project"]["dependencies"], *in_group(table["dependency-groups"], group)]
    }
    while waiting:
        chosen |= waiting
        waiting = {name_of(block) for block in blocks if chosen & asked_by(block)} - chosen
    return "".join(f"{block.rstrip()}\n" for block in blocks if name_of(block) in chosen)


def split(lock_text: str) -> list[str]:
    """Return the lock file's blocks: a pin, its hashes, and a comment with what asks for it."""
    return re.split(r"\n(?=[^\s#])", lock_text)[1:]


def name_of(requirement: str) -> str:
    """Return the canonical name that a requirement or a block begins with."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()  # type: ignore[index]  # a name is its beginning


def asked_by(block: str) -> set[str]:
    """Return the names of the packages that ask for a block's."""
    return {name_of(line) for line in re.findall(r"^    #(?: via)? +(\S+)$", block, re.MULTILINE)}


def misfits(project_text: str, lock_text: str) -> list[str]:
    """Return a sentence for each requirement of pyproject.toml that the lock file does not meet, and for each pin too many."""
    from packaging.requirements import Requirement  # noqa: PLC0415 (`--group` runs before anything is installed)

    table = tomllib.loads(project_text)
    project = table["project"]
    wanted = [Requirement(text) for text in requirements(table)]
    blocks = split(lock_text)
    pins = [Requirement(block.split(" \\\n")[0]) for block in blocks]
    wrong: dict[str, list[str]] = {}
    for python in pythons(project):
        environ = {"python_version": python, "python_full_version": f"{python}.9"}
        pinned = {pin.name: pin for pin in pins if not pin.marker or pin.marker.evaluate(environ)}
        for need in wanted:
            if not need.marker or need.marker.evaluate(environ):
                for problem in compare(need, pinned.get(name_of(need.name))):
                    wrong.setdefault(f"{problem}, and pyproject.toml asks for {need}", []).append(python)
    names = {name_of(need.name) for need in wanted}
    extra = {pin.name for pin, block in zip(pins, blocks, strict=True) if OURS in block} - names
    return [
        *(f"{problem} (Python {', '.join(found)})" for problem, found in wrong.items()),
        *(f"has {name}, and pyproject.toml no longer asks for it" for name in sorted(extra)),
    ]


def compare(need: Requirement, pin: Requirement | None) -> list[str]:
    """Return what is wrong with the pin for a requirement, if anything."""
    if pin is None:
        return [f"has no {need.name}"]
    version = str(pin.specifier).removeprefix("==")
    if not need.specifier.contains(version, prereleases=True) or need.extras - pin.extras:
        return [f"has {pin.name}{sorted(pin.extras) or ''} {version}"]
    return []


def requirements(table: dict[str, Any]) -> list[str]:
    """Return the requirements of the project, of all its extras, and of the dependency group with everything."""
    project = table["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    outside = [text for text in extras if name_of(text) != project["name"]]
    return [*project["dependencies"], *outside, *in_group(table["dependency-groups"], GROUP)]


def in_group(groups: dict[str, list[Any]], name: str) -> list[str]:
    """Return the requirements of a dependency group, those of the groups that it includes among them."""
    return [
        text
        for each in groups[name]
        for text in (in_group(groups, each["include-group"]) if isinstance(each, dict) else [each])
    ]


if __name__ == "__main__":
    sys.exit(main())
