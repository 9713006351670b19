"""Jobs for real RQ workers to run."""

from __future__ import annotations

from rq import Queue, get_current_job


def paint(colour: str) -> str:
    return f"{colour} paint"


def green() -> str:
    return "green"


def start_green() -> str:
    """Enqueue another job, as this one's last act."""
    job = get_current_job()
    assert job is not None
    return Queue(connection=job.connection).enqueue(green).id


def fail() -> None:
    raise RuntimeError("as it should")


def stay() -> None:
    """Run until somebody pushes to the list ``go``; a minute at most."""
    job = get_current_job()
    assert job is not None
    job.connection.blpop(["go"], timeout=60)
