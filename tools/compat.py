"""Run every framework on every server, on each Python, and write the table of what passed.

``make compat`` calls this. Options: ``--python PATH`` (again and again) for interpreters whose environment has the
packages of the dependency group ``full``; without it the environments of ``make test`` for Python 3.11, 3.12 and 3.13 are used, and
made where they are missing.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
TABLE: Final = REPOSITORY / "docs" / "reference" / "compatibility.md"
VERSIONS: Final = ("3.11", "3.12", "3.13")
DISTRIBUTIONS: Final = {"uWSGI": "pyuwsgi"}
_ASK: Final = """
import importlib.metadata, json, platform, sys
names = json.loads(sys.argv[1])
versions = {name: importlib.metadata.version(name) for name in names}
print(json.dumps([platform.python_version(), versions]))
"""
INTRODUCTION: Final = """# Compatibility

Each cell is a test with real requests over sockets: three slugs at once and untraced traffic beside them, in several
worker processes where the server has them. It passes if each slug has exactly the lines that coverage.py's own C tracer
records when that slug's requests run alone. A cell names the Pythons on which it passed. `make compat` runs the tests and
generates this page. CI runs each of them again, on one of Python 3.11, 3.12 and 3.13, and each framework and each server on
all three.

- **untraced**: gevent needs the `monitoring` engine, so on Python 3.11 requests are answered as usual, with
  `X-Profile-Trace-Status: unsupported; ...`, and nothing is recorded.
- Starlette and FastAPI answer unhandled errors outside of what `add_middleware` adds: such an answer (500) has no status
  header. Its lines are recorded. With `app = ProfileTraceMiddleware(app)` it has the header.
- A free-threaded build of Python (3.13t) is in no cell: not all of these frameworks and servers run there. The `monitoring` engine is
  exact without the GIL, and [slower](../explanation/engine.md#without-the-gil); `ctrace`, and with it `branch = true`, is refused.
- granian drops the headers of an accepted websocket, including the status header. The lines are recorded.

"""


def main() -> int:
    """Run everything, and write the table if all passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", action="append", metavar="PATH")
    pythons = parser.parse_args().python or [prepare(version) for version in VERSIONS]
    passed: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    versions: dict[str, dict[str, str]] = {}
    failed = False
    for python in pythons:
        version, cells, ok = run(python)
        failed |= not ok
        for kind, framework, server, how in cells:
            passed[kind, framework, server][version] = how
        versions[version] = ask(python, [*distributions(cells), "profcov", "coverage"])[1]
    if failed:
        print("some cells failed: the table stays as it is", file=sys.stderr)
        return 1
    TABLE.write_text(INTRODUCTION + "\n".join(lay_out(passed, versions)), encoding="utf-8")
    print(f"{len(passed)} cells: {TABLE.relative_to(REPOSITORY)}")
    return 0


def prepare(version: str) -> str:
    """Return the interpreter of the environment that ``make test`` has for a Python, made if it is not there."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    environment = f".venv-{version}"
    words = ["make", "-s", f"{environment}/.ready", f"PYTHON=python{version}", f"VENV={environment}"]
    subprocess.run(words, cwd=REPOSITORY, check=True)
    return str(REPOSITORY / environment / "bin" / "python")


def run(python: str) -> tuple[str, list[list[str]], bool]:
    """Run all cells; return the Python's version, what passed (kind, framework, server, how), and whether all did."""
    version = ask(python, [])[0]
    print(f"Python {version} ...", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        words = [
            python,
            "-m",
            "pytest",
            "-q",
            "--full",
            "-k",
            "exactly",
            "-o",
            "junit_family=xunit1",
            f"--junitxml={report}",
        ]
        done = subprocess.run([*words, "tests/integration/compat"], cwd=REPOSITORY, check=False)
        found = ET.parse(report).findall(".//testcase/properties/property[@name='cell']")
    return version, [json.loads(each.attrib["value"]) for each in found], done.returncode == 0


def ask(python: str, names: list[str]) -> Any:
    """Return an interpreter's version, and those of some distributions in its environment."""
    done = subprocess.run([python, "-c", _ASK, json.dumps(names)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def distributions(cells: list[list[str]]) -> list[str]:
    """Return the distributions that the frameworks and servers of cells are in."""
    names = {cell[1] for cell in cells if cell[1] != "plain"} | {cell[2].split()[0].strip(",") for cell in cells}
    return sorted({DISTRIBUTIONS.get(name, name) for name in names}, key=str.lower)


def lay_out(passed: dict[tuple[str, str, str], dict[str, str]], versions: dict[str, dict[str, str]]) -> list[str]:
    """Return the lines of the tables, and of the versions that ran."""
    lines: list[str] = []
    for kind in ("WSGI", "ASGI"):
        frameworks = list(dict.fromkeys(key[1] for key in passed if key[0] == kind))
        servers = list(dict.fromkeys(key[2] for key in passed if key[0] == kind))
        lines += [f"| {kind} | " + " | ".join(servers) + " |", "|---" * (len(servers) + 1) + "|"]
        for framework in frameworks:
            cells = [describe(passed.get((kind, framework, server), {})) for server in servers]
            lines.append(f"| {framework} | " + " | ".join(cells) + " |")
        lines.append("")
    names = list(next(iter(versions.values())))
    lines += ["## Versions that ran", "", f"On {platform.system()}, {platform.machine()}.", ""]
    lines += [
        "| | " + " | ".join(f"Python {version}" for version in versions) + " |",
        "|---" * (len(versions) + 1) + "|",
    ]
    lines += [f"| {name} | " + " | ".join(versions[python][name] for python in versions) + " |" for name in names]
    return [*lines, ""]


def describe(results: dict[str, str]) -> str:
    """Return what a cell says: the Pythons, each with what is special about it."""
    return ", ".join(
        ".".join(version.split(".")[:2]) + ("" if how == "exact" else f" {how}") for version, how in results.items()
    )


if __name__ == "__main__":
    sys.exit(main())
