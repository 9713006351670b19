"""The static list of symbols of the measured source files."""

from __future__ import annotations

import tokenize
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from coverage import Coverage
from coverage.exceptions import CoverageException

from profcov.errors import SettingsError
from profcov.symbols.measured import find_files
from profcov.symbols.model import Inventory, SourceFile, Symbol, Unreadable
from profcov.symbols.source import read_source

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    coverage = _configure(config_file)
    relative = bool(coverage.get_option("run:relative_files"))
    modules: Counter[str] = Counter()
    symbols: list[Symbol] = []
    files: list[SourceFile] = []
    unreadable: list[Unreadable] = []
    for path, module in find_files(coverage, sources).items():
        file = _file_name(path, relative=relative)
        modules[module] += 1
        # Two scripts may bear one name, such as main.py in two source directories.
        name = module if modules[module] == 1 else f"{module}#{modules[module]}"
        try:
            source, found = read_source(coverage, path, file, name)
        except _NOT_PYTHON as error:
            unreadable.append(Unreadable(file, _one_line(error)))
        else:
            files.append(source)
            symbols.extend(found)
    return Inventory(tuple(symbols), tuple(files), tuple(unreadable))


def _configure(config_file: Path | None) -> Coverage:
    try:
        coverage = Coverage(config_file=str(config_file) if config_file else True, data_file=None)
        coverage.get_data()  # loads the plugins, which may change what is measured
    except (CoverageException, ImportError) as error:
        name = str(config_file or "the configuration that coverage.py finds")
        raise SettingsError(
            "coverage configuration", name, f"one that coverage.py can use ({_one_line(error)})"
        ) from error
    return coverage


def _file_name(path: Path, *, relative: bool) -> str:
    """Return a file's name as it stands in artifacts: with ``relative_files``, relative if below this directory."""
    here = Path.cwd().resolve()
    return str(path.relative_to(here)) if relative and path.is_relative_to(here) else str(path)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
