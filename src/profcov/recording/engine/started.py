"""When this process began to import its modules, or soon after: a source touched later may be another than the one that runs.

A forked child has its parent's. In a module of its own, for the seam imports it early and the engine late.
"""

from __future__ import annotations

import time
from typing import Final

STARTED: Final = time.time()
"""In seconds since 1970, as the times of files are."""
