"""How a Celery task or its worker can end, and what is on disk then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

START = """
with profcov.trace({slug!r}):
    result = jobs.wait_for_ever.apply_async(({slug!r},), soft_time_limit={soft_time_limit})
assert redis.blpop({slug!r}, timeout=30)
"""
STATUS = "tell(type(result.get(timeout=30, propagate=False)).__name__)"


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_a_warm_shutdown_loses_nothing_nor_do_a_soft_time_limit_and_a_termination(
    tasks: Any, pool: str, wait_until: Callable[..., None]
) -> None:
    with tasks.working(pool) as worker:
        if pool == "prefork":  # threads cannot be interrupted
            soft = START.format(slug="soft", soft_time_limit=1) + STATUS
            assert tasks.run(soft) == "SoftTimeLimitExceeded"
            assert tasks.functions("soft") == {"wait_for_ever"}
            revoke = START.format(slug="revoked", soft_time_limit=None) + "result.revoke(terminate=True)\n" + STATUS
            assert tasks.run(revoke) == "TaskRevokedError"
            assert tasks.functions("revoked") == {"wait_for_ever"}
        tasks.run(START.format(slug=pool, soft_time_limit=None) + "tell(None)")
        worker.terminate()
        wait_until(lambda: b"Warm shutdown" in tasks.log(pool).read_bytes(), "the worker has begun to shut down")
        tasks.redis.set(f"{pool}:end", 1)
        assert worker.wait(30) == 0
        assert tasks.functions(pool) == {"wait_for_ever", "after_waiting"}
