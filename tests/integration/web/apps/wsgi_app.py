"""A WSGI application that answers in every way that PEP 3333 allows, and in some that it does not."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CLOSED: dict[str, int] = {}


class OnPurposeError(Exception):
    pass


def plain() -> list[tuple[str, str]]:
    return [("Content-Type", "text/plain")]  # a new one each time: wsgiref puts its own headers into it


def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    name = "answer_" + environ["PATH_INFO"].strip("/").replace("-", "_")
    answer: Callable[..., Iterable[bytes]] = globals()[name]
    return answer(environ, start)


def answer_list(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", [*plain(), ("X-Mine", "1")])
    return [b"one ", b"list"]


def answer_tuple(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return (b"tuple",)


def answer_generator(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    start("200 OK", plain())
    yield b"first "
    yield second_chunk()


def second_chunk() -> bytes:
    return b"second"


def answer_after(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    start("200 OK", plain())
    yield b"the last chunk"
    after_the_last_chunk()


def after_the_last_chunk() -> int:
    return 1


def answer_no_chunk(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    start("200 OK", plain())
    after_the_last_chunk()
    yield from ()


def answer_empty(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("204 No Content", [])
    return []


def answer_write(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    write = start("200 OK", plain())
    write(b"written ")
    write(b"twice ")
    return [b"and returned"]


def answer_keywords(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain(), exc_info=None)
    return [b"keywords"]


def fail() -> None:
    raise OnPurposeError


def answer_exc_info(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    try:
        fail()
    except OnPurposeError:
        start("500 Mine", [*plain(), ("X-Mine", "2")], sys.exc_info())
    return [b"my own error"]


def answer_exc_info_too_late(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    start("200 OK", plain())
    yield b"sent"
    try:
        fail()
    except OnPurposeError:
        start("500 Mine", plain(), sys.exc_info())
    yield b"never"


class Closing:
    """A body that counts how often it is closed."""

    def __init__(self, name: str, chunks: Iterable[bytes]) -> None:
        self.name = name
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.chunks)

    def close(self) -> None:
        CLOSED[self.name] = CLOSED.get(self.name, 0) + 1


class Sized(Closing):
    def __len__(self) -> int:
        return 1


class ClosingList(list[bytes]):
    def close(self) -> None:
        close_list()


def close_list() -> None:
    CLOSED["list"] = CLOSED.get("list", 0) + 1


def answer_closing(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return Closing(environ["QUERY_STRING"], [b"closing"])


def answer_sized(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return Sized("", [b"sized"])


def answer_closing_list(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return ClosingList([b"closing list"])


def answer_closing_error(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return Closing(environ["QUERY_STRING"], broken_chunks())


def broken_chunks() -> Iterator[bytes]:
    yield b"before "
    raise OnPurposeError


def answer_closed(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return [json.dumps(CLOSED).encode()]


def answer_error(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    raise OnPurposeError


def answer_error_in_body(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    start("200 OK", plain())
    return broken_chunks()


def answer_iter_error(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return BrokenIter(environ["QUERY_STRING"], [])


class BrokenIter(Closing):
    def __iter__(self) -> Iterator[bytes]:
        raise OnPurposeError


def answer_echo(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).upper()]


def answer_big(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    start("200 OK", [*plain(), ("Content-Length", str(64 * 4096))])
    for number in range(64):
        yield bytes([number]) * 4096


def answer_file(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    wrapper = environ.get("wsgi.file_wrapper")
    return wrapper(Path(os.__file__).open("rb")) if wrapper else [Path(os.__file__).read_bytes()]


class ClosingFile(io.FileIO):
    def close(self) -> None:
        if not self.closed:
            close_file()
        super().close()


def close_file() -> None:
    pass


def answer_closing_file(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    file = ClosingFile(os.__file__)
    return environ["wsgi.file_wrapper"](file) if "wsgi.file_wrapper" in environ else file


def answer_text_file(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", plain())
    return io.BytesIO(b"line one\nline two\n")


def answer_gate(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
    start("200 OK", plain())
    yield b"first"
    wait_for(environ["QUERY_STRING"])
    yield after_gate()


def answer_gate_write(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    write = start("200 OK", plain())
    write(b"first")
    wait_for(environ["QUERY_STRING"])
    return [after_gate()]


def after_gate() -> bytes:
    return b"second"


def wait_for(path: str) -> None:
    while not os.path.exists(path):  # noqa: PTH110
        time.sleep(0.002)


def answer_slug(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    import profcov

    start("200 OK", plain())
    return [str(profcov.current_slug()).encode()]
