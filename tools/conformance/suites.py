"""Running the own test suite of a package that profcov hooks: its environment, its source, its results, their differences."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE: Final = Path(__file__).resolve().parent
REPOSITORY: Final = HERE.parents[1]
LEAST: Final = 100
"""How many tests must pass as they are for a comparison to say anything."""
LONGEST_SECONDS: Final = 1800
LINGER_SECONDS: Final = 10
"""How long a suite may take to end after its report is written: a test that fails may leave a worker, which it waits for."""


@contextlib.contextmanager
def directory(keep: Path | None) -> Iterator[Path]:
    """Yield the directory to keep, or a temporary one."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="profcov-conformance-") as place:
        yield Path(place)


def prepare(place: Path, suite: str, requirements: Sequence[str]) -> tuple[Path, Path]:
    """Return the interpreter of an environment with a suite's packages and profcov, and its unpacked source."""
    python = place / "venv" / "bin" / "python"
    if not python.exists():
        print(f"{place.name}: making an environment ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(place / "venv")], check=True)
        pip(python, "install", "-e", str(REPOSITORY), *requirements)
    version = ask(python, f"import importlib.metadata; print(importlib.metadata.version({suite!r}))")
    source = place / f"{suite}-{version}"
    if not source.exists():
        pip(python, "download", "--no-deps", "--no-binary=:all:", "-d", str(place), f"{suite}=={version}")
        with tarfile.open(next(place.glob(f"{suite}-{version}.tar.gz"))) as archive:
            archive.extractall(place, filter="data")
    return python, source


def pip(python: Path, *words: str) -> None:
    """Call pip, quietly."""
    subprocess.run([str(python), "-m", "pip", "-qq", "--disable-pip-version-check", *words], check=True)


def ask(python: Path, program: str) -> str:
    """Return what a program prints."""
    return subprocess.run([str(python), "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def run(
    python: Path, source: Path, environ: Mapping[str, str], *, plugin: str | None = None, tests: Sequence[str] = ()
) -> dict[str, str]:
    """Run a suite, or the tests of it that are named, with more in the environment; return each one's result by name."""
    with tempfile.TemporaryDirectory() as place:
        out, log = Path(place) / "results.xml", Path(place) / "output"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_"))}
        words = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={out}"]
        if plugin is not None:
            words += ["-p", plugin]
        words += [node_id(source, name) for name in tests] or ["tests"]
        path = f"{python.parent}{os.pathsep}{inherited['PATH']}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                words,
                cwd=source,
                env={**inherited, "PATH": path, **environ},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                wait_for(process, out)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if not out.exists():
            sys.exit(f"{source.name} does not run:\n{log.read_text(errors='replace')[-6000:]}")
        cases = ET.parse(out).findall(".//testcase")
        return {f"{each.get('classname')}::{each.get('name')}": result_of(each) for each in cases}


def wait_for(process: subprocess.Popen[bytes], out: Path) -> None:
    """Wait until a suite has ended, or has written its report and lingers."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not out.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.2)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LINGER_SECONDS)


def recording(data: Path, source: Path, engine: str) -> dict[str, str]:
    """Return the environment in which what a suite's processes run of its source is recorded in a directory."""
    config = data.with_suffix(".ini")
    config.write_text(f"[run]\nsource = {source}\n", encoding="utf-8")
    return {
        "ENABLE_PROFILE_COVERAGE": "1",
        "PROFILE_COVERAGE_DIR": str(data),
        "PROFILE_COVERAGE_CONFIG": str(config),
        "PROFILE_COVERAGE_ENGINE": engine,
    }


def node_id(source: Path, name: str) -> str:
    """Return what pytest calls a test that its report calls ``package.module.Class::test``."""
    where, _, test = name.partition("::")
    parts = where.split(".")
    length = next(
        length
        for length in range(1, len(parts) + 1)
        if source.joinpath(*parts[: length - 1], f"{parts[length - 1]}.py").exists()
    )
    return "::".join(["/".join(parts[:length]) + ".py", *parts[length:], test])


def result_of(case: ET.Element) -> str:
    """Return ``passed``, ``failed``, ``error`` or ``skipped``."""
    for child in case:
        if child.tag in {"failure", "error", "skipped"}:
            return {"failure": "failed"}.get(child.tag, child.tag)
    return "passed"


def report(suite: str, python: Path, way: str, results: Mapping[str, str]) -> None:
    """Print how many tests had which result."""
    version = ask(
        python, f"import importlib.metadata as m, platform as p; print(m.version({suite!r}), p.python_version())"
    )
    count = Counter(results.values())
    counts = ", ".join(f"{count[kind]} {kind}" for kind in ("passed", "failed", "error", "skipped"))
    print(f"{suite} {version.replace(' ', ' on Python ')}, {way}: {counts}", flush=True)


def check_baseline(suite: str, place: Path, baseline: Mapping[str, str]) -> None:
    """Leave if too few tests pass as they are."""
    if list(baseline.values()).count("passed") < LEAST:
        sys.exit(f"{suite}'s own tests do not run here: {place} has them, with --keep")


def differences(baseline: Mapping[str, str], results: Mapping[str, str]) -> list[str]:
    """Return the names of the tests whose result is another."""
    return sorted(name for name in baseline.keys() | results.keys() if baseline.get(name) != results.get(name))
