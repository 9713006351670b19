"""Answers for the test itself, and coverage.py alone: nothing here is measured."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import coverage


async def say(send: Any, told: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


class Oracle:
    """coverage.py's C tracer, from the first request on: the modules are imported before, in no profile."""

    def __init__(self) -> None:
        self._tool: coverage.Coverage | None = None

    def start(self) -> None:
        if self._tool is None:
            self._tool = coverage.Coverage(data_file=None, config_file=os.environ["ALONE"])
            # Its warning is what we want.
            self._tool.set_option("run:disable_warnings", ["module-not-measured"])
            self._tool.set_option("run:core", "ctrace")
            self._tool.start()

    def read(self) -> dict[str, list[int]]:
        assert self._tool is not None
        self._tool.stop()
        data = self._tool.get_data()
        return {Path(file).name: sorted(data.lines(file) or ()) for file in data.measured_files()}
