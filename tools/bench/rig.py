"""A variant at work in this process: what is switched on before the workload is imported, and what wraps it."""

from __future__ import annotations

import importlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from catalogue import SLUGS, find_variant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from coverage import Coverage

WORKLOAD: Final = Path(__file__).parent / "workload"
RECORDED: Final = "recorded.lines"
"""The file in which a variant that saves no coverage data says how many lines it had."""


class Rig:
    """One variant in one process; ``directory`` is its own, empty at first."""

    def __init__(self, variant: str, directory: Path) -> None:
        self.variant = find_variant(variant)
        self.directory = directory
        self.config = directory / "measured.ini"
        self.data = directory / "data"
        self._is_noted = False

    def switch_on(self) -> None:
        """Configure profcov, or start coverage.py; before the workload is imported."""
        # Every process has imported the same modules: the garbage collector's pace depends on how much there is.
        for name in ("coverage", "profcov.recording.engine.choose", "profcov.web.wsgi", "profcov.web.asgi"):
            importlib.import_module(name)
        self.config.write_text(f"[run]\nsource = {WORKLOAD}\n", encoding="utf-8")
        if self.variant.key in {"ctrace", "sysmon"}:
            self._start_coverage()
        elif self.variant.traces or self.variant.key == "idle":
            os.environ["ENABLE_PROFILE_COVERAGE"] = "1"
            os.environ["PROFILE_COVERAGE_DIR"] = str(self.data)
            os.environ["PROFILE_COVERAGE_CONFIG"] = str(self.config)

    def _start_coverage(self) -> None:
        os.environ["COVERAGE_CORE"] = self.variant.key
        from coverage import Coverage  # noqa: PLC0415 (the other variants do without)

        whole = Coverage(data_file=str(self.directory / "whole.coverage"), config_file=str(self.config), auto_data=True)
        whole.start()  # saved when the process ends

    def wrap_wsgi(self, app: WSGIApplication) -> WSGIApplication:
        """Return the WSGI application as the variant runs it."""
        if self.variant.key == "each":
            return CoverageEachRequest(app, self)
        if self.variant.traces or self.variant.key == "idle":
            from profcov.web.wsgi import ProfileTraceMiddleware  # noqa: PLC0415

            return ProfileTraceMiddleware(app)
        return app

    def wrap_asgi(self, app: Any) -> Any:
        """Return the ASGI application as the variant runs it."""
        if self.variant.key == "each":
            return self._cover_each_asgi_request(app)
        if self.variant.traces or self.variant.key == "idle":
            from profcov.web.asgi import ProfileTraceMiddleware  # noqa: PLC0415

            return ProfileTraceMiddleware(app)
        return app

    def _cover_each_asgi_request(self, app: Any) -> Any:
        async def covered(scope: Any, receive: Any, send: Any) -> None:
            cover = self.new_coverage()
            cover.start()
            try:
                await app(scope, receive, send)
            finally:
                self.finish(cover)

        return covered

    def new_coverage(self) -> Coverage:
        """Return what people make by hand for each request."""
        from coverage import Coverage  # noqa: PLC0415

        return Coverage(data_file=None, config_file=str(self.config))

    def finish(self, cover: Coverage) -> None:
        """Stop a request's coverage; its data is read out, and not saved."""
        cover.stop()
        data = cover.get_data()
        self.note(sum(len(data.lines(name) or ()) for name in data.measured_files()))

    def note(self, lines: int) -> None:
        """Say how many lines were recorded, the first time."""
        if not self._is_noted:  # asking the disk each time would be measured, too
            (self.directory / RECORDED).write_text(str(lines), encoding="ascii")
            self._is_noted = True


class CoverageEachRequest:
    """WSGI middleware as people write it by hand: right only where requests come one at a time."""

    def __init__(self, app: WSGIApplication, rig: Rig) -> None:
        self._app = app
        self._rig = rig

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        cover = self._rig.new_coverage()
        cover.start()
        try:
            body = self._app(environ, start_response)
            chunks = list(body)
            if hasattr(body, "close"):
                body.close()
            return chunks
        finally:
            self._rig.finish(cover)


def pick_slug(variant: str, turn: int) -> str | None:
    """Return the slug of a request, or None if it has none."""
    if not find_variant(variant).traces:
        return None
    return f"profile-{turn % SLUGS if variant == 'eight' else 0}"


def leave_writing_out(rig: Rig) -> Callable[[], None]:
    """Replace the writing of shards by nothing; return what starts the slug's next generation."""
    from profcov.recording import pending  # noqa: PLC0415
    from profcov.slug import parse_slug  # noqa: PLC0415
    from profcov.store.clean import discard  # noqa: PLC0415
    from profcov.store.directory import DataDirectory  # noqa: PLC0415

    def write_nothing(*given: Any, **_options: Any) -> None:
        rig.note(sum(map(len, given[3].values())))

    def start_generation() -> None:
        discard(DataDirectory(rig.data), parse_slug("profile-0"))

    pending.write_shard = write_nothing  # type: ignore[assignment, attr-defined]
    return start_generation


class _Pause:
    """A number that makes whoever counts up to it wait: ``range`` asks for its value inside the caller's frame."""

    def __init__(self, ready: threading.Event) -> None:
        self._ready = ready

    def __index__(self) -> int:
        self._ready.set()
        threading.Event().wait()
        return 0


def start_other_profile(where: str) -> None:
    """Start a thread that is B's, alive and waiting until the process ends.

    It waits outside the hot loop that it has ``never`` been in, outside when it has ``been`` there, or ``inside``.
    """
    from workload import cpu  # noqa: PLC0415 (not before coverage.py has started)

    from profcov import trace  # noqa: PLC0415

    ready = threading.Event()

    def work() -> None:
        with trace("profile-b"):
            if where == "been":
                cpu.hot(2)
            elif where == "inside":
                cpu.hot(_Pause(ready))  # type: ignore[arg-type]
            ready.set()
            threading.Event().wait()

    threading.Thread(target=work, daemon=True).start()
    ready.wait()
