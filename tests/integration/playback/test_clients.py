"""The clients of docs/how-to/record.md: each sends the header, and `combine` makes the artifact."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import find_chromium
from coverage import CoverageData

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "how-to" / "record.md").read_text()
FILE = re.compile(r"^<!-- file: checkout_(\w+)\.py -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OTHERS = re.compile(r"^<!-- file: (\w*checkout\.[\w.]+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CURL = re.findall(r"^\$ (curl .+)$", PAGE, re.MULTILINE)
SERVER = "http://127.0.0.1:8000/"


def programs() -> dict[str, list[str]]:
    """Return the commands of the page's clients, by what they use."""
    found = {name: [sys.executable, "-c", text] for name, text in FILE.findall(PAGE)}
    (line,) = CURL
    return {**found, "curl": ["bash", "-c", line]}


def test_each_client_of_the_page_is_recorded(tmp_path: Path, gunicorn: Callable[..., str]) -> None:
    clients = programs()
    del clients["playwright"]
    assert record(tmp_path, gunicorn, clients) == {"requests": True, "httpx": True, "curl": True}


def test_the_browser_of_the_page_is_recorded(tmp_path: Path, gunicorn: Callable[..., str]) -> None:
    browser = f"launch(executable_path={find_chromium()!r}, args=['--no-sandbox'])"
    words = [word.replace("launch()", browser) for word in programs()["playwright"]]
    assert record(tmp_path, gunicorn, {"playwright": words}) == {"playwright": True}


SHOP = """
from flask import Flask, request
from profcov.web.flask import ProfileTrace

app = Flask(__name__)
ProfileTrace(app)
cart = {"lamps": 0}


@app.post("/cart")
def add():
    cart["lamps"] += request.json["lamps"]
    return {"taken": request.json["lamps"]}


@app.get("/cart")
def show():
    return cart
"""


def test_the_test_client_of_the_page_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "test_checkout.py").write_text(dict(OTHERS.findall(PAGE))["test_checkout.py"])
    environ = os.environ | {
        "ENABLE_PROFILE_COVERAGE": "1",
        "PROFILE_COVERAGE_DIR": str(tmp_path / "data"),
        "PYTHONPATH": str(tmp_path),
    }
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_checkout.py"]
    subprocess.run(words, cwd=tmp_path, env=environ, check=True, timeout=60, capture_output=True)
    assert run_profcov(tmp_path, "combine", "checkout") == 0
    data = CoverageData(str(tmp_path / "data/checkout.coverage"))
    data.read()
    assert {'return {"taken": request.json["lamps"]}', "return cart"} <= set(lines_of(data))
    data.close()


TOOLS = {
    "checkout.hurl": ["hurl", "--test", "--variable", "base={url}", "checkout.hurl"],
    "test_checkout.tavern.yaml": [sys.executable, "-m", "pytest", "-q", "test_checkout.tavern.yaml"],
}


def test_the_page_has_an_example_of_each_tool() -> None:
    assert {name for name, _ in OTHERS.findall(PAGE)} == {*TOOLS, "test_checkout.py"}


@pytest.mark.parametrize("name", TOOLS)
def test_another_tools_example_is_recorded(
    tmp_path: Path, gunicorn: Callable[..., str], worker: Callable[..., None], redis_url: str, name: str
) -> None:
    if shutil.which("hurl") is None if name == "checkout.hurl" else importlib.util.find_spec("tavern") is None:
        pytest.skip("the tool is not installed")
    environ = {"ENABLE_PROFILE_COVERAGE": "1", "REDIS_URL": redis_url}
    url = gunicorn(**environ)
    worker(**environ)
    (tmp_path / name).write_text(dict(OTHERS.findall(PAGE))[name])
    words = [word.replace("{url}", url) for word in TOOLS[name]]
    subprocess.run(words, cwd=tmp_path, env=os.environ | {"BASE": url}, check=True, timeout=60)
    assert run_profcov(tmp_path, "combine", "checkout", "--redis-url", redis_url) == 0
    data = CoverageData(str(tmp_path / "data/checkout.coverage"))
    data.read()
    assert 'return {"status": Job.fetch(job_id, connection=connect()).get_status()}' in set(lines_of(data))
    data.close()


def record(tmp_path: Path, gunicorn: Callable[..., str], clients: dict[str, list[str]]) -> dict[str, bool]:
    """Run clients of one server, one after the other; return whether the line that each asks for was recorded."""
    found = {}
    url = gunicorn(ENABLE_PROFILE_COVERAGE="1")
    for name, words in clients.items():
        command = [word.replace(SERVER, f"{url}/red") for word in words]
        if "httpx" in command[-1]:
            command[-1] = command[-1].replace(SERVER[:-1], url).replace('get("/")', 'get("/red")')
        subprocess.run(command, check=True, timeout=60, capture_output=True)
        assert run_profcov(tmp_path, "combine", "checkout") == 0
        data = CoverageData(str(tmp_path / "data/checkout.coverage"))
        data.read()
        found[name] = 'return {"colour": "red", "pid": os.getpid()}' in set(lines_of(data))
        data.close()
        assert run_profcov(tmp_path, "clean", "checkout") == 0
        (tmp_path / "data/checkout.coverage").unlink(missing_ok=True)
    return found


def lines_of(data: CoverageData) -> Iterator[str]:
    for name in data.measured_files():
        texts = Path(name).read_text().splitlines()
        yield from (texts[number - 1].strip() for number in data.lines(name) or ())


def run_profcov(folder: Path, *words: str) -> int:
    environ = {**os.environ, "PROFILE_COVERAGE_DIR": str(folder / "data")}
    return subprocess.run([sys.executable, "-m", "profcov", *words], env=environ, timeout=60, check=False).returncode


@pytest.mark.parametrize("line", ["profcov combine checkout --redis-url redis://", "profcov clean checkout"])
def test_the_page_names_the_commands_that_are_tried(line: str) -> None:
    assert line in PAGE
