"""The runs: their names, inputs and results, as hashes in Redis that every process shares."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis import Redis

QUEUE: Final = "profcov-demo"
DEFAULT_URL: Final = "redis://127.0.0.1:6379/0"
KEEP_SECONDS: Final = 24 * 60 * 60
STEPS: Final = ("dem", "watershed", "climate", "soils", "landuse", "summary")
"""What a run gains, in the order in which the model needs it."""

MADE_FROM: Final = {
    "dem": ("watershed", "soils", "landuse", "summary"),
    "watershed": ("soils", "landuse", "summary"),
    "climate": ("summary",),
    "soils": ("landuse", "summary"),
    "landuse": ("summary",),
}
"""What is out of date, and so forgotten, when a step is done again."""


class RunMissingError(LookupError):
    """Raised when there is no run of that id."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        super().__init__(f"there is no run {run_id[:40]!r}; POST /api/runs makes one")


class StepMissingError(LookupError):
    """Raised when a step needs the result of one that has not been done."""

    def __init__(self, missing: str) -> None:
        self.missing = missing
        super().__init__(f"this needs the run's {missing} first")


def run_key(run_id: str) -> str:
    """Return the name of the hash of a run: field by field, each value in JSON."""
    return f"profcov-demo:run:{run_id}"


def losses_key(run_id: str) -> str:
    """Return the name of the hash of a run's hillslopes: number to losses, in JSON."""
    return f"profcov-demo:losses:{run_id}"


def describe_run(run_id: str, fields: Mapping[bytes, bytes]) -> dict[str, Any]:
    """Return what people see of a run, from its hash.

    Raises:
        RunMissingError: the hash is of no run, or of one that was deleted while a job wrote to it.
    """
    if b"name" not in fields:
        raise RunMissingError(run_id)
    done = [step for step in STEPS if step.encode() in fields]
    return {
        "id": run_id,
        "name": json.loads(fields[b"name"]),
        "state": (["new", *done])[-1],
        "done": done,
        "views": json.loads(fields.get(b"views", b"0")),
    }


def require_fields(run_id: str, names: tuple[str, ...], values: list[bytes | None]) -> list[Any]:
    """Return the values of a run's fields, of which the first must be its name.

    Raises:
        RunMissingError: it has no name.
        StepMissingError: it lacks another of the fields.
    """
    if values[0] is None:
        raise RunMissingError(run_id)
    for name, value in zip(names, values, strict=True):
        if value is None:
            raise StepMissingError(name)
    return [json.loads(cast("bytes", value)) for value in values]


class Runs:
    """The runs, over a Redis connection that does not decode (RQ needs it so)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def create(self, name: str) -> str:
        """Make a run and return its id."""
        run_id = uuid.uuid4().hex[:12]
        self.put(run_id, name=name)
        return run_id

    def put(self, run_id: str, **fields: Any) -> None:
        """Write fields of a run and forget what was made from older ones, all at once."""
        with self._redis.pipeline() as pipe:
            pipe.hdel(run_key(run_id), "", *(old for name in fields for old in MADE_FROM.get(name, ())))
            pipe.hset(run_key(run_id), mapping={name: json.dumps(value) for name, value in fields.items()})
            pipe.expire(run_key(run_id), KEEP_SECONDS)
            pipe.execute()

    def get(self, run_id: str, *names: str) -> list[Any]:
        """Return fields of a run.

        Raises:
            RunMissingError: there is no such run.
            StepMissingError: the step that makes one of them has not been done.
        """
        asked = ("name", *names)
        values = cast("list[bytes | None]", self._redis.hmget(run_key(run_id), list(asked)))
        return require_fields(run_id, asked, values)[1:]

    def describe(self, run_id: str) -> dict[str, Any]:
        """Return what people see of a run.

        Raises:
            RunMissingError: there is no such run.
        """
        return describe_run(run_id, cast("dict[bytes, bytes]", self._redis.hgetall(run_key(run_id))))

    def delete(self, run_id: str) -> None:
        """Delete a run and all that belongs to it.

        Raises:
            RunMissingError: there is no such run.
        """
        self.get(run_id)
        self._redis.delete(run_key(run_id), losses_key(run_id))

    def clear_losses(self, run_id: str) -> None:
        """Forget the losses of an earlier model of this run."""
        self._redis.delete(losses_key(run_id))

    def put_losses(self, run_id: str, hillslope: int, losses: Any) -> None:
        """Write the losses of one hillslope; its jobs run side by side, and each writes a field of its own."""
        with self._redis.pipeline() as pipe:
            pipe.hset(losses_key(run_id), str(hillslope), json.dumps(losses))
            pipe.expire(losses_key(run_id), KEEP_SECONDS)
            pipe.execute()

    def get_losses(self, run_id: str) -> dict[int, Any]:
        """Return the losses of all hillslopes, by number."""
        found = cast("dict[bytes, bytes]", self._redis.hgetall(losses_key(run_id)))
        return {number: json.loads(found[str(number).encode()]) for number in sorted(map(int, found))}
