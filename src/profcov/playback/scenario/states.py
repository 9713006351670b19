"""The state that a JSON answer shows, of a job or whatever else takes time: where it stands, and whether it is the last one."""

from __future__ import annotations

from typing import Any, Final

State = str | bool

FAILURES: Final = ("failed", "failure", "error", "errored", "stopped", "canceled", "cancelled", "aborted")

_KEYS: Final = ("status", "state", "job_status", "done", "finished", "completed", "complete", "ready")
_ENVELOPE: Final = frozenset({"ok", "success", "error", "fail"})
"""What ``status`` has around the data of each answer of some APIs: it is the request's, where there is another inside."""

_OUTCOMES: Final = frozenset({"result", "results", "output"})
"""Keys of a job's outcome, whose state is not the job's."""

_ENDS: Final = frozenset({"finished", "completed", "complete", "done", "succeeded", "success", "successful"})


def find_state(value: Any, depth: int = 2) -> tuple[str, State] | None:
    """Return the JMESPath expression of the state that a JSON value shows, and the state.

    It is in the value itself or one level below; in an envelope, one level lower.
    """
    if not isinstance(value, dict):
        return None
    own = next(((key, value[key]) for key in _KEYS if isinstance(value.get(key), str | bool)), None)
    if depth and (own is None or (own[0] == "status" and str(own[1]).lower() in _ENVELOPE)):
        for key, part in value.items():
            if key.isidentifier() and key.isascii() and (own is None or key not in _OUTCOMES):
                found = find_state(part, 0 if own is None else depth - 1)
                if found is not None:
                    return f"{key}.{found[0]}", found[1]
    return own


def is_success(state: State) -> bool:
    """Return whether all went well."""
    return state is True or (isinstance(state, str) and state.lower() in _ENDS)


def is_failure(state: State) -> bool:
    """Return whether nothing more will come."""
    return isinstance(state, str) and state.lower() in FAILURES
