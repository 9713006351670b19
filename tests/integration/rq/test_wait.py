"""``profcov wait``, ``combine`` and ``status`` as people call them who have ``REDIS_URL`` in their environment."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

from profcov.playback.player.recording import Recording
from profcov.slug import parse_slug
from profcov.store.directory import DataDirectory

ENQUEUE = """
queue.enqueue(jobs.other)
with profcov.trace("demo"):
    jobs.other()
    tell(sorted(queue.enqueue(jobs.first).id for _ in range(5)))
"""


def profcov(rq: Any, *words: str) -> tuple[int, str, str]:
    whole = [sys.executable, "-m", "profcov", *words]
    done = subprocess.run(whole, env=rq.environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


def test_waiting_ends_when_every_job_of_the_profile_has(rq: Any) -> None:
    ids = rq.run(ENQUEUE)
    named = f"{', '.join(ids[:3])} and 2 more"
    sentence = f"profcov: demo still has RQ jobs to run after 0.1 s: {named}; is a worker there for their queue?\n"
    url = rq.environ["REDIS_URL"]
    for words in ("demo",), (), ("demo", "--redis-url", url):
        assert profcov(rq, "wait", *words, "--timeout", "0.1") == (3, "", sentence)
    assert profcov(rq, "wait", "--redis-url", "") == (0, "", "")
    with rq.start_worker("--burst") as worker:
        assert profcov(rq, "wait") == (0, "", "")
        assert rq.functions("demo") == {"first", "second", "other"}
        assert worker.wait(60) == 0


def test_combining_waits_for_the_jobs_names_those_that_do_not_run_and_adds_them_later(rq: Any) -> None:
    ids = rq.run(ENQUEUE)
    status = json.loads(profcov(rq, "status", "--format", "json")[1])
    assert status["profiles"][0]["pending_jobs"] == ids
    code, out, err = profcov(rq, "combine", "--timeout", "0.1")
    assert (code, out.split("\t")[3]) == (1, "partial; jobs-unfinished")
    named = f"{', '.join(ids[:3])} and 2 more"
    assert err == f"profcov: demo: RQ jobs that have not ended: {named}; is a worker there for their queue?\n"
    with rq.start_worker("--burst") as worker:
        assert profcov(rq, "wait") == (0, "", "")  # for the jobs alone
        code, out, err = profcov(rq, "combine", "demo", "--append")
        assert (code, out.split("\t")[3], err) == (0, "complete", "")
        assert worker.wait(60) == 0
    assert rq.redis.exists("profcov:jobs:demo") == 0


def test_an_artifact_is_whole_though_its_jobs_cannot_be_forgotten(rq: Any) -> None:
    rights = {"enabled": True, "nopass": True, "keys": ["*"], "commands": ["+@all", "-srem"]}
    rq.redis.acl_setuser("reader", **rights)
    url = rq.environ["REDIS_URL"].replace("://", "://reader:s3cret@")
    try:
        for slug in ("demo", "next"):
            rq.run(f'with profcov.trace("{slug}"):\n    queue.enqueue(jobs.other)\ntell(None)\n')
        rq.work()
        code, out, err = profcov(rq, "combine", "--redis-url", url)
        assert [line.split("\t")[3] for line in out.splitlines()] == ["complete"] * 2
        assert [line.rpartition(": Redis")[0] for line in err.splitlines()] == [
            f"profcov: {slug}: combined, but Redis still lists its jobs: {url.replace('s3cret', '***')}"
            for slug in ("demo", "next")
        ]
        assert code == 0
        rq.run('with profcov.trace("played"):\n    queue.enqueue(jobs.other)\ntell(None)\n')
        rq.work()
        recording = Recording(parse_slug("played"), DataDirectory(rq.data), None, None, url, timeout=60)
        jobs, artifact = recording.finish(threading.Event())
        assert (len(jobs), artifact.complete) == (1, True)
    finally:
        rq.redis.acl_deluser("reader")


def test_combining_without_the_jobs_own_redis_says_which_jobs_it_knows_nothing_of(rq: Any) -> None:
    rq.run(
        'with profcov.trace("demo"):\n    jobs.other()\n    queue.enqueue(jobs.second, job_id="asked-of-nobody")\ntell(None)\n'
    )
    code, out, err = profcov(rq, "combine", "demo", "--redis-url", "")
    assert (code, out.split("\t")[3]) == (1, "partial; jobs-unfinished")
    assert err.startswith(
        "profcov: demo: RQ jobs whose end is not known: asked-of-nobody; their Redis was not asked: name it"
    )
    assert err.count("\n") == 1
    rq.run('with profcov.trace("demo"):\n    queue.enqueue(jobs.second, job_id="elsewhere")\ntell(None)\n')
    code, out, err = profcov(rq, "combine", "demo", "--redis-url", f"{rq.environ['REDIS_URL'].rpartition('/')[0]}/7")
    assert (code, out.split("\t")[3]) == (1, "partial; jobs-unfinished")
    assert err == "profcov: demo: RQ jobs that this Redis does not know: elsewhere; is it the right one?\n"


def test_workers_of_profcov_rq_have_the_redis_of_the_environment(rq: Any) -> None:
    rq.run('with profcov.trace("demo"):\n    queue.enqueue(jobs.second)\ntell(None)\n')
    assert profcov(rq, "rq", "worker", "--with-coverage", "--burst", "--quiet")[0] == 0
    assert rq.combined("demo") == {"second"}


def test_a_redis_that_does_not_answer_is_one_sentence(rq: Any) -> None:
    rq.run('with profcov.trace("demo"):\n    jobs.other()\ntell(None)\n')
    code, out, err = profcov(rq, "wait", "demo", "--redis-url", "redis://127.0.0.1:1/0")
    assert (code, out) == (4, "")
    assert err.startswith("profcov: redis://127.0.0.1:1/0: Redis does not answer as it should")
    assert err.count("\n") == 1
