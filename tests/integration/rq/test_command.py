"""``profcov rq``: RQ's own commands, and workers of any class that measure."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import click
import pytest
from rq.cli.cli import main as rqs

from profcov.cli.rq import command


def profcov(rq: Any, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "profcov", "rq", *words]
    given = {**rq.environ, "RQ_REDIS_URL": rq.environ["REDIS_URL"], **environ}
    given.pop("ENABLE_PROFILE_COVERAGE")
    return subprocess.run(whole, env={**given, **environ}, capture_output=True, text=True, timeout=60, check=False)


def enqueue(rq: Any) -> list[str]:
    ids = rq.run(
        """
        with profcov.trace("demo"):
            first = queue.enqueue(jobs.first).id
        tell([first, queue.enqueue(jobs.other).id])
        """
    )
    return list(ids)


@pytest.mark.parametrize(
    "words",
    [
        ("worker",),
        ("worker", "-w", "rq.worker.SimpleWorker"),
        ("worker", "-w", "jobs.OwnWorker"),
        ("worker", "-w", "profcov.queues.rq.CoverageWorker"),
        ("worker-pool", "-n", "2"),
        ("worker-pool", "-n", "2", "-w", "jobs.OwnWorker"),
    ],
)
def test_a_worker_of_any_class_measures_with_the_option(rq: Any, words: tuple[str, ...]) -> None:
    ids = enqueue(rq)
    done = profcov(rq, *words, "--burst", "--quiet", "--with-coverage")
    assert done.returncode == 0, done.stderr
    assert [rq.status(each) for each in ids] == ["finished"] * 2
    is_own = "jobs.OwnWorker" in words
    assert rq.combined("demo") == {"first", "second", *(["perform_job"] * is_own)}  # the worker class is measured, too
    assert rq.redis.get("worked by") == (b"OwnWorker" if is_own else None)


def test_the_class_may_be_named_in_the_environment_and_lie_in_a_directory_that_is_given(rq: Any, tmp_path: Any) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    (place / "special.py").write_text("from jobs import OwnWorker\nclass Special(OwnWorker):\n    pass\n")
    enqueue(rq)
    done = profcov(
        rq, "worker", "--burst", "--quiet", "--with-coverage", "--path", str(place), RQ_WORKER_CLASS="special.Special"
    )
    assert done.returncode == 0, done.stderr
    assert rq.combined("demo") == {"first", "second", "perform_job"}
    assert rq.redis.get("worked by") == b"Special"


def test_without_the_option_it_is_rqs_own(rq: Any) -> None:
    ids = enqueue(rq)
    done = profcov(rq, "worker", "--burst", "--quiet")
    assert done.returncode == 0, done.stderr
    assert [rq.status(each) for each in ids] == ["finished"] * 2
    assert rq.functions("demo") == set()


def test_every_command_and_option_of_rqs_is_there(rq: Any) -> None:
    assert isinstance(command, click.Group)
    context = click.Context(command)
    assert command.list_commands(context) == rqs.list_commands(context)
    for name, theirs in rqs.commands.items():
        ours = command.get_command(context, name)
        assert ours is not None
        more = [each.name for each in ours.params if each not in theirs.params]
        assert more == (["with_coverage"] if name in {"worker", "worker-pool"} else [])
        assert [each for each in ours.params if each in theirs.params] == theirs.params
    enqueue(rq)
    done = profcov(rq, "info", "--raw")
    assert done.returncode == 0
    assert done.stdout.startswith("queue default 2")


@pytest.mark.parametrize(
    ("words", "environ", "message"),
    [
        (("-w", "no.Such"), {}, "--worker-class: no.Such cannot be imported: "),
        (("-w", "Such"), {}, "Such is not a dotted name such as rq.Worker"),
        (("-w", "rq.Queue"), {}, "rq.Queue is not a worker class of RQ's"),
        ((), {"ENABLE_PROFILE_COVERAGE": "0"}, "--with-coverage, and ENABLE_PROFILE_COVERAGE=0: one of them must go"),
        ((), {"PROFILE_COVERAGE_ENGINE": "steam"}, "PROFILE_COVERAGE_ENGINE"),
    ],
)
def test_what_cannot_be_is_one_sentence(rq: Any, words: tuple[str, ...], environ: dict[str, str], message: str) -> None:
    done = profcov(rq, "worker", "--burst", "--with-coverage", *words, **environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
