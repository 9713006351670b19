"""Applications without a line of profcov, started by `profcov run`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import coverage
import pytest
from ports import find_free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

BIN = Path(sys.executable).parent
FLASK = """from flask import Flask
app = Flask(__name__)
@app.get("/a")
def a():
    return "a"
@app.get("/b")
def b():
    return "b"
"""
WSGI = """def app(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] == "/a":
        return [b"a"]
    return [b"b"]
"""
ENGINE = "monitoring" if hasattr(sys, "monitoring") else "ctrace"
ASGI = """async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/a":
        await send({"type": "http.response.body", "body": b"a"})
    else:
        await send({"type": "http.response.body", "body": b"b"})
"""
DJANGO = """import django, sys
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", WSGI_APPLICATION="app.app", DEBUG=True)
django.setup()
def a(request):
    return HttpResponse("a")
def b(request):
    return HttpResponse("b")
urlpatterns = [path("a", a), path("b", b)]
if __name__ == "__main__":
    from django.core.management import execute_from_command_line
    sys.modules["app"] = sys.modules["__main__"]
    from django.core.wsgi import get_wsgi_application
    app = get_wsgi_application()
    execute_from_command_line(sys.argv)
"""
FASTAPI = """from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
app = FastAPI()
@app.get("/a")
def a():
    return PlainTextResponse("a")
@app.get("/b")
async def b():
    return PlainTextResponse("b")
"""
FALCON = """import falcon
class A:
    def on_get(self, req, resp):
        resp.text = "a"
class B:
    def on_get(self, req, resp):
        resp.text = "b"
app = falcon.App()
app.add_route("/a", A())
app.add_route("/b", B())
"""
ASGI_LINES = {"a": {2, 4, 5, 6}, "b": {2, 4, 5, 8}}


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_", "COV"))}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{kept['PATH']}", **more}


def run(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "profcov", "run", *args]
    return subprocess.run(
        command, cwd=folder, env=environment(**env), capture_output=True, text=True, timeout=60, check=False
    )


@contextmanager
def serving(folder: Path, *command: str) -> Iterator[str]:
    port = find_free_port()
    line = [each.replace("PORT", str(port)).replace("HOME", f"--home={sys.prefix}") for each in command]
    with (folder / "log").open("wb") as log:
        start = [sys.executable, "-m", "profcov", "run", "--data-dir", "data", "--", *line]
        process = subprocess.Popen(start, cwd=folder, env=environment(), stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 40
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    said = (folder / "log").read_text()
                    assert process.poll() is None, said
                    assert time.monotonic() < deadline, said
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def get(url: str, slug: str) -> bytes:
    request = urllib.request.Request(url, headers={"X-Profile-Trace": slug})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def lines(folder: Path, slug: str, file: str = "app.py") -> set[int]:
    found: set[int] = set()
    for shard in (folder / "data").glob(f"state/shards/{slug}.coverage.*"):
        data = coverage.CoverageData(str(shard))
        data.read()
        for name in data.measured_files():
            if Path(name).name == file:
                found |= set(data.lines(name) or ())
        data.close()
    return found


@pytest.mark.parametrize(
    ("source", "command", "truth"),
    [
        (FLASK, "gunicorn -b 127.0.0.1:PORT --threads 4 app:app", {"a": {5}, "b": {8}}),
        (WSGI, "gunicorn -b 127.0.0.1:PORT --threads 4 app:app", {"a": {2, 3, 4}, "b": {2, 3, 5}}),
        (WSGI, "gunicorn -b 127.0.0.1:PORT --preload app:app", {"a": {2, 3, 4}, "b": {2, 3, 5}}),
        (FLASK, "flask run -p PORT", {"a": {5}, "b": {8}}),
        (FLASK, "python -m flask run -p PORT", {"a": {5}, "b": {8}}),
        (WSGI, "python -m waitress --listen=127.0.0.1:PORT app:app", {"a": {2, 3, 4}, "b": {2, 3, 5}}),
        (
            FLASK,
            "uwsgi --http-socket 127.0.0.1:PORT --master --die-on-term --enable-threads --module app:app HOME",
            {"a": {5}, "b": {8}},
        ),
        (DJANGO, "python app.py runserver --noreload 127.0.0.1:PORT", {"a": {8}, "b": {10}}),
        # A WSGI worker of granian 2.8 misses a SIGTERM now and then, with or without profcov; all lines are written by then.
        (FALCON, "granian --workers-kill-timeout 10 --interface wsgi --port PORT app:app", {"a": {4}, "b": {7}}),
        (FASTAPI, "granian --workers-kill-timeout 10 --interface asgi --port PORT app:app", {"a": {6}, "b": {9}}),
        (FASTAPI, "uvicorn --port PORT app:app", {"a": {6}, "b": {9}}),
        (ASGI, "hypercorn --bind 127.0.0.1:PORT app:app", ASGI_LINES),
        (ASGI, "uvicorn --port PORT app:app", ASGI_LINES),
        (ASGI, "uvicorn --port PORT --workers 2 app:app", ASGI_LINES),
    ],
)
def test_lines_of_slugs_at_once_are_the_truth(
    tmp_path: Path, source: str, command: str, truth: dict[str, set[int]]
) -> None:
    (tmp_path / "app.py").write_text(source)
    with serving(tmp_path, *command.split()) as url, ThreadPoolExecutor(4) as pool:
        asked = ["a", "b"] * 6
        assert list(pool.map(lambda slug: get(f"{url}/{slug}", slug), asked)) == [each.encode() for each in asked]
    assert {slug: lines(tmp_path, slug) for slug in truth} == truth
    told = [line for line in (tmp_path / "log").read_text().splitlines() if "profcov" in line]
    assert [line.partition(" into ")[0] for line in told] == ["profcov: recording"]


def test_an_existing_sitecustomize_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine', __name__, __file__)")
    done = run(tmp_path, "--", sys.executable, "-c", "import sitecustomize as s; print(s.__file__)", PYTHONPATH=".")
    assert done.stdout.count("sitecustomize.py") == 3  # `profcov run` itself, the command, its answer
    assert "profcov" not in done.stdout
    assert [line[:8] for line in done.stderr.splitlines()] == ["profcov:"] * 2


def test_the_exit_code_is_the_commands(tmp_path: Path) -> None:
    assert run(tmp_path, "--", sys.executable, "-c", "raise SystemExit(7)").returncode == 7


def test_a_command_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, "--", "no-such-command")
    assert done.returncode == 2
    assert "'no-such-command' is not a command that can be found" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_programs_start_without_profcov_being_loaded(tmp_path: Path) -> None:
    said = "import sys; print(any(name.startswith('profcov') for name in sys.modules))"
    assert run(tmp_path, "--", sys.executable, "-c", said).stdout == "False\n"
    assert run(tmp_path, "--", sys.executable, "-c", "import flask; " + said).stdout == "True\n"


AIOHTTP = """import asyncio, os, signal
from aiohttp import web
app = web.Application()
async def stop(app):
    asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGTERM)
app.on_startup.append(stop)
web.run_app(app, port=0, print=None)
"""


def test_a_program_in_which_nothing_appears_that_is_traced_says_so_in_the_end(tmp_path: Path) -> None:
    nothing = "no WSGI or ASGI application that profcov wraps and no worker has appeared in it"
    (tmp_path / "aio.py").write_text(AIOHTTP)
    (tmp_path / "script.py").write_text("import flask, os\nif os.fork():\n    os.wait()\nprint('ran')\n")
    for script in ("aio.py", "script.py"):
        done = run(tmp_path, "--data-dir", "data", "--source", ".", "--", sys.executable, script)
        start, end = done.stderr.splitlines()
        assert start == f"profcov: recording into {tmp_path / 'data'}, engine {ENGINE}, measuring {tmp_path}"
        assert end == f"profcov: nothing was recorded: {nothing}"
    (tmp_path / "bare").mkdir()
    other = tmp_path / "bare" / "python"
    bare = f"#!/bin/sh\nexec {sys.executable} -S -c 'import sitecustomize, sys; print(\"ran\")'\n"
    other.write_text(bare)  # a Python with nothing in its site-packages; it looks for sitecustomize as any does
    other.chmod(0o755)
    done = run(tmp_path, "-q", "--", str(other))
    assert (done.stdout, done.stderr) == ("ran\n", f"profcov: nothing was recorded: {sys.executable} has no profcov\n")
    done = run(tmp_path, "-q", "--slug", "whole", "--", sys.executable, "-c", "pass")
    assert done.stderr == ""


def test_where_profcov_is_missing_the_command_runs_and_says_so_in_the_end(tmp_path: Path) -> None:
    (tmp_path / "other" / "profcov").mkdir(parents=True)
    (tmp_path / "other" / "profcov" / "__init__.py").write_text("raise ImportError('not here')\n")
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'other')!r}); import flask; print('ran')"
    done = run(tmp_path, "--", sys.executable, "-c", program)
    assert (done.stdout, "nothing was recorded" in done.stderr.splitlines()[-1]) == ("ran\n", True)
    assert done.stderr.endswith(" cannot load it: ImportError: not here\n")


def test_an_error_in_an_existing_sitecustomize_is_reported_as_ever(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("1 / 0")
    done = run(tmp_path, "--", sys.executable, "-c", "print('ran')", PYTHONPATH=".")
    assert done.stdout == "ran\n"
    assert "Error in sitecustomize" in done.stderr


def test_source_says_what_is_measured_and_a_slug_makes_the_whole_process_a_profiles(tmp_path: Path) -> None:
    (tmp_path / "measured").mkdir()
    (tmp_path / "measured" / "inside.py").write_text("def run():\n    return 1\n")
    (tmp_path / "outside.py").write_text("def run():\n    return 1\n")
    (tmp_path / "main.py").write_text("import outside\nfrom measured import inside\noutside.run()\ninside.run()\n")
    words = ["--source", "measured", "--slug", "whole", "--data-dir", "data", "--", sys.executable, "main.py"]
    assert run(tmp_path, *words).returncode == 0
    (shard,) = (tmp_path / "data").glob("state/shards/whole.coverage.*")
    data = coverage.CoverageData(str(shard))
    data.read()
    assert {Path(name).name: data.lines(name) for name in data.measured_files()} == {"inside.py": [2]}
    data.close()


@pytest.mark.parametrize("words", [(), ("--source", "pygments"), ("--source", "main.py")])
def test_an_installed_application_a_package_and_a_file_are_measured(tmp_path: Path, words: tuple[str, ...]) -> None:
    command = [str(Path(sysconfig.get_path("scripts"), "pygmentize")), "-V"]
    if words:
        (tmp_path / "main.py").write_text("from pygments.cmdline import main\nmain(['pygmentize', '-V'])\n")
        command = [sys.executable, "main.py"]
    done = run(tmp_path, *words, "--slug", "whole", "--data-dir", "data", "--", *command)
    assert done.stdout.startswith("Pygments")
    (shard,) = (tmp_path / "data").glob("state/shards/whole.coverage.*")
    data = coverage.CoverageData(str(shard))
    data.read()
    measured = {Path(name).parts[-2:] for name in data.measured_files()}
    data.close()
    if "main.py" in words:
        assert measured == {(tmp_path.name, "main.py")}
    else:
        assert ("pygments", "cmdline.py") in measured
        assert all(name.find("pygments") > 0 for name in data.measured_files())


def test_what_makes_no_sense_is_reported_in_one_sentence(tmp_path: Path) -> None:
    program = (sys.executable, "-c", "")
    for words, told in [
        (("--source", ".", "--config", "x.ini"), "give one of them"),
        (("--omit", "x"), "--omit goes with --source"),
        (("--slug", "../x"), "is not a slug"),
        (("--config", "missing.ini"), "expected a file that exists"),
        (("--source", "missing"), "'missing' is neither an existing directory or file"),
    ]:
        done = run(tmp_path, *words, "--", *program)
        assert done.returncode == 2
        assert told in done.stderr
        assert "Traceback" not in done.stderr
    done = run(tmp_path, "--", *program, PROFILE_COVERAGE_ENGINE="fast")
    assert (done.returncode, "PROFILE_COVERAGE_ENGINE='fast'" in done.stderr) == (2, True)


JOBS = """import rq, redis, sys
def work(number):
    total = number * 2
    return total
def other():
    return "other"
"""


@pytest.mark.parametrize(
    "worker", ["rq worker --burst", "rq worker --burst -w rq.SimpleWorker", "rq worker-pool --burst -n 1"]
)
def test_rq_workers_measure_the_jobs_that_carry_a_slug(tmp_path: Path, redis_url: str, worker: str) -> None:
    queue = f"q{time.monotonic_ns()}"
    (tmp_path / "jobs.py").write_text(JOBS)
    enqueue = f"""
import jobs, profcov, redis, rq
queue = rq.Queue({queue!r}, connection=redis.Redis.from_url({redis_url!r}))
with profcov.trace("demo"):
    queue.enqueue("jobs.work", 21)
queue.enqueue("jobs.other")
"""
    assert run(tmp_path, "--data-dir", "data", "--", sys.executable, "-c", enqueue, PYTHONPATH=".").returncode == 0
    done = run(tmp_path, "--data-dir", "data", "--", *worker.split(), "--url", redis_url, queue, PYTHONPATH=".")
    assert done.returncode == 0, done.stderr
    assert lines(tmp_path, "demo", "jobs.py") == {3, 4}
