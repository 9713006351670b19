"""What observes the process beside profcov gets the same data with it as without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import coverage
import pytest

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "program_with_profcov.py"
MONITORING = sys.version_info >= (3, 12)
CORES = ["ctrace", "sysmon"] if MONITORING else ["ctrace"]


def run(directory: Path, core: str, enabled: bool) -> tuple[dict[str, list[int]], set[str], str]:
    """Run the program under coverage.py; return what that recorded, what profcov did, and what the program said."""
    name = "on" if enabled else "off"
    config = directory / "coverage.ini"
    config.write_text(f"[run]\nsource = {HERE / 'subject'}\n")
    data_file, data_dir = directory / f"{core}-{name}", directory / f"{core}-{name}-profcov"
    words = [sys.executable, "-m", "coverage", "run", f"--rcfile={config}", f"--data-file={data_file}", str(PROGRAM)]
    environment = {"ENABLE_PROFILE_COVERAGE": "1" if enabled else "0", "PROFILE_COVERAGE_DIR": str(data_dir)}
    environment |= {"PROFILE_COVERAGE_CONFIG": str(config), "COVERAGE_CORE": core}
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    data = coverage.CoverageData(basename=str(data_file))
    data.read()
    lines = {Path(file).name: sorted(data.lines(file) or ()) for file in data.measured_files()}
    return lines, {path.name.partition(".")[0] for path in data_dir.glob("state/shards/*.coverage.*")}, done.stdout


@pytest.mark.parametrize("core", CORES)
def test_coverage_records_the_same_around_a_program_that_uses_profcov(tmp_path: Path, core: str) -> None:
    without, nothing, off = run(tmp_path, core, enabled=False)
    beside, filed, said = run(tmp_path, core, enabled=True)
    assert without["branches.py"]
    assert beside == without
    assert nothing == set()
    assert off == "['disabled']\n"
    if MONITORING:
        assert said == "['traced']\n"
        assert filed == {"alpha", "beta"}
    else:
        assert said == "['unsupported; another trace function is set (coverage.py or a debugger)']\n"
        assert filed == set()


OBSERVED = """
import sys, threading
sys.path.insert(0, sys.argv[1])
import profcov
from profcov.recording.propagation import open_recorder
from subject import branches
from collections import Counter
seen = Counter()

def observe(frame, event, arg):
    if frame.f_code.co_filename.endswith("branches.py"):
        seen[frame.f_code.co_name, frame.f_lineno, event] += 1
    return observe

open_recorder().warm_up()
for slug, kind in (("alpha", 0), ("beta", 1), ("alpha", 0)):
    with profcov.trace(slug):
        sys.{how}(observe)
        branches.work(kind, 6)
        sys.{how}(None)
print(sorted(seen.items()))
"""


@pytest.mark.skipif(not MONITORING, reason="ctrace gives way to other trace functions")
@pytest.mark.parametrize("how", ["settrace", "setprofile"])
def test_debuggers_and_profilers_see_the_same_events(tmp_path: Path, how: str) -> None:
    config = tmp_path / "coverage.ini"
    config.write_text(f"[run]\nsource = {HERE / 'subject'}\n")
    seen = []
    for enabled in "01":
        environment = {"ENABLE_PROFILE_COVERAGE": enabled, "PROFILE_COVERAGE_DIR": str(tmp_path / "data")}
        done = subprocess.run(
            [sys.executable, "-c", OBSERVED.replace("{how}", how), str(HERE)],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **environment, "PROFILE_COVERAGE_CONFIG": str(config)},
        )
        assert done.returncode == 0, done.stderr
        seen.append(done.stdout)
    assert len(seen[0]) > 500
    assert seen[1] == seen[0]
    assert list((tmp_path / "data").glob("state/shards/alpha.coverage.*"))
