"""The static list of symbols of the measured source files."""

from __future__ import annotations

import sys
import threading
import tokenize
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.machinery import EXTENSION_SUFFIXES
from multiprocessing import get_context
from typing import TYPE_CHECKING, Final, NamedTuple

from coverage.exceptions import ConfigError, CoverageException

from profcov.configuration import as_configuration
from profcov.configuration.file_rules import match_files
from profcov.configuration.omissions import omit_by_name
from profcov.errors import SettingsError
from profcov.reading.symbols.archives import Archives
from profcov.reading.symbols.calls import Calls
from profcov.reading.symbols.measured import Found, find_files
from profcov.reading.symbols.model import Inventory, SourceFile, Symbol, SymbolName, Unreadable
from profcov.reading.symbols.source import Reading, read_source
from profcov.reading.symbols.startup import find_startup

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from coverage import Coverage

    from profcov.configuration import Configuration

# The errors of reading a file that is not Python; too deep nesting raises the last two.
_NOT_PYTHON = (OSError, SyntaxError, ValueError, tokenize.TokenError, CoverageException, RecursionError, MemoryError)
_SHARE: Final = 250
"""How many files justify another process: starting it takes as long as reading about a hundred."""


_Read = Reading | Unreadable


class _Source(NamedTuple):
    """A file to read: where it is, its name in artifacts, and its module's."""

    path: Path
    file: str
    module: str


def build_inventory(
    given: Configuration | Path | None,
    sources: Sequence[Path] = (),
    *,
    processes: int = 1,
    only: Collection[str] | None = None,
) -> Inventory:
    """List the symbols of every measured file.

    ``given`` is a configuration or the file of one; None leaves that to coverage.py's own search. ``sources`` (files or
    directories) replace the configuration's; ``only`` are names in artifacts: other files are left out. Run it in the
    directory and environment of the server: file names and packages are looked up from there. With ``processes`` above 1,
    several processes read many files; the calling program then needs ``if __name__ == "__main__"``, as with
    ``multiprocessing``.

    Raises:
        SettingsError: the configuration cannot be used.
    """
    configuration, sources = as_configuration(given), [path.absolute() if path.exists() else path for path in sources]
    with configuration.at_root(), _configure(configuration) as coverage:
        is_named = match_files(omit_by_name(coverage, [str(each) for each in sources]))
        found = find_files(coverage, sources)
        omitted = sorted(str(path) for path in found.omitted if is_named(str(path)))
        named = _name(found)
        if only is not None:
            named = [each for each in named if each.file in only]
        processes = min(processes, len(named) // _SHARE)
        if processes > 1:
            return _gather(_read_together(configuration, named, processes), omitted)
        with Archives() as archives:
            return _gather((_read(coverage, source, archives) for source in named), omitted)


@contextmanager
def _configure(configuration: Configuration) -> Iterator[Coverage]:
    data = None
    try:
        coverage = configuration.open(data_file=None)
        data = coverage.get_data()  # loads the plugins, which may change what is measured
        yield coverage
    except (CoverageException, ConfigError, ImportError) as error:  # ConfigError was no CoverageException at first
        name = str(configuration)
        problem = f"one that coverage.py can use ({_one_line(error)})"
        raise SettingsError("coverage configuration", name, problem) from error
    finally:
        # The database is in memory, and analysing a file opens it. Python 3.13 warns of one that is left open, and
        # versions of coverage.py that know of this have `close`.
        if data is not None and hasattr(data, "close"):
            data.close(force=True)


def _name(listed: Found) -> list[_Source]:
    seen: Counter[str] = Counter()
    found = []
    for path, module in listed.modules.items():
        seen[module] += 1
        # Two scripts may have the same name, such as main.py in two source directories.
        name = module if seen[module] == 1 else f"{module}#{seen[module]}"
        found.append(_Source(path, listed.name_of(str(path)), name))
    return found


def _read(coverage: Coverage, source: _Source, archives: Archives) -> _Read:
    obstacle = _find_obstacle(source.path)
    if obstacle is not None:
        return Unreadable(source.file, obstacle)
    try:
        return read_source(coverage, source.path, source.file, source.module, archives)
    except _NOT_PYTHON as error:
        return Unreadable(source.file, f"not Python: {_one_line(error)}")


def _find_obstacle(path: Path) -> str | None:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    compiled = next((name for end in EXTENSION_SUFFIXES if (name := path.with_suffix(end)).exists()), None)
    return None if compiled is None else f"compiled: Python imports {compiled.name}"


def _read_share(configuration: Configuration, share: Sequence[_Source]) -> list[_Read]:
    with _configure(configuration) as coverage, Archives() as archives:
        return [_read(coverage, source, archives) for source in share]


def _read_together(configuration: Configuration, named: Sequence[_Source], processes: int) -> Iterator[_Read]:
    size = max(20, len(named) // (processes * 8))
    shares = [named[start : start + size] for start in range(0, len(named), size)]
    # A fork has all modules already, but a program with threads must not fork.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    with ProcessPoolExecutor(processes, mp_context=get_context(method)) as pool:
        for found in pool.map(partial(_read_share, configuration), shares):
            yield from found


def _gather(read: Iterable[_Read], omitted: Iterable[str]) -> Inventory:
    symbols: list[Symbol] = []
    files: list[SourceFile] = []
    unreadable: list[Unreadable] = []
    calls, decorated = Calls(), set[SymbolName]()
    for each in read:
        if isinstance(each, Unreadable):
            unreadable.append(each)
        else:
            files.append(each.source)
            symbols.extend(each.symbols)
            calls.add(each.calls)
            decorated |= each.decorated
    startup = find_startup(symbols, calls, decorated)
    symbols = [replace(each, traits=(*each.traits, "startup")) if each.name in startup else each for each in symbols]
    return Inventory(tuple(symbols), tuple(files), tuple(unreadable), tuple(omitted))


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
