"""What profcov does in this process."""

from collections.abc import Mapping
from typing import assert_type

from profcov import EngineStatus, engine_status
from profcov import status as module

status = engine_status()
assert_type(status, EngineStatus)
assert_type(status, module.EngineStatus)
assert_type(module.engine_status(), EngineStatus)
assert_type(status.running, bool)
assert_type(status.name, str | None)
assert_type(status.live, Mapping[str, int])
assert_type(status.known, tuple[str, ...])
assert_type(status.lines, int)
if status.capabilities is not None:
    assert_type(status.capabilities.greenlets, bool)

status.lines = 0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
status.speed  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
status.name.upper()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
engine_status("nightly")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
