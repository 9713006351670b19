"""Commands that start others below `profcov run`, or above it: each with a `sitecustomize` of its own, as the tools have them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[3] / "src"
APP = """
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.util import setup_testing_defaults

def app(environ, start_response):
    start_response("200 OK", [])
    return [b"a"]

server = WSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
server.set_app(app)
environ = {"HTTP_X_PROFILE_TRACE": "demo"}
setup_testing_defaults(environ)
answer = []
body = server.get_app()(environ, lambda status, headers, *_: answer.extend([status, dict(headers)]))
print(b"".join(body).decode(), answer[0], answer[1].get("X-Profile-Trace-Status"))
getattr(body, "close", str)()
server.server_close()
"""
TRACED = "a 200 OK traced\n"
UNTRACED = "a 200 OK None\n"

# What opentelemetry-instrument 0.66, ddtrace-run 4.16 and newrelic-admin 14.1 do to PYTHONPATH, to sys.path, and to modules.
LAUNCHER = """#!{python}
import os, sys
ours, cwd = {site!r}, {cwd!r}
given = os.environ.get("PYTHONPATH", "").split(os.pathsep) if os.environ.get("PYTHONPATH") else []
if {adds_cwd} and cwd not in given:
    given.insert(0, cwd)
os.environ["PYTHONPATH"] = os.pathsep.join([ours, *(path for path in given if path != ours)])
os.execvp(sys.argv[1], sys.argv[1:])
"""
DDTRACE = """
import importlib.util, os, sys
class Loader:
    def __init__(self, loader):
        self.loader, self.create_module, self.exec_module = loader, loader.create_module, self.run
    def __getattr__(self, name):
        return getattr(self.loader, name)
    def run(self, module):
        self.loader.get_code = self.loader.get_code
        self.loader.exec_module(module)
        module.__loader__ = self.loader
class Finder:
    finding = set()
    def find_spec(self, fullname, path=None, target=None):
        if fullname in self.finding:
            return None
        self.finding.add(fullname)
        try:
            found = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
            spec = next((each for each in found if each is not None), None)
            if spec is not None and spec.loader is not None and fullname.startswith("wsgiref"):
                spec.loader = Loader(spec.loader)
            return spec
        finally:
            self.finding.remove(fullname)
sys.meta_path.insert(0, Finder())
here = os.path.dirname(__file__)
index = sys.path.index(here)
del sys.path[index]
mine = sys.modules.pop("sitecustomize", None)
try:
    import sitecustomize
except ImportError:
    sys.modules["sitecustomize"] = mine
finally:
    sys.path.insert(index, here)
"""
OPENTELEMETRY = "import wsgiref.util\n"  # it runs no other, and imports what it instruments
NEW_RELIC = """
import os, sys
from importlib.machinery import PathFinder
sys.path.remove(os.path.dirname(__file__))
spec = PathFinder.find_spec("sitecustomize", path=sys.path)
if spec is not None:
    code = spec.loader.get_code("sitecustomize")
    exec(code, {"__name__": "sitecustomize", "__file__": spec.origin})
"""
TOOLS = {"ddtrace": DDTRACE, "opentelemetry": OPENTELEMETRY, "newrelic": NEW_RELIC}


class Home(NamedTuple):
    """Two environments: one with profcov, as pip installs it, and one without; with launchers, and an application."""

    folder: Path
    python: str
    other_python: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_", "COV"))
        }
        path = f"{self.folder}{os.pathsep}{Path(self.python).parent}{os.pathsep}{kept['PATH']}"
        return subprocess.run(
            words, cwd=self.folder, env=kept | {"PATH": path}, capture_output=True, text=True, timeout=60, check=False
        )

    def profcov(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.python, "-m", "profcov", *words)

    def measure(self, *words: str) -> str:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        done = self.profcov("run", "--data-dir", "data", "--", *words)
        assert not done.returncode, done.stderr
        return done.stdout

    def said(self, command: str = "status") -> str:
        return self.profcov(command, "--data-dir", "data").stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("home")
    for name in ("env", "other"):
        venv.create(folder / name, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "env"), "platbase": str(folder / "env")}))
    site.joinpath("dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{SOURCE}\n")
    shutil.copy(SOURCE / "profcov.pth", site)
    python = str(folder / "env" / "bin" / "python")
    (folder / "app.py").write_text(APP)
    for name, sitecustomize in TOOLS.items():
        place = folder / f"{name}-site"
        place.mkdir()
        (place / "sitecustomize.py").write_text(sitecustomize)
        launcher = folder / f"{name}-run"
        launcher.write_text(
            LAUNCHER.format(python=python, site=str(place), cwd=str(folder), adds_cwd=name == "opentelemetry")
        )
        launcher.chmod(0o755)
    return Home(folder, python, str(folder / "other" / "bin" / "python"))


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_instruments_what_it_starts_may_stand_on_either_side(home: Home, tool: str) -> None:
    assert home.measure(f"{tool}-run", home.python, "app.py") == TRACED
    shutil.rmtree(home.folder / "data")
    start = [home.python, "-m", "profcov", "run", "--data-dir", "data", "--", home.python, "app.py"]
    done = home.run(f"{tool}-run", *start)
    assert (done.stdout, done.stderr.count("\n")) == (TRACED, 1)
    assert list((home.folder / "data").rglob("demo.*"))


def test_what_keeps_python_from_pythonpath_does_not_keep_it_from_profcov(home: Home) -> None:
    for way in (["python", "-I"], ["python", "-E"], ["env", "-u", "PYTHONPATH", "python"]):
        assert home.measure(*way, "app.py") == TRACED
    assert not list((home.folder / "data" / "state" / "runs").iterdir())


def test_commands_that_are_not_measured_are_reported_until_they_have_ended(home: Home) -> None:
    reasons = {
        (
            "python",
            "-S",
            "app.py",
        ): "no Python of it has looked for profcov: -S, an environment without profcov, or one that",
        (
            "env",
            "-i",
            home.other_python,
            "app.py",
        ): "no Python of it has looked for profcov: -S, an environment without",
        (
            home.other_python,
            "app.py",
        ): f"{home.other_python} cannot load it: ModuleNotFoundError: No module named 'profcov'",
        (
            "python",
            "-c",
            "print('a 200 OK None')",
        ): "no WSGI or ASGI application that profcov wraps and no worker has appeared in it",
    }
    shutil.rmtree(home.folder / "data", ignore_errors=True)
    for words in reasons:
        assert home.profcov("run", "--data-dir", "data", "--", *words).stdout == UNTRACED
    told = [line for line in home.said("status").splitlines() if "profcov run" in line]
    for line, (words, reason) in zip(told, reasons.items(), strict=True):
        assert line.startswith(f"profcov: profcov run started `{shlex.join(words)}` at ")
        assert "which has ended), and nothing of it is traced: " + reason in line
    document = home.profcov("status", "--data-dir", "data", "--format", "json")
    assert [f"profcov: {each}" for each in json.loads(document.stdout)["silent_runs"]] == told
    examined = home.profcov("doctor", "--data-dir", "data", "--format", "json")
    findings = [each for each in json.loads(examined.stdout)["findings"] if each["check"] == "runs"]
    assert [(each["level"], f"profcov: {each['what']}") for each in findings] == [("warning", line) for line in told]
    assert [line for line in home.said("combine").splitlines() if "profcov run" in line] == told
    assert "profcov run" not in home.said("combine")


def test_a_script_of_a_slug_is_measured_where_profcov_is_only_on_the_path(home: Home) -> None:
    shutil.rmtree(home.folder / "data", ignore_errors=True)
    (home.folder / "script.py").write_text("import app\nprint('ran')\n")
    path = f"PYTHONPATH={sysconfig.get_path('purelib')}{os.pathsep}{SOURCE}"
    words = ["run", "--data-dir", "data", "--source", ".", "--slug", "nightly", "--", home.other_python, "script.py"]
    done = home.run("env", path, home.other_python, "-m", "profcov", *words)
    assert (done.stdout.splitlines()[-1], done.stderr.count("\n")) == ("ran", 1)
    assert home.profcov("combine", "--data-dir", "data", "nightly").stdout.startswith("nightly\t")
    assert not list((home.folder / "data" / "state" / "runs").iterdir())


def test_pythons_that_import_no_framework_load_next_to_nothing(home: Home) -> None:
    usual = home.run(home.python, "-c", "import sys, importlib.machinery; print(*sys.modules)").stdout
    below = home.measure(home.python, "-c", "import sys; print(*sys.modules)")
    assert set(below.split()) - set(usual.split()) <= {"__future__", "atexit", "sitecustomize"}
