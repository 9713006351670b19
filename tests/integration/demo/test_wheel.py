"""profcov installed from a wheel, somewhere else: the demo plays, and each command that it prints works where it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def run(*words: str | Path, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    ours = ("PROFILE_", "ENABLE_PROFILE", "PYTHONPATH", "REDIS_URL", "VIRTUAL_ENV")
    given = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    ended = subprocess.run(
        [*map(str, words)], cwd=cwd, env={**given, **environ}, capture_output=True, text=True, timeout=150, check=False
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended


def install(place: Path) -> Path:
    """Install a wheel of this repository into an environment of its own, with the packages of this one; return its programs."""
    wheels, venv = place / "wheels", place / "venv"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", wheels, ROOT, cwd=place)
    run(sys.executable, "-m", "venv", "--without-pip", venv, cwd=place)
    (wheel,) = wheels.glob("profcov-*.whl")
    run(*pip, "--python", venv / "bin" / "python", "install", "--no-deps", "--no-index", wheel, cwd=place)
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return venv / "bin"


def test_each_command_that_the_demo_prints_works_where_it_is_printed(tmp_path: Path) -> None:
    programs, here = install(tmp_path), tmp_path / "else where"
    here.mkdir()
    demo = run("../venv/bin/profcov", "demo", "--out", "the demo", cwd=here)
    where = run(programs / "python", "-c", "import profcov; print(profcov.__file__)", cwd=here).stdout
    assert where.startswith(f"{tmp_path}/venv/")
    printed = re.findall(r"\S*\b(?:profcov|coverage) [a-z]+ .*$", demo.stderr, re.MULTILINE)
    assert printed
    for command in printed:  # with nothing of ours on PATH, as after `make demo`
        run("sh", "-c", command, cwd=here, PATH=os.defpath)
    percent = re.search(r'class="pc_cov">(\d+)%', (here / "htmlcov" / "index.html").read_text())
    assert percent is not None
    assert int(percent[1]) > 0
