"""Settings and start-up: where a deployment is configured in code."""

from pathlib import Path
from typing import assert_type

import profcov.startup
from profcov.settings import Settings

settings = Settings(enabled=True, data_dir=Path("data"), engine="ctrace", context="route")
assert_type(Settings.from_environ(), Settings)
assert_type(Settings.from_environ({"ENABLE_PROFILE_COVERAGE": "1"}), Settings)
assert_type(settings.data_dir, Path)
profcov.startup.begin_process()

Settings(engine="fast")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Settings(context="job")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Settings(data_dir="data")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Settings(data_directory=Path("data"))  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
settings.enabled = False  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
profcov.startup.begin_process("nightly")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
