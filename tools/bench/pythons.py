"""The Pythons to measure with: found by name, each with an environment that has profcov and the servers."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
VERSIONS: Final = ("3.11", "3.12", "3.13")
_PACKAGES: Final = ("coverage", "flask", "gunicorn", "jinja2", "starlette", "uvicorn", "profcov")
_ASK: Final = f"""
import importlib.metadata, json, platform, sys
import flask, gunicorn, profcov, starlette, uvicorn
versions = {{name: importlib.metadata.version(name) for name in {_PACKAGES!r}}}
print(json.dumps({{"python": platform.python_version(), "implementation": platform.python_implementation(),
                  "monitoring": hasattr(sys, "monitoring"), "versions": versions}}))
print(sys.executable)
"""


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter whose environment has what is measured; ``facts`` are its versions."""

    path: str
    facts: dict[str, Any]


def describe(path: str) -> Python | None:
    """Return an interpreter, or None if it does not run or lacks a package."""
    found = _run(path, "-c", _ASK)
    if found is None:
        return None
    facts, executable = found.splitlines()  # where it says it is: a relative path leads nowhere from another directory
    return Python(executable, json.loads(facts))


def find(version: str) -> Python | None:
    """Return ``pythonX.Y`` with its environment, made in ``.venv-X.Y`` if this one is another; None if there is none."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return describe(sys.executable)
    # A name on PATH may be pyenv's, which says at run time only that it has no such version.
    name = shutil.which(f"python{version}")
    if name is None or _run(name, "-c", "import venv, ensurepip") is None:
        return None
    environment = REPOSITORY / f".venv-{version}"
    inside = environment / "bin" / "python"
    ready = describe(str(inside))
    if ready is not None:
        return ready
    print(f"setting up {environment.name} ...", file=sys.stderr)
    subprocess.run([name, "-m", "venv", "--clear", str(environment)], check=True)
    install = [str(inside), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", ".[demo]"]
    subprocess.run(install, cwd=REPOSITORY, check=True)
    return describe(str(inside))


def _run(*words: str) -> str | None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
