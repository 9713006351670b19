"""The process of one variant: ``worker.py WORKLOAD VARIANT DIRECTORY``, told by a pipe or over HTTP what to run.

In process: each line on standard input is ``{"load", "count"}``; the answer is ``{"seconds", "cpu"}`` for the whole
batch. Served: it says ``{"port", "pid"}`` when the server listens, and ends by a signal.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

from catalogue import SLUGS, find_workload
from rig import Rig, leave_writing_out, pick_slug, start_other_profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication, WSGIEnvironment

STATUS = "X-Profile-Trace-Status"


def say(facts: dict[str, Any]) -> None:
    """Answer the parent."""
    print(json.dumps(facts), flush=True)


class Batches:
    """Runs batches of requests in process."""

    def __init__(self, workload: str, rig: Rig) -> None:
        rig.switch_on()
        from workload import handlers  # noqa: PLC0415 (not before coverage.py has started)

        self._app = rig.wrap_wsgi(handlers.answer_cpu if workload == "cpu" else handlers.answer_nothing)
        self._variant = rig.variant
        self._next_generation: Callable[[], None] | None = None
        if rig.variant.key == "first":
            self._next_generation = leave_writing_out(rig)
        if rig.variant.key.startswith("worst"):
            start_other_profile(rig.variant.key.removeprefix("worst-"))

    def check(self) -> None:
        """Fail if the first request is not traced although it should be, or the other way round."""
        statuses: list[str] = []

        def respond(_status: str, headers: list[tuple[str, str]], *_exc_info: Any) -> Callable[[bytes], object]:
            statuses.extend(value for name, value in headers if name == STATUS)
            return statuses.append  # type: ignore[return-value]

        list(self._app(self._make_environ("steady", 0), respond))
        if statuses != (["traced"] if self._variant.traces else []):
            sys.exit(f"{self._variant.title}: the answer's {STATUS} is {statuses}")

    def run(self, load: str, count: int) -> dict[str, float]:
        """Run a batch; only requests are timed, not what starts a new generation between them."""
        environs = [self._make_environ(load, turn) for turn in range(count)]
        if self._next_generation is None:
            return _time(self._app, environs)
        total = {"seconds": 0.0, "cpu": 0.0}
        for environ in environs:
            self._next_generation()
            took = _time(self._app, [environ])
            total = {name: total[name] + took[name] for name in total}
        return total

    def _make_environ(self, load: str, turn: int) -> WSGIEnvironment:
        environ: dict[str, Any] = {"QUERY_STRING": str(turn % SLUGS if load == "eight" else 0), "HTTP_ACCEPT": "*/*"}
        setup_testing_defaults(environ)
        environ["PATH_INFO"] = "/hot" if load == "hot" else "/"
        slug = pick_slug(self._variant.key, turn)
        return environ if slug is None else {**environ, "HTTP_X_PROFILE_TRACE": slug}


def _time(app: WSGIApplication, environs: list[WSGIEnvironment]) -> dict[str, float]:
    cpu, started = time.process_time(), time.perf_counter()
    for environ in environs:
        body = app(environ, _respond)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()
    return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


def _respond(_status: str, _headers: list[tuple[str, str]], *_exc_info: Any) -> Callable[[bytes], object]:
    return len


def main() -> None:
    """Run as the parent says."""
    workload, variant, directory = sys.argv[1:]
    rig = Rig(variant, Path(directory))
    if find_workload(workload).served:
        from served import serve  # noqa: PLC0415 (imports the server)

        with contextlib.suppress(KeyboardInterrupt):
            serve(workload, rig, say)
        return
    batches = Batches(workload, rig)
    batches.check()
    say({})
    for line in sys.stdin:
        say(batches.run(**json.loads(line)))


if __name__ == "__main__":
    main()
