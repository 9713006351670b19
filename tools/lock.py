"""``requirements.lock``: all that ``make demo`` and ``make test`` install, with versions and hashes, for each Python.

``make lock`` renews it, with uv, which it installs for that; to install from the file takes pip only. ``--check`` needs no network:
it says where the file no longer fits pyproject.toml.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = "requirements.lock"
EXTRA: Final = "dev"
HEADER: Final = (
    "# What `make demo` and `make test` install, on each Python. `make lock` writes it from pyproject.toml.\n"
)
OURS: Final = "profcov (pyproject.toml)"


def main() -> int:
    """Renew the lock file, or say what no longer fits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="say where it no longer fits pyproject.toml")
    parser.add_argument("--keep", action="store_true", help="change versions only where pyproject.toml asks for it")
    options = parser.parse_args()
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
    """Have uv choose versions for all Pythons at once, and write the file."""
    words = ["pip", "compile", "--quiet", "--universal", "--python-version", pythons(read_project())[0]]
    words += ["--extra", EXTRA, "--generate-hashes", "--no-strip-extras", "--no-header", "--output-file", LOCK]
    words += [] if keep else ["--upgrade"]
    subprocess.run([sys.executable, "-m", "uv", *words, "pyproject.toml"], cwd=ROOT, check=True)
    path = ROOT / LOCK
    path.write_text(HEADER + path.read_text(encoding="utf-8"), encoding="utf-8")


def read_project() -> dict[str, Any]:
    """Return the table ``project`` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def pythons(project: dict[str, Any]) -> list[str]:
    """Return the versions of Python that the project says it runs on, oldest first."""
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each) for each in project["classifiers"])
    return [match[1] for match in found if match]


def misfits(project_text: str, lock_text: str) -> list[str]:
    """Return a sentence for each requirement of pyproject.toml that the lock file does not meet, and for each pin too many."""
    project = tomllib.loads(project_text)["project"]
    wanted = [Requirement(text) for text in requirements(project, EXTRA)]
    blocks = re.split(r"\n(?=[^\s#])", lock_text)[1:]
    pins = [Requirement(block.split(" \\\n")[0]) for block in blocks]
    wrong: dict[str, list[str]] = {}
    for python in pythons(project):
        environ = {"python_version": python, "python_full_version": f"{python}.9"}
        pinned = {pin.name: pin for pin in pins if not pin.marker or pin.marker.evaluate(environ)}
        for need in wanted:
            if not need.marker or need.marker.evaluate(environ):
                for problem in compare(need, pinned.get(canonicalize_name(need.name))):
                    wrong.setdefault(f"{problem}, and pyproject.toml asks for {need}", []).append(python)
    names = {canonicalize_name(need.name) for need in wanted}
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


def requirements(project: dict[str, Any], extra: str) -> list[str]:
    """Return the requirements of the project with an extra, those of the extras that it names among them."""
    found = list(project["dependencies"])
    waiting = [extra]
    seen = set(waiting)
    while waiting:
        for text in project["optional-dependencies"][waiting.pop()]:
            own = re.fullmatch(rf"{re.escape(project['name'])}\[(.*)\]", text)
            if own is None:
                found.append(text)
            else:
                more = set(own[1].split(",")) - seen
                seen |= more
                waiting += more
    return found


if __name__ == "__main__":
    sys.exit(main())
