"""What each profile asks of the application of ``lamps.py``: requests, and nothing else."""

from __future__ import annotations

PROFILES = {
    "furnish": [("POST", "/rooms/kitchen?lamps=3"), ("GET", "/rooms/kitchen/broken"), ("GET", "/rooms/hall/sync")],
    "light": [("GET", "/rooms/cellar/light"), ("GET", "/rooms/attic/stream")],
}
