"""``profcov wait --redis-url`` as people call it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any


def wait(rq: Any, *words: str) -> tuple[int, str, str]:
    whole = [sys.executable, "-m", "profcov", "wait", "demo", "--redis-url", rq.environ["REDIS_URL"], *words]
    done = subprocess.run(whole, env=rq.environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_waiting_ends_when_every_job_of_the_profile_has(rq: Any) -> None:
    ids = rq.run(
        """
        queue.enqueue(jobs.other)
        with profcov.trace("demo"):
            tell(sorted(queue.enqueue(jobs.first).id for _ in range(5)))
        """
    )
    rq.data.mkdir(exist_ok=True)
    named = f"{', '.join(ids[:3])} and 2 more"
    assert wait(rq, "--timeout", "0.1") == (
        3,
        "",
        f"profcov: demo still has RQ jobs to run after 0.1 s: {named}; is a worker there for their queue?\n",
    )
    with rq.start_worker("--burst") as worker:
        assert wait(rq) == (0, "", "")
        assert rq.functions("demo") == {"first", "second"}
        assert worker.wait(60) == 0


def test_a_redis_that_does_not_answer_is_one_sentence(rq: Any) -> None:
    rq.data.mkdir(exist_ok=True)
    code, out, err = wait(rq, "--redis-url", "redis://127.0.0.1:1/0")
    assert (code, out) == (4, "")
    assert err.startswith("profcov: redis://127.0.0.1:1/0: Redis does not answer as it should")
    assert err.count("\n") == 1
