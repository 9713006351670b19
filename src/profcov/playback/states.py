"""The state that a JSON answer shows, of a job or whatever else takes time: where it stands, and whether it is the last one."""

from __future__ import annotations

from typing import Any, Final

State = str | bool

FAILURES: Final = ("failed", "failure", "error", "errored", "stopped", "canceled", "cancelled", "aborted")

_KEYS: Final = ("status", "state", "job_status", "done", "finished", "completed", "complete", "ready")
_ENDS: Final = frozenset({"finished", "completed", "complete", "done", "succeeded", "success", "successful"})


def find_state(value: Any) -> tuple[str, State] | None:
    """Return the JMESPath expression of the state that a JSON value shows, and the state."""
    if not isinstance(value, dict):
        return None
    nested = [(f"{key}.", part) for key, part in value.items() if isinstance(part, dict) and key.isidentifier()]
    for prefix, part in [("", value), *nested]:
        for key in _KEYS:
            if isinstance(part.get(key), str | bool):
                return prefix + key, part[key]
    return None


def is_success(state: State) -> bool:
    """Return whether all went well."""
    return state is True or (isinstance(state, str) and state.lower() in _ENDS)


def is_failure(state: State) -> bool:
    """Return whether nothing more will come."""
    return isinstance(state, str) and state.lower() in FAILURES
