"""Why an artifact is partial: each reason's code, as sidecars and reports have it."""

from __future__ import annotations

from typing import Final

DIRECTORY_MOVED: Final = "directory-moved"
HANDED_OVER: Final = "handed-over"
HISTORY_UNKNOWN: Final = "history-unknown"
JOBS_UNFINISHED: Final = "jobs-unfinished"
JOBS_UNMEASURED: Final = "jobs-unmeasured"
LINES_IMPOSSIBLE: Final = "lines-impossible"
LINES_UNWRITTEN: Final = "lines-unwritten"
OTHER_TRACER: Final = "other-tracer"
PLAYBACK_FAILED: Final = "playback-failed"
PROCESS_DIED: Final = "process-died"
REFUSED_COMBINING: Final = "refused-combining"
REFUSED_DISK: Final = "refused-disk"
REFUSED_ERROR: Final = "refused-error"
REFUSED_PAUSED: Final = "refused-paused"
REFUSED_STARTING: Final = "refused-starting"
REFUSED_TOO_MANY: Final = "refused-too-many"
SHARD_UNREADABLE: Final = "shard-unreadable"
SOURCE_CHANGED: Final = "source-changed"
UNFOLLOWED: Final = "unfollowed"
WORK_UNFINISHED: Final = "work-unfinished"

ALL: Final = frozenset(value for name, value in list(globals().items()) if name.isupper())
