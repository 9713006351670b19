"""Options of coverage.py's, read whatever its version: older ones do not know all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from coverage import Coverage

SOURCES: Final = ("source", "source_pkgs", "source_dirs")
"""The options under ``run`` that name what is measured."""


def read_option(tool: Coverage, option: str) -> Any:
    """Return an option's value; None if this version of coverage.py does not know it."""
    from coverage.exceptions import ConfigError  # noqa: PLC0415 (a process that records nothing does without coverage.py)

    try:
        return tool.get_option(option)
    except ConfigError:
        return None


def read_list(tool: Coverage, option: str) -> list[str]:
    """Return an option's values; none if it has no list of them."""
    value = read_option(tool, option)
    return [str(each) for each in value] if isinstance(value, list) else []
