"""The tool ids of ``sys.monitoring`` that the engine takes, and frees."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import EngineUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType

# 3 and 4 have no owner by convention; then optimizer, profiler, debugger and coverage, if they are not in use.
_TOOL_IDS: Final = (4, 3, 5, 2, 0, 1)


def _find_monitoring() -> Any:
    return getattr(sys, "monitoring", None)  # an interpreter without it has no such engine


def take_tools(engine: str) -> tuple[int, int]:
    """Reserve two tool ids, and return them.

    Raises:
        EngineUnavailableError: fewer are free.
    """
    monitoring = _find_monitoring()
    free = [i for i in _TOOL_IDS if monitoring.get_tool(i) is None]
    if len(free) < 2:  # noqa: PLR2004
        raise EngineUnavailableError(engine, "fewer than two sys.monitoring tool ids are free")
    monitoring.use_tool_id(free[0], "profcov")
    monitoring.use_tool_id(free[1], "profcov-discovery")
    return free[0], free[1]


def free_tools(tools: tuple[int, ...], codes: Iterable[CodeType | None]) -> None:
    """Switch off all events of the tools, including those of code objects, and free the ids."""
    monitoring = _find_monitoring()
    for tool in tools:
        monitoring.set_events(tool, 0)
    for code in codes:
        if code is not None:
            for tool in tools:
                monitoring.set_local_events(tool, code, 0)
    for tool in tools:
        for event in (1 << bit for bit in range(monitoring.events.PY_THROW.bit_length())):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)
