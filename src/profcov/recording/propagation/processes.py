"""Child processes that a unit starts run under its slug: forked, spawned, or Python programs of their own.

A program gets the slug through its environment. Only Python gets it, and programs that may start Python in this process's own
environment: a separate environment for another program is separate on purpose.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing.process
import os
import subprocess
import sys
from inspect import Parameter, Signature
from threading import get_ident, get_native_id
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.context import find_scope
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.later import do_or_put_off
from profcov.recording.lingering import linger
from profcov.recording.processes import flush_everything, go_on, recorder_for
from profcov.recording.propagation.binding import look_like, unbound
from profcov.recording.propagation.programs import Program
from profcov.recording.work import work_labelled
from profcov.settings import ENABLE, PROCESS_SLUG, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from profcov.recording.propagation.patches import Patches
    from profcov.recording.scope import Scope

# Popen's parameters: patches of others in its place may hide them, and this has been the order since Python 2.
_POPEN: Final = Signature(
    [
        *(Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in ("self", "args")),
        *(
            Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=None)
            for name in [
                "bufsize",
                "executable",
                "stdin",
                "stdout",
                "stderr",
                "preexec_fn",
                "close_fds",
                "shell",
                "cwd",
                "env",
            ]
        ),
        Parameter("rest", Parameter.VAR_POSITIONAL),
        Parameter("more", Parameter.VAR_KEYWORD),
    ]
)


def install(patches: Patches) -> None:
    """Let child processes follow, and lose nothing when a process ends by ``os._exit`` or becomes another."""
    patches.wrap(multiprocessing.process.BaseProcess, "start", _start_process)
    patches.wrap(subprocess.Popen, "__init__", _start_program)
    for name in ("posix_spawn", "posix_spawnp"):
        patches.wrap(os, name, _spawn)
    patches.wrap(os, "execv", functools.partial(_exec_without_environment, os.execve))
    patches.wrap(os, "execve", _exec)
    patches.wrap(os, "_exit", _exit)


class Carried:
    """A function that runs under a slug in any process that calls it; pickled with the settings to record by."""

    may_run_for_ever = False

    def __init__(self, slug: str, settings: Settings, label: str | None, function: Callable[..., Any]) -> None:
        self.slug = slug
        self.settings = settings
        self.label = label
        self.function = function

    @classmethod
    def by(cls, scope: Scope, function: Callable[..., Any]) -> Carried:
        """Return the function as work of a scope."""
        do_or_put_off(functools.partial(scope.book.learn_label, scope.trace))
        return cls(scope.book.slug, scope.book.settings, scope.trace.label, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as a unit of work; what it ran is on disk before its result is returned."""
        unit = recorder_for(self.settings).begin(self.slug, work_labelled(self.label))
        if not unit.traced:
            return self.function(*args, **kwargs)
        if self.may_run_for_ever:
            unit.thread = get_ident(), get_native_id()
            linger(unit)
        try:
            with unit.step():
                return self.function(*args, **kwargs)
        finally:
            unit.end()


class _CarriedRun:
    """The ``run`` of a process object; it knows the object, so that both are pickled to a spawned child together."""

    def __init__(self, scope: Scope, process: multiprocessing.process.BaseProcess) -> None:
        self._process = process
        self._own = {"run": vars(process)["run"]} if "run" in vars(process) else {}  # takes precedence over its class's
        run = self._own.get("run") or functools.partial(type(process).run, process)
        self._carried = Carried.by(scope, run)
        self._carried.may_run_for_ever = process.daemon

    def __call__(self) -> None:
        self.step_aside()
        self._carried()

    def step_aside(self) -> None:
        """Restore the object's own method."""
        vars(self._process).pop("run", None)
        vars(self._process).update(self._own)


def _start_process(original: Callable[..., None], process: multiprocessing.process.BaseProcess, /) -> None:
    scope = find_scope()
    if scope is None:
        original(process)
        return
    if _serves_everybody(process):
        with unbound():
            original(process)
        return
    run = vars(process)["run"] = _CarriedRun(scope, process)
    try:
        with unbound():  # a fork server that is started implicitly serves others, too
            original(process)
    finally:
        run.step_aside()


def _serves_everybody(process: multiprocessing.process.BaseProcess) -> bool:
    """Return whether a process is the server of a :class:`multiprocessing.Manager`."""
    manager = getattr(sys.modules.get("multiprocessing.managers"), "BaseManager", None)
    target = getattr(process, "_target", None)
    return manager is not None and getattr(target, "__func__", None) is manager._run_server.__func__  # noqa: SLF001


def _start_program(original: Callable[..., None], /, *args: Any, **kwargs: Any) -> None:
    scope = find_scope()
    if scope is None:
        original(*args, **kwargs)
        return
    try:
        given = _POPEN.bind(*args, **kwargs)
    except TypeError:
        original(*args, **kwargs)  # which reports what is wrong
        return
    words = given.arguments.get("args")
    if not isinstance(words, (str, bytes, os.PathLike, list, tuple)):
        given.arguments["args"] = words = list(words)  # type: ignore[arg-type]  # as Popen does: it can be read once
    if given.arguments.get("preexec_fn") is not None:
        given.arguments["preexec_fn"] = _Prepared(given.arguments["preexec_fn"], scope)
    given.arguments["env"] = _environment(given.arguments.get("env"), functools.partial(_describe, given.arguments))
    original(*given.args, **given.kwargs)


class _Prepared:
    """The ``preexec_fn`` of a child: all that the child ran is on disk afterwards, and it does not count as dead.

    Write before the call, too, if it is not measured: it may drop the child's permission to write.
    """

    def __init__(self, function: Callable[[], Any], scope: Scope) -> None:
        look_like(self, function)
        self._function = function
        self._scope = scope

    def __call__(self) -> None:
        if not self._is_measured():
            flush_everything()
        try:
            self._function()
        finally:
            flush_everything()

    def _is_measured(self) -> bool:
        try:
            code = getattr(self._function, "__code__", None)
            return code is not None and self._scope.book.engine.sources.measured(code.co_filename, None) is not None
        except Exception as error:  # noqa: BLE001 (its attributes may run code)
            raise_foreign(error)
            return False


def _describe(given: Mapping[str, Any]) -> Program:
    """Return the program that ``subprocess.Popen`` starts with these arguments."""
    words = given["args"]
    name, *rest = [words] if isinstance(words, (str, bytes, os.PathLike)) else words or [""]
    if given.get("shell"):
        name, rest = "/bin/sh", [name, *rest]
    return Program(given.get("executable") or name, rest, os.get_exec_path(given.get("env")), given.get("cwd"))


def _spawn(original: Callable[..., Any], path: Any, argv: Any, env: Any, /, **kwargs: Any) -> Any:
    return original(path, argv, _environment(env, lambda: Program(path, argv[1:], os.get_exec_path())), **kwargs)


def _exec(original: Callable[..., Any], path: Any, args: Any, env: Any, /) -> Any:
    with _becoming_another():
        return original(path, args, _environment(env, lambda: Program(path, args[1:])))


def _exec_without_environment(execve: Callable[..., Any], original: Callable[..., Any], path: Any, args: Any, /) -> Any:
    with _becoming_another():
        environment = _environment(None, lambda: Program(path, args[1:]))
        return original(path, args) if environment is None else execve(path, args, environment)


@contextlib.contextmanager
def _becoming_another() -> Iterator[None]:
    """Write everything before this process becomes another program; if `exec` fails, carry on."""
    flush_everything()
    try:
        yield
    except BaseException:
        go_on()
        raise


def _exit(original: Callable[..., Any], status: int, /) -> Any:
    flush_everything()
    return original(status)


def _environment(given: Any, find_program: Callable[[], Program]) -> Any:
    """Return a child's environment with the current slug and the settings to record by, if the child should get them.

    It is unchanged outside of a unit, for a program other than Python, and if it is invalid: starting the process will then
    fail with the proper error.
    """
    scope = find_scope()
    if scope is None:
        return given
    try:
        environment = dict(os.environ if given is None else given)
        known = {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}
        program = find_program()
        is_own = given is None or ENABLE in known
        if not program.is_python and not (is_own and program.may_start_python):
            return given
        ours = {**scope.book.settings.environment_of_child(known), PROCESS_SLUG: scope.book.slug}
    except Exception as error:  # noqa: BLE001 (arguments that may be anything)
        raise_foreign(error)
        log_once("child", "cannot determine what a child process is: it is not followed", error=error)
        return given
    if any(isinstance(name, bytes) for name in environment):
        return environment | {os.fsencode(name): os.fsencode(value) for name, value in ours.items()}
    return environment | ours
