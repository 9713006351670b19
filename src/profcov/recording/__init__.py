"""The recording half: what runs in servers and workers. Standard library and coverage.py only.

The way of a line: header, claim, recorder, unit, book, pending, shard.
"""

from __future__ import annotations

import time
from typing import Final

STARTED_AT: Final = time.time()
"""When this process began to import its modules, or soon after, in seconds since 1970, as the times of files are.

A source modified later may differ from the one that runs. A forked child has its parent's value.
"""
