"""What the applications of the compatibility table do: each slug reaches lines of its own, some of them late."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def pick(run: int) -> dict[str, object]:
    if run == 1:
        colour = red()
    elif run == 2:
        colour = blue()
    else:
        colour = green()
    return {"run": run, "colour": colour}


def red() -> str:
    return "red"


def blue() -> str:
    return "blue"


def green() -> str:
    return "green"


def measure(body: bytes) -> str:
    size = len(body)
    return str(size)


def chunks() -> Iterator[bytes]:
    yield b"first\n"
    yield from (late(number) for number in range(3))


def late(number: int) -> bytes:
    return f"{number}\n".encode()


def fail() -> None:
    message = "on purpose"
    raise RuntimeError(message)


def talk(text: str) -> str:
    return text.upper()


def after() -> None:
    done.append("after the response")
    del done[:]


done: list[str] = []
