"""Checks of this interpreter: its build, and which other tools observe execution in it."""

from __future__ import annotations

import platform
import sys
import sysconfig
import threading
from typing import TYPE_CHECKING, Any, Final

from profcov.doctor.finding import Finding
from profcov.doctor.installation import find_version, is_importable
from profcov.recording.context import find_scope
from profcov.recording.engine.strands import has_hub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CTRACE: Final = "ctrace"
_TOOL_IDS: Final = range(6)
_NEEDED_IDS: Final = 2
_IN_CHILDREN: Final = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG")


def check_python() -> Finding:
    """Report which interpreter this is, and whether it has the GIL."""
    return judge_python(
        f"{platform.python_implementation()} {platform.python_version()}",
        is_free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        has_gil=getattr(sys, "_is_gil_enabled", lambda: True)(),
    )


def judge_python(name: str, *, is_free_threaded: bool, has_gil: bool) -> Finding:
    """Report what a build of Python means for profcov; ``name`` is implementation and version."""
    if is_free_threaded:
        gil = "the GIL is on now" if has_gil else "without the GIL"
        return Finding(
            "warning",
            "python",
            f"{name}, free-threaded build, {gil}: exact, but measured code stays slow, and branches are not measured",
            "use a build with the GIL if that is too slow, also for branches",
        )
    build = "with the GIL"
    if not name.startswith("CPython "):
        return Finding("warning", "python", f"{name}, {build}: profcov is tested on CPython only", "use CPython")
    return Finding("ok", "python", f"{name}, {build}, in {sys.prefix}")


def check_tool_ids() -> Iterator[Finding]:
    """Report which tools hold the six ids of ``sys.monitoring``."""
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:
        return
    taken = {number: name for number in _TOOL_IDS if (name := monitoring.get_tool(number)) is not None}
    free = len(_TOOL_IDS) - len(taken)
    what = "sys.monitoring tool ids: " + (
        ", ".join(f"{n} is taken by {name}" for n, name in taken.items()) or "all free"
    )
    if free >= _NEEDED_IDS or "profcov" in taken.values():
        yield Finding("ok", "tool-ids", what)
    else:
        yield Finding(
            "warning",
            "tool-ids",
            f"{what}; the monitoring engine needs two",
            "end a tool that holds one: a debugger, a profiler, coverage.py",
        )


def check_tracing(engine: str | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Report which other tools trace this process, or will trace its children; ``engine`` is the one that profcov chooses."""
    disturbs = engine == CTRACE
    coverage: Any = sys.modules.get("coverage")
    if coverage is not None and coverage.Coverage.current() is not None:
        yield _other("coverage-run", "coverage.py measures this process", disturbs=disturbs)
    for name in _IN_CHILDREN:
        if environ.get(name):
            yield _other("coverage-run", f"{name} is set: coverage.py measures child processes", disturbs=disturbs)
    if find_scope() is None:  # inside a unit it is our own
        yield from _check_trace_function(refuses=disturbs)


def _other(check: str, what: str, *, disturbs: bool) -> Finding:
    if not disturbs:
        return Finding("ok", check, f"{what}; the monitoring engine works beside it")
    return Finding(
        "warning", check, what, "start servers and workers without it: the ctrace engine refuses to work beside it"
    )


def _check_trace_function(*, refuses: bool) -> Iterator[Finding]:
    for setter, function in (("sys", sys.gettrace()), ("threading", threading.gettrace())):
        if function is None:
            continue
        what = f"{setter}.settrace: {_describe(function)} is set"
        if refuses:
            advice = "end it (a debugger, coverage.py), or use the monitoring engine"
            yield Finding("problem", "trace-function", f"{what}; the ctrace engine refuses every request", advice)
        else:
            yield Finding("ok", "trace-function", f"{what}; the monitoring engine works beside it")


def _describe(function: Any) -> str:
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def check_greenlets(engine: str | None) -> Iterator[Finding]:
    """Report which libraries that switch greenlets can be imported, and whether the engine follows them."""
    found = [name for name in ("gevent", "eventlet", "greenlet") if is_importable(name)]
    refused = [name for name in found if engine == CTRACE and name != "greenlet"]
    at_work = [name for name in refused if name in sys.modules and has_hub()]
    if at_work:
        yield Finding("problem", "greenlets", *_refuse(at_work))
    if len(at_work) < len(refused):
        yield Finding("warning", "greenlets", *_refuse([name for name in refused if name not in at_work]))
    followed = (
        "ctrace engine follows greenlets inside a request"
        if engine == CTRACE
        else "monitoring engine follows its greenlets"
    )
    for name in found:
        if name not in refused:
            yield Finding("ok", "greenlets", f"{_title([name])}: the {followed}")
    if not found:
        yield Finding("ok", "greenlets", "neither gevent, eventlet nor greenlet can be imported")


def _refuse(names: Sequence[str]) -> tuple[str, str]:
    what = f"{_title(names)}: the ctrace engine refuses every request where {'it is' if len(names) == 1 else 'one is'} at work"
    return what, "use the monitoring engine (Python 3.12, branch = false), or workers with threads"


def _title(names: Sequence[str]) -> str:
    return ", ".join(f"{name} {find_version(name)}" for name in names)
