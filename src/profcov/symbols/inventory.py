"""The static list of symbols of the measured source files."""

from __future__ import annotations

import tokenize
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coverage import Coverage
from coverage.exceptions import ConfigError, CoverageException

from profcov.errors import SettingsError
from profcov.symbols.measured import find_files
from profcov.symbols.model import Inventory, SourceFile, Symbol, Unreadable
from profcov.symbols.source import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# What reading a file that is no Python can raise; nesting that is too deep ends in the last two.
_NOT_PYTHON = (OSError, SyntaxError, ValueError, tokenize.TokenError, CoverageException, RecursionError, MemoryError)


def build_inventory(config_file: Path | None, sources: Sequence[Path] = ()) -> Inventory:
    """List the symbols of every measured file.

    ``config_file`` None leaves the configuration to coverage.py's own search. ``sources`` (files or directories) stand
    in for the sources it names. Run it in the directory and environment in which the server runs: file names and
    packages are looked up from there.

    Raises:
        SettingsError: the configuration cannot be used.
    """
    with _configure(config_file) as coverage:
        relative = bool(coverage.get_option("run:relative_files"))
        return _read_all(coverage, find_files(coverage, sources), relative=relative)


@contextmanager
def _configure(config_file: Path | None) -> Iterator[Coverage]:
    try:
        coverage = Coverage(config_file=str(config_file) if config_file else True, data_file=None)
        data = coverage.get_data()  # loads the plugins, which may change what is measured
    except (CoverageException, ConfigError, ImportError) as error:  # ConfigError was no CoverageException at first
        name = str(config_file or "the configuration that coverage.py finds")
        problem = f"one that coverage.py can use ({_one_line(error)})"
        raise SettingsError("coverage configuration", name, problem) from error
    try:
        yield coverage
    finally:
        # The database is in memory, and analysing a file opens it. Python 3.13 warns of one that is left open, and
        # versions of coverage.py that know of this have `close`.
        if hasattr(data, "close"):
            data.close(force=True)


def _read_all(coverage: Coverage, modules: Mapping[Path, str], *, relative: bool) -> Inventory:
    seen: Counter[str] = Counter()
    symbols: list[Symbol] = []
    files: list[SourceFile] = []
    unreadable: list[Unreadable] = []
    for path, module in modules.items():
        file = _file_name(path, relative=relative)
        seen[module] += 1
        # Two scripts may bear one name, such as main.py in two source directories.
        name = module if seen[module] == 1 else f"{module}#{seen[module]}"
        try:
            source, found = read_source(coverage, path, file, name)
        except _NOT_PYTHON as error:
            unreadable.append(Unreadable(file, _one_line(error)))
        else:
            files.append(source)
            symbols.extend(found)
    return Inventory(tuple(symbols), tuple(files), tuple(unreadable))


def _file_name(path: Path, *, relative: bool) -> str:
    """Return a file's name as it stands in artifacts: with ``relative_files``, relative if below this directory."""
    here = Path.cwd().resolve()
    return str(path.relative_to(here)) if relative and path.is_relative_to(here) else str(path)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
