"""The tutorials, done as they say: files saved, commands typed, and what they print compared with what the page shows."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from ports import find_free_port

TUTORIALS = Path(__file__).resolve().parents[3] / "docs" / "tutorial"
BLOCK = re.compile(r"^<!-- (file: (?P<file>\S+)|run) -->\n```\w+\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
START_SECONDS = 30.0
PORT = "8000"


SHOP = """\
from flask import Flask, request

app = Flask(__name__)


@app.get("/")
def home():
    return "tea"


@app.post("/orders")
def order():
    return take(request.get_json()), 201


def take(wanted):
    return {"cents": 300 * wanted["count"]}


def refund():
    return "nobody calls this"
"""


def test_the_first_matrix_comes_out_as_the_page_says(tmp_path: Path) -> None:
    assert follow("first-matrix.md", tmp_path) == 7
    assert sorted(path.name for path in tmp_path.glob("artifacts/*")) == [
        "guest.coverage",
        "guest.profile.json",
        "member.coverage",
        "member.profile.json",
    ]


def test_the_matrix_of_somebodys_own_application_comes_out_as_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    assert follow("your-application.md", tmp_path) == 7
    matrix = json.loads((tmp_path / "artifacts" / "symbol-profiles.json").read_text())
    assert {name: facts["profiles"] for name, facts in matrix["symbols"].items()} == {
        "shop": ["buyer", "visitor"],
        "shop:home": ["buyer", "visitor"],
        "shop:order": ["buyer"],
        "shop:take": ["buyer"],
        "shop:refund": [],
    }
    assert "shop:take" in (tmp_path / "artifacts" / "index.html").read_text()


def follow(page: str, directory: Path) -> int:
    """Save the files of a page, type its commands, compare what comes out, and return how many there were."""
    port = find_free_port()
    with Reader(directory, port) as reader:
        for block in BLOCK.finditer((TUTORIALS / page).read_text().replace(f":{PORT}", f":{port}")):
            if block["file"]:
                target = directory / block["file"]
                target.parent.mkdir(exist_ok=True)
                target.write_text(block["text"])
            else:
                reader.follow(block["text"].replace(f"--port {PORT}", f"--port {port}"))
    return reader.commands


class Reader:
    """Somebody who types what is behind each ``$`` and looks whether the same comes out; ``...`` stands for anything."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port
        self.commands = 0
        self.servers: list[subprocess.Popen[bytes]] = []
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": ""}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()

    def follow(self, text: str) -> None:
        for command, expected in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            self.commands += 1
            if command.endswith(" &"):
                self.start(command.removesuffix(" &"))
                continue
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=self.directory,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            pattern = "".join(".*" if part == "..." else re.escape(part) for part in re.split(r"(\.\.\.)", expected))
            assert re.fullmatch(pattern, done.stdout, re.DOTALL), f"{command}\n{done.stdout}"

    def start(self, command: str) -> None:
        words = ["sh", "-c", f"exec env {command}"]
        output = subprocess.DEVNULL
        server = subprocess.Popen(
            words,
            cwd=self.directory,
            env=self.environment,
            stdin=output,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        self.servers.append(server)
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.port):
            assert server.poll() is None, command
            assert time.monotonic() < deadline, command


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
