"""Runs one case in this process: under profcov with several slugs at once, or one slug alone under coverage.py.

``python harness.py CASE profcov ENGINE`` prints ``{slug: {file: [lines]}}``; ``python harness.py CASE oracle all``
prints what coverage.py's C tracer records when each slug's work runs alone, in a process of its own that is forked when
the modules are imported.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Lines = dict[str, list[Any]]

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

BRANCH = os.environ.get("EXACTNESS_BRANCH", "false")
"""Whether arcs are compared, not lines."""

KINDS = {"alpha": 0, "beta": 1, "gamma": 2, "delta": 3, "epsilon": 4, "zeta": 5, None: 6}
"""What each slug's work is like; None is untraced."""


class Alone:
    """The oracle's side: one slug; coverage.py is on from start to end, except where work is nobody's."""

    def __init__(self, slug: Any, tool: Any) -> None:
        self.slugs = [slug]
        self.tool = tool

    def unit(self, slug: Any) -> AbstractContextManager[None]:
        return contextlib.nullcontext() if slug is not None else self.nobody()

    @contextlib.contextmanager
    def nobody(self) -> Iterator[None]:
        self.tool.stop()
        try:
            yield
        finally:
            self.tool.start()

    def not_following(self) -> AbstractContextManager[None]:
        return contextlib.nullcontext()

    def collect(self) -> None:
        """Collect garbage, which is nobody's."""
        with self.nobody():
            gc.collect()

    def bind(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    async def wait(self, slug: Any, coroutine: Any) -> Any:
        return await coroutine

    def wsgi(self, app: Any) -> Any:
        return app

    def asgi(self, app: Any) -> Any:
        return app

    def process(self, make: Callable[..., Any], function: Callable[..., Any], *args: Any) -> Any:
        """Run here what runs in a child process on the other side: the same lines, by the same tracer."""
        return function(*args)


class Together:
    """profcov's side: every slug of the case, and untraced work beside them."""

    def __init__(self, slugs: list[str]) -> None:
        from profcov.recording.propagation import open_recorder

        self.slugs = [*slugs, None]
        self.recorder = open_recorder()

    @contextlib.contextmanager
    def unit(self, slug: Any) -> Iterator[None]:
        if slug is None:
            with self.nobody():
                yield
            return
        unit = self.recorder.begin(slug)
        assert unit.traced, unit.status
        try:
            with unit.step():
                yield
        finally:
            unit.end()

    @contextlib.contextmanager
    def nobody(self) -> Iterator[None]:
        from profcov.recording.propagation.binding import unbound

        with unbound():
            yield

    not_following = nobody

    def collect(self) -> None:
        gc.collect()

    def bind(self, function: Callable[..., Any]) -> Callable[..., Any]:
        import profcov

        return profcov.bind(function)

    def process(self, make: Callable[..., Any], function: Callable[..., Any], *args: Any) -> Any:
        return make(function, *args)

    async def wait(self, slug: Any, coroutine: Any) -> Any:
        from profcov.recording.propagation import tasks

        if slug is None:
            return await coroutine
        unit = self.recorder.begin(slug)
        assert unit.traced, unit.status
        try:
            tasks.follow(unit)
            return await unit.wait(coroutine)
        finally:
            unit.end()

    def wsgi(self, app: Any) -> Any:
        from profcov.web.wsgi import ProfileTraceMiddleware

        return ProfileTraceMiddleware(app)

    def asgi(self, app: Any) -> Any:
        from profcov.web.asgi import ProfileTraceMiddleware

        return ProfileTraceMiddleware(app)


def find_case(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(f"cases.{module}"), function)


def run_oracle(case: Any, slug: Any) -> Lines:
    import coverage

    os.environ["COVERAGE_CORE"] = "ctrace"
    tool = coverage.Coverage(data_file=None, config_file=os.environ["PROFILE_COVERAGE_CONFIG"])
    # Its warning is what we want: the modules were imported before.
    tool.set_option("run:disable_warnings", ["module-not-measured"])
    tool.start()
    try:
        case(Alone(slug, tool))
    finally:
        tool.stop()
    return read(tool.get_data())


def run_oracles(case: Any) -> dict[str, Lines]:
    """Run the oracle for each slug in a fork of this process, which has run nothing yet."""
    import coverage  # noqa: F401 (imported once)

    return {slug: in_fork(run_oracle, case, slug) for slug in case.slugs}


def in_fork(function: Callable[..., Any], *args: Any) -> Any:
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            with open(writing, "w") as pipe:
                json.dump(function(*args), pipe)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading) as pipe:
        text = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    return json.loads(text)


def run_profcov(case: Any, engine: str, directory: Path) -> dict[str, Lines]:
    os.environ.update(ENABLE_PROFILE_COVERAGE="1", PROFILE_COVERAGE_DIR=str(directory), PROFILE_COVERAGE_ENGINE=engine)
    for name in set(case.concurrency.split(",")) - {"thread"}:
        importlib.import_module(name)
    together = Together(case.slugs)
    case(together)
    assert together.recorder.engine is not None
    assert together.recorder.engine.name == engine
    together.recorder.flush_all()
    return {slug: read_shards(directory, slug) for slug in case.slugs}


def read_shards(directory: Path, slug: Any) -> Lines:
    import coverage

    from profcov.store.layout import list_shards

    lines: Lines = {}
    for shard in list_shards(directory, slug):
        data = coverage.CoverageData(basename=str(shard))
        data.read()
        for file in data.measured_files():
            lines[Path(file).name] = sorted({*lines.get(Path(file).name, ()), *of(data, file)})
    assert all(file.endswith(".py") for file in lines), lines
    return lines


def of(data: Any, file: str) -> Any:
    """Return what is compared of a file: tuples of numbers either way."""
    if BRANCH == "true":
        return data.arcs(file)
    return data.lines(file)


def read(data: Any) -> Lines:
    lines = {Path(file).name: sorted(of(data, file)) for file in data.measured_files()}
    # Python files only: that is what profcov measures. coverage.py alone takes a template's made-up lines, too.
    return {file: numbers for file, numbers in sorted(lines.items()) if numbers and file.endswith(".py")}


def main() -> None:
    name, mode, argument = sys.argv[1:]
    warnings.filterwarnings("ignore", r"\s*Eventlet is deprecated")
    os.environ["PYTHONPATH"] = str(HERE)
    case = find_case(name)
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory, "exactness.ini")
        config.write_text(f"[run]\nsource = {HERE / 'subject'}\nbranch = {BRANCH}\nconcurrency = {case.concurrency}\n")
        os.environ["PROFILE_COVERAGE_CONFIG"] = str(config)
        result = run_oracles(case) if mode == "oracle" else run_profcov(case, argument, Path(directory, "data"))
    print(json.dumps(result))


if __name__ == "__main__":
    sys.modules["harness"] = sys.modules["__main__"]  # cases import from it
    main()
