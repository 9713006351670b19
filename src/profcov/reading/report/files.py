"""Writing a file whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from profcov.errors import CoverageReadError, CoverageWriteError, as_write_error, explain
from profcov.store.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


def write_whole(path: Path, chunks: Iterable[str]) -> None:
    """Write text to a file whole, or leave the file as it was.

    Raises:
        CoverageWriteError: it cannot be written.
    """
    write_whole_bytes(path, (chunk.encode("utf-8", "backslashreplace") for chunk in chunks))


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON document to a file, whole or not at all.

    Raises:
        CoverageWriteError: it cannot be written.
    """
    write_whole(path, [json.dumps(document, indent=2), "\n"])


def write_whole_bytes(path: Path, chunks: Iterable[bytes]) -> None:
    """Write bytes to a file whole, or leave the file as it was; replace the target of a symbolic link.

    Raises:
        CoverageWriteError: it cannot be written.
    """
    make_parent(path)
    with as_write_error(path):
        if is_replaced(path):
            replace_file(path.resolve(), chunks)
        else:
            with path.open("wb") as file:
                file.writelines(chunks)


def make_parent(path: Path) -> None:
    """Make the directory of a file that will be written.

    Raises:
        CoverageWriteError: it cannot be made.
    """
    with as_write_error(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise CoverageWriteError(path, f"{path.parent} is not a directory") from error


def copy_whole(made: Path, directory: Path) -> None:
    """Copy another tool's output, each file whole: from one directory into another, ``index.html`` last.

    Raises:
        CoverageWriteError: a file cannot be written.
    """
    files = [path for path in made.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda each: (each.name == "index.html", each)):
        write_whole_bytes(directory / path.relative_to(made), [path.read_bytes()])


def is_replaced(path: Path) -> bool:
    """Return whether a file is written beside its place and renamed: a pipe is not, nor is ``/dev/stdout``."""
    return not path.absolute().is_relative_to("/dev") and (path.is_file() or not path.exists())


def read_document(
    path: Path, schema_version: int, hint: str, shrink: Callable[[dict[str, Any]], Any] | None = None
) -> dict[str, Any]:
    """Return a JSON document of ours; ``hint`` names the command that makes it.

    ``shrink`` is called with each object in it as soon as it is read, innermost first, and returns what to keep.

    Raises:
        CoverageReadError: it is not there, or it is something else.
    """
    try:
        document = json.loads(path.read_bytes(), object_hook=shrink)
    except OSError as error:
        raise CoverageReadError(path, f"{explain(error)} ({hint})") from error
    except (ValueError, RecursionError) as error:
        raise CoverageReadError(path, f"it is not JSON: {error} ({hint})") from error
    if not isinstance(document, dict) or document.get("schema_version") != schema_version:
        raise CoverageReadError(path, f"it is not of schema version {schema_version} ({hint})")
    return document


def lay_out(value: Any, depth: int, indent: str = "") -> Iterator[str]:
    """Yield JSON with line breaks in the ``depth`` upper levels only, so that each item has its line.

    All of it is ASCII: no character can break a line, a page or a terminal.
    """
    if depth == 0 or not isinstance(value, dict | list) or not value:
        yield json.dumps(value)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    keys = (f"{json.dumps(key)}: " for key in value) if isinstance(value, dict) else ("" for _ in value)
    items = value.values() if isinstance(value, dict) else value
    inner = f"{indent}  "
    start = opening
    for key, item in zip(keys, items, strict=True):
        yield f"{start}\n{inner}{key}"
        yield from lay_out(item, depth - 1, inner)
        start = ","
    yield f"\n{indent}{closing}"
