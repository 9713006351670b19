"""The clients of docs/how-to/record.md: each sends the header, and `wait` and `combine` make the artifact."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from coverage import CoverageData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "record.md").read_text()
FILE = re.compile(r"^<!-- file: checkout_(\w+)\.py -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CURL = re.findall(r"^\$ (curl .+)$", PAGE, re.MULTILINE)
CHROMIUM = "/usr/bin/chromium"
SERVER = "http://127.0.0.1:8000/"


def programs() -> list[list[str]]:
    """Return the commands of the page's clients, in their order."""
    found = {name: [sys.executable, "-c", text] for name, text in FILE.findall(PAGE)}
    assert set(found) == {"playwright", "requests", "httpx"}
    if not Path(CHROMIUM).exists() or not has_playwright():
        del found["playwright"]
    (line,) = CURL
    return [*found.values(), ["bash", "-c", line]]


def has_playwright() -> bool:
    try:
        import playwright  # noqa: F401
    except ImportError:
        return False
    return True


def test_each_client_of_the_page_is_recorded(tmp_path: Path, gunicorn: Callable[..., str]) -> None:
    url = gunicorn(ENABLE_PROFILE_COVERAGE="1")
    browser = f"launch(executable_path={CHROMIUM!r}, args=['--no-sandbox'])"
    for words in programs():
        command = [word.replace(SERVER, f"{url}/red").replace("launch()", browser) for word in words]
        if "httpx" in command[-1]:
            command[-1] = command[-1].replace(SERVER[:-1], url).replace('get("/")', 'get("/red")')
        subprocess.run(command, check=True, timeout=60, capture_output=True)
        assert run_profcov(tmp_path, "wait", "checkout") == 0
        assert run_profcov(tmp_path, "combine", "checkout") == 0
        data = CoverageData(str(tmp_path / "data/checkout.coverage"))
        data.read()
        assert 'return {"colour": "red", "pid": os.getpid()}' in set(lines_of(data))
        data.close()
        assert run_profcov(tmp_path, "clean", "checkout") == 0
        (tmp_path / "data/checkout.coverage").unlink(missing_ok=True)


def lines_of(data: CoverageData) -> Iterator[str]:
    for name in data.measured_files():
        texts = Path(name).read_text().splitlines()
        yield from (texts[number - 1].strip() for number in data.lines(name) or ())


def run_profcov(folder: Path, *words: str) -> int:
    environ = {**os.environ, "PROFILE_COVERAGE_DIR": str(folder / "data")}
    return subprocess.run([sys.executable, "-m", "profcov", *words], env=environ, timeout=60, check=False).returncode


@pytest.mark.parametrize("line", ["profcov wait checkout", "profcov combine checkout", "profcov clean checkout"])
def test_the_page_names_the_commands_that_are_tried(line: str) -> None:
    assert line in PAGE
