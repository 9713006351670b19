"""Writing shards: one valid coverage.py file each, whole or not at all."""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import os
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from profcov.brief_lock import BriefLock
from profcov.errors import CoverageWriteError
from profcov.store.content import FACTS, SCHEMA, Content, digest_content
from profcov.store.layout import new_shard_name, shards_dir
from profcov.store.line_sets import to_bits, to_numbits

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from profcov.slug import Slug
    from profcov.store.directory import DataDirectory


_WITHOUT_JOURNAL: Final = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"
"""As in coverage.py: the file has no name yet, and the journal of a killed process would never be removed."""

writing: Final = BriefLock()
"""Held while a shard is written, so that the process does not fork: a child would find SQLite's locks taken for ever.

A thread that cannot have it in time writes all the same: its holder may be waiting for something that this thread holds.
"""


def write_shard(
    directory: DataDirectory,
    slug: Slug,
    context: str,
    executed: Mapping[str, set[Any]],
    *,
    branch: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> Path:
    """Write what ran as a new shard of this process and return its path.

    The file is written under a name that no reader uses, then renamed: a process killed in between leaves no
    shard, and never half of one.

    Args:
        directory: made if it does not exist.
        slug: the profile.
        context: the context label of all lines.
        executed: line numbers by file name, as in the data; arcs, pairs of line numbers, if ``branch``.
        branch: whether these are arcs.
        facts: facts for readers; a checksum of the lines is added.

    Raises:
        CoverageWriteError: the shard could not be written; nothing is left of it.
    """
    # Plain strings: pathlib interns the parts of a path, and CPython 3.12.1 keeps each interned string for ever.
    name = new_shard_name(slug)
    place = shards_dir(directory.path)
    shard = os.path.join(place, name)  # noqa: PTH118
    unfinished = f"{shard}.unfinished"
    try:
        with writing.held():
            directory.make_state(place.name)
            fd = directory.create(unfinished)
            try:
                _fill(unfinished, fd, _to_content(context, executed, facts or {}, branch=branch), branch=branch)
            finally:
                os.close(fd)
            os.rename(unfinished, shard)  # noqa: PTH104
    except Exception as error:
        # Anything: coverage.py raises its own errors, sqlite's and the system's.
        with contextlib.suppress(OSError):
            os.unlink(unfinished)  # noqa: PTH108
        raise CoverageWriteError(Path(shard), str(error)) from error
    return Path(shard)


def _to_content(context: str, executed: Mapping[str, set[Any]], facts: Mapping[str, Any], *, branch: bool) -> Content:
    if branch:
        return Content(arcs={(context, file): arcs for file, arcs in executed.items()}, facts=dict(facts))
    return Content(lines={(context, file): to_bits(lines) for file, lines in executed.items()}, facts=dict(facts))


def _fill(path: str, fd: int, content: Content, *, branch: bool) -> None:
    """Fill an empty file. coverage.py makes the tables, once per process; the rows follow its documentation.

    They are inserted into tables in memory, whose bytes are written, and removed again: neither SQLite nor a forked child has to
    read the tables and compile the statements again. Through ``CoverageData`` it takes ten times as long, while a request waits.
    """
    try:
        tables = _tables.pop()  # no other thread has it now
    except IndexError:
        tables = _make_tables(path)
        os.truncate(path, 0)
    try:
        if not hasattr(tables, "serialize"):
            _fill_on_disk(path, tables, content, branch=branch)
            _tables.append(tables)
            return
        tables.rollback()  # it is as it was made
        _insert(tables, content, branch=branch)
        whole = tables.serialize()
        tables.rollback()
    except BaseException:
        tables.close()
        raise
    _tables.append(tables)
    if os.pwrite(fd, whole, 0) < len(whole):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _fill_on_disk(path: str, tables: sqlite3.Connection, content: Content, *, branch: bool) -> None:
    """Fill an empty file if Python's SQLite is older than 3.36, which cannot serialize."""
    with closing(type(tables)(path, isolation_level=None)) as connection:
        connection.executescript(_WITHOUT_JOURNAL)
        tables.backup(connection)
        _insert(connection, content, branch=branch)
        connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, content: Content, *, branch: bool) -> None:
    """Begin a transaction and insert the rows."""
    run, many = connection.execute, connection.executemany
    keys = (*content.lines, *content.arcs)
    files = {file: number for number, (_, file) in enumerate(keys, 1)}
    known = json.dumps({**content.facts, "digest": digest_content(content)})
    run("BEGIN")
    many("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [("has_arcs", str(int(branch))), (FACTS, known)])
    run("INSERT INTO context (id, context) VALUES (1, ?)", (keys[0][0] if keys else "",))
    many("INSERT INTO file (id, path) VALUES (?, ?)", [(number, file) for file, number in files.items()])
    bits = [(files[file], to_numbits(value)) for (_, file), value in content.lines.items()]
    many("INSERT INTO line_bits (file_id, context_id, numbits) VALUES (?, 1, ?)", bits)
    arcs = [(files[file], *arc) for (_, file), pairs in content.arcs.items() for arc in pairs]
    many("INSERT INTO arc (file_id, context_id, fromno, tono) VALUES (?, 1, ?, ?)", arcs)


_tables: Final[deque[sqlite3.Connection]] = deque(maxlen=4)
"""Data files without rows, in memory, that are not in use. One whose user was interrupted does not come back."""


def _close() -> None:
    """Close them when the process ends; a later write makes a new one."""
    while _tables:
        _tables.pop().close()


atexit.register(_close)  # before modules that use this one register theirs: they write, and are called first


def prepare() -> None:
    """Have coverage.py make its tables, and SQLite its statements: for a process that forks a child per unit, before it forks.

    Raises:
        OSError: there is no place for temporary files.
        RuntimeError: this coverage.py writes a version of its format that profcov does not know.
    """
    import tempfile  # noqa: PLC0415 (workers only)

    with writing.held():
        if not _tables:
            with tempfile.NamedTemporaryFile() as file:
                _fill(file.name, file.fileno(), Content(), branch=False)


def _make_tables(path: str) -> sqlite3.Connection:
    """Return a data file without rows in memory, as this coverage.py makes it, by way of a file.

    Raises:
        RuntimeError: it has a version that this profcov does not know.
    """
    import sqlite3  # noqa: PLC0415 (a process that records nothing does without it)

    from coverage import CoverageData  # noqa: PLC0415 (a process that records nothing does without coverage.py)

    data = CoverageData(basename=path)
    try:
        data.read()  # or the first line added would replace the file by one that all users can read
        data.write()
    finally:
        # After a failure it is still open, in a cycle of exceptions and frames. coverage.py 7.6 has no such method.
        close = getattr(data, "close", None)
        if close is not None:
            close()
    # Not sqlite3.connect: APM tools replace it, trace what is asked, and return what `backup` does not accept.
    with closing(sqlite3.Connection(path)) as connection:
        (version,) = connection.execute("SELECT version FROM coverage_schema").fetchone()
        if version != SCHEMA:
            reason = f"coverage.py {version=} of its data format is not the one that profcov writes, {SCHEMA}"
            raise RuntimeError(reason)
        # A table takes at least a page, and most tables of a shard are nearly empty: 16 KB instead of 53 KB.
        connection.executescript(f"{_WITHOUT_JOURNAL}; PRAGMA page_size = 1024; VACUUM")
        tables = sqlite3.Connection(":memory:", isolation_level=None, check_same_thread=False)
        connection.backup(tables)
    return tables
