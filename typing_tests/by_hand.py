"""Blocks, functions, work that is handed over: ``import profcov``."""

from collections.abc import Awaitable, Callable
from typing import assert_type

import profcov
from profcov.slug import Slug

with profcov.trace("nightly") as unit:
    assert_type(unit, profcov.trace)
    assert_type(unit.status, str)

profcov.trace()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
profcov.trace(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
profcov.trace("nightly", {"enabled": True})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@profcov.trace("nightly")
def count(shelf: list[str], *, twice: bool = False) -> int:
    """Count what is there."""
    return len(shelf) * (1 + twice)


@profcov.trace("nightly")
async def fetch(url: str) -> bytes:
    """Fetch a page."""
    return url.encode()


assert_type(count(["a"], twice=True), int)
coroutine: Awaitable[bytes] = fetch("/")
count(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
count(["a"], once=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

bound = profcov.bind(count)
assert_type(bound(["a"]), int)
bound(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
profcov.bind(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
work: Callable[[], int] = profcov.bind(lambda: 1)

with profcov.unbound():
    pass

assert_type(profcov.current_slug(), Slug | None)
assert_type(profcov.__version__, str)
profcov.curent_slug()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
