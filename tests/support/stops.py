from __future__ import annotations


class NotedWaits:
    """A stop that never comes, and at which nobody waits: it notes how long they would have."""

    def __init__(self) -> None:
        self.seconds: list[float | None] = []

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return False
