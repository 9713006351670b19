"""What propagation replaces, it replaces once, only when profcov is on, and puts back."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import types
import unittest.mock
from typing import TYPE_CHECKING

import pytest
import wrapt

from profcov.recording.propagation.patches import Patches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

PROGRAM = """
import _thread, asyncio, concurrent.futures, json, multiprocessing.pool, multiprocessing.process, os, subprocess, sys
import threading

def look():
    return [
        id(vars(owner)[name])
        for owner, name in (
            (threading, "_start_joinable_thread" if hasattr(_thread, "start_joinable_thread") else "_start_new_thread"),
            (_thread, "start_new_thread"),
            (concurrent.futures.ThreadPoolExecutor, "submit"),
            (concurrent.futures.ProcessPoolExecutor, "submit"),
            (concurrent.futures.Future, "add_done_callback"),
            (multiprocessing.pool.Pool, "__init__"),
            (multiprocessing.pool.Pool, "apply_async"),
            (multiprocessing.pool.Pool, "_map_async"),
            (multiprocessing.pool.Pool, "imap"),
            (multiprocessing.pool.Pool, "imap_unordered"),
            (multiprocessing.process.BaseProcess, "start"),
            (subprocess.Popen, "__init__"),
            (os, "posix_spawn"),
            (os, "posix_spawnp"),
            (os, "execv"),
            (os, "execve"),
            (os, "_exit"),
            (asyncio.Handle, "_run"),
        )
    ]

before = look()
from profcov.recording import propagation
propagation.open_recorder()
first = look()
propagation.open_recorder()
second = look()
propagation.uninstall()
print(json.dumps([before, first, second, look()]))
"""


@pytest.mark.parametrize("enabled", ["0", "1"])
def test_what_is_replaced_is_put_back_and_nothing_is_replaced_where_profcov_is_off(
    enabled: str, tmp_path: Path
) -> None:
    environment = {"ENABLE_PROFILE_COVERAGE": enabled, "PROFILE_COVERAGE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    before, first, second, after = json.loads(done.stdout)
    assert after == before
    assert second == first, "installed twice"
    replaced = [old != new for old, new in zip(before, first, strict=True)]
    # Event loops are followed from the first traced coroutine on.
    assert replaced == ([True] * 17 if enabled == "1" else [False] * 17) + [False]


@pytest.fixture
def patches() -> Iterator[Patches]:
    made = Patches()
    yield made
    made.restore()


class Owner:
    """A class whose methods are patched; each test makes a subclass of its own kind."""

    def method(self, word: str = "original") -> str:
        return f"{self.name} {word}"

    @classmethod
    def of_class(cls) -> str:
        return f"class {cls.__name__}"

    @staticmethod
    def static() -> str:
        return "static"

    name = "an owner's"


METHODS = ("method", "of_class", "static")


def call_all(cls: type[Owner]) -> list[str]:
    return [getattr(cls(), name)() for name in METHODS]


def wrap_ours(patches: Patches, cls: type[Owner]) -> None:
    for name in METHODS:
        patches.wrap(cls, name, lambda original, *args, **kwargs: original(*args, **kwargs) + ", ours")


def wrap_theirs(cls: type[Owner]) -> None:
    """Patch as sentry-sdk, OpenTelemetry, ddtrace and New Relic do: with the instance, which is None if that is lost."""

    def wrapper(wrapped: Callable[..., str], instance: Any, args: Any, kwargs: Any) -> str:
        owner = instance if isinstance(instance, type) else type(instance)
        return f"{wrapped(*args, **kwargs)}, theirs on {owner.__name__}"

    for name in METHODS:
        wrapt.wrap_function_wrapper(cls, name, wrapper)


@pytest.fixture
def cls() -> type[Owner]:
    class Patched(Owner):
        method = Owner.__dict__["method"]
        of_class = Owner.__dict__["of_class"]
        static = Owner.__dict__["static"]

    return Patched


THEIRS = [
    "an owner's original, theirs on Patched",
    "class Patched, theirs on Patched",
    "static, theirs on NoneType",
]
ORIGINAL = ["an owner's original", "class Patched", "static"]


def test_a_patch_is_bound_as_what_it_replaces_was_whoever_patched_before(patches: Patches, cls: type[Owner]) -> None:
    wrap_theirs(cls)
    before = [vars(cls)[name] for name in METHODS]
    wrap_ours(patches, cls)
    assert call_all(cls) == [f"{each}, ours" for each in THEIRS]
    patches.restore()
    assert [vars(cls)[name] for name in METHODS] == before
    assert call_all(cls) == THEIRS


def test_another_patch_on_top_of_ours_has_its_instance_and_ours_beneath_does_nothing_once_put_back(
    patches: Patches, cls: type[Owner]
) -> None:
    wrap_ours(patches, cls)
    wrap_theirs(cls)
    on_top = [vars(cls)[name] for name in METHODS]
    assert call_all(cls) == [each.replace(", theirs", ", ours, theirs") for each in THEIRS]
    patches.restore()
    assert not patches
    assert [vars(cls)[name] for name in METHODS] == on_top
    assert call_all(cls) == THEIRS
    wrap_ours(patches, cls)  # installed again: once, not twice
    assert call_all(cls) == [f"{each}, ours" for each in THEIRS]


def test_a_copy_that_another_patch_has_put_into_a_subclass_does_not_go_past_ours(
    patches: Patches, cls: type[Owner]
) -> None:
    class Child(cls):  # type: ignore[valid-type, misc]
        pass

    class Grandchild(Child):
        def method(self, word: str = "") -> str:
            return "of its own"

    wrap_theirs(Child)
    assert set(METHODS) <= set(vars(Child))
    wrap_ours(patches, cls)
    assert call_all(Child) == [each.replace("Patched", "Child") + ", ours" for each in THEIRS]
    assert call_all(cls) == [f"{each}, ours" for each in ORIGINAL]
    assert Grandchild().method() == "of its own"
    patches.restore()
    assert call_all(Child) == [each.replace("Patched", "Child") for each in THEIRS]


def test_what_stands_in_for_a_method_without_being_bound_is_called_without_an_instance(
    patches: Patches, cls: type[Owner]
) -> None:
    lambda_like = unittest.mock.MagicMock(return_value="a mock")
    cls.method = lambda_like  # type: ignore[method-assign]
    patches.wrap(cls, "method", lambda original, *args, **kwargs: original(*args, **kwargs) + ", ours")
    assert cls().method("word") == "a mock, ours"
    lambda_like.assert_called_once_with("word")


def test_a_class_of_c_stays_as_it_is(patches: Patches) -> None:
    """As gevent's queues, which stand in :mod:`queue` where it has patched everything."""
    patches.wrap(str, "upper", lambda original, *args: original(*args))
    assert not patches
    assert "word".upper() == "WORD"


def test_a_function_of_a_module_is_called_as_it_is(patches: Patches) -> None:
    module: Any = types.ModuleType("made_up")
    module.function = wrapt.FunctionWrapper(
        lambda word: word, lambda wrapped, instance, args, kwargs: f"{wrapped(*args, **kwargs)} {instance}"
    )
    patches.wrap(module, "function", lambda original, *args: original(*args) + ", ours")
    assert module.function("word") == "word None, ours"
    assert inspect.signature(module.function) == inspect.signature(lambda word: word)


def test_a_patch_of_popen_that_does_not_tell_what_it_takes_is_no_obstacle(run_python: Callable[..., Any]) -> None:
    source = """
    import os, subprocess, sys
    original = subprocess.Popen.__init__
    subprocess.Popen.__init__ = lambda self, *args, **kwargs: original(self, *args, **kwargs)
    import profcov
    from play import tell
    words = [sys.executable, "-c", "import os; print(os.environ.get('PROFILE_TRACE_SLUG'), os.environ.get('OWN'))"]
    def ask(*args, **kwargs):
        try:
            return subprocess.Popen(*args, **kwargs).communicate()[0].decode()
        except TypeError as error:
            return str(error)
    environ = {**os.environ, "OWN": "own"}
    with profcov.trace("demo"):
        told = [
            ask(words, stdout=-1, env=environ),
            ask(iter(words), -1, None, None, -1, None, None, True, False, None, environ),
            ask(args=words, stdout=-1),
            ask(),
        ]
    tell(told)
    """
    told = run_python(source)
    assert told[:3] == ["demo own\n", "demo own\n", "demo None\n"]
    assert "missing 1 required positional argument: 'args'" in told[3]
