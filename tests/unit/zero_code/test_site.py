"""What a Python below `profcov run` runs when it starts; with real launchers: integration/zero_code/test_launchers.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

START = """
import json, sys, threading
from pathlib import Path
import profcov
path = Path(profcov.__file__).parent / "zero_code" / "site" / "sitecustomize.py"
def start():
    exec(compile(path.read_text(), str(path), "exec"), {"__name__": "profcov_run", "__file__": str(path)})
"""


def test_the_list_of_finders_keeps_its_order_for_those_who_go_through_it_meanwhile(
    run_python: Callable[..., Any],
) -> None:
    kept, names = run_python(
        START
        + """
start()
start()
before = list(sys.meta_path)
import wsgiref.simple_server
kept = [finder for finder in sys.meta_path if finder in before] == before
print(json.dumps([kept, [type(finder).__name__ for finder in sys.meta_path if "rofcov" in repr(finder)]]))
"""
    )
    assert kept
    assert names == ["_Finder", "ProfcovWaiter"]


def test_frameworks_that_threads_import_at_once_are_wrapped_each(run_python: Callable[..., Any]) -> None:
    assert run_python(
        START
        + """
import importlib
sys.setswitchinterval(1e-6)
start()
names = {"wsgiref.simple_server": ("WSGIServer", "set_app"), "flask.app": ("Flask", "__call__")}
barrier = threading.Barrier(len(names))
def load(name):
    barrier.wait()
    importlib.import_module(name)
threads = [threading.Thread(target=load, args=(name,)) for name in names]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
import colorsys  # what came past the first look is looked at with the next import
print(json.dumps([hasattr(getattr(getattr(sys.modules[name], owner), method), "__wrapped__")
                  for name, (owner, method) in names.items()]))
"""
    ) == [True, True]


def test_a_profcov_that_cannot_be_loaded_is_no_matter_to_the_program(run_python: Callable[..., Any]) -> None:
    assert (
        run_python(
            START
            + """
start()
sys.modules["profcov.zero_code"] = None
import wsgiref.simple_server
print(json.dumps(wsgiref.simple_server.__name__))
"""
        )
        == "wsgiref.simple_server"
    )
