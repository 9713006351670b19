"""Which source files the coverage configuration selects, and the names of their modules."""

from __future__ import annotations

import importlib.util
import os
import re
import zipfile
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from profcov.configuration.file_rules import PYTHON, FileRules, match_files
from profcov.configuration.options import read_list
from profcov.errors import SettingsError
from profcov.reading.symbols.archives import SUFFIXES, find_archive, list_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from coverage import Coverage

# Installed code below a source directory is not measured, nor another interpreter's; the rest never holds a backend's modules.
_SKIPPED = frozenset({"site-packages", "dist-packages", "node_modules", "__pycache__"})
_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class _Root:
    """A file or directory to list. ``module`` is its dotted name, None if it follows from its place on disk."""

    path: Path
    module: str | None = None


class _Listed(NamedTuple):
    """A file, symbolic links resolved; its path below its root, which gives its module's name; and its archive."""

    path: Path
    place: Path
    archive: Path | None = None


class Found(NamedTuple):
    """Each measured file, symbolic links resolved, with its module's dotted name, sorted by path; and those omitted.

    ``name_of`` returns the name that a path has in artifacts.
    """

    modules: dict[Path, str]
    omitted: set[Path]
    name_of: Callable[[str], str]


def find_files(coverage: Coverage, sources: Sequence[Path] = ()) -> Found:
    """Find what is measured.

    ``sources`` (files or directories) replace the configuration's ``source``, ``source_pkgs`` and ``include``.
    Without any of them it is the working directory. ``omit``, and ``include`` and ``omit`` of ``[report]``, always
    count.

    coverage.py lists only packages that the process has imported, and no folders without ``__init__.py``, although it measures
    both. So the files are listed here, and coverage.py is asked about each.

    Raises:
        SettingsError: a source neither exists nor is an importable package.
        coverage.exceptions.ConfigError: a pattern is malformed, or a source is the root of the file system.
    """
    named = [_given(path) for path in sources] or _configured(coverage)
    rules = FileRules(coverage, [str(each.path) for each in named if each.path.is_dir()] if named else None)
    reported = match_files(read_list(coverage, "report:include") or ["*"])
    unreported = match_files(read_list(coverage, "report:omit"))
    found: dict[Path, str] = {}
    omitted: set[Path] = set()
    for root in named or [_Root(place) for place in _list_places(read_list(coverage, "run:include"))]:
        is_named_file = bool(named) and not root.path.is_dir()
        for listed in _list(root.path):
            path, place = str(listed.path), str(listed.place)
            if listed.path in found or not reported(path):
                continue
            if rules.omit(path, place) or unreported(path) or unreported(place):
                omitted.add(listed.path)
            elif is_named_file or rules.measure(path, place):
                found[listed.path] = _module_name(listed, root)
    return Found(dict(sorted(found.items())), omitted, rules.name_of)


def _list_places(include: Sequence[str]) -> list[Path]:
    """Return the folders below which files can match: those before the first wildcard of each pattern, or the working directory."""
    folders = [_WILD.split(pattern, maxsplit=1)[0].rpartition("/")[0] for pattern in include]
    return sorted({Path(each).resolve() for each in folders or [os.curdir]})


def _given(path: Path) -> _Root:
    if not path.exists():
        raise SettingsError("source", str(path), "a file or directory that exists")
    return _Root(path.resolve())


def _configured(coverage: Coverage) -> list[_Root]:
    sources = read_list(coverage, "run:source")
    folders = [
        _given(Path(name)) for name in [*sources, *read_list(coverage, "run:source_dirs")] if Path(name).is_dir()
    ]
    packages = [name for name in sources if not Path(name).is_dir()] + read_list(coverage, "run:source_pkgs")
    return folders + [root for name in packages for root in _find_package(name)]


def _find_package(name: str) -> list[_Root]:
    """Return where a package or module is, without running any of its code."""
    top, *rest = name.split(".")
    spec = _find_spec(top)
    for part in rest:
        # The full name would make the import system look for the parent among the modules that are imported.
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations or ())) if spec else None
    if spec is not None and spec.submodule_search_locations is not None:
        return [_Root(Path(place).resolve(), name) for place in spec.submodule_search_locations]
    if spec is not None and spec.has_location and spec.origin:
        return [_Root(Path(spec.origin).resolve(), name)]
    raise SettingsError("source", name, "a directory, or a package that can be imported here")


def _find_spec(top: str) -> ModuleSpec | None:
    """Find a top-level name as a server started in the working directory would.

    That directory comes first, but a plain directory of that name in it comes after a real package.
    """
    local = PathFinder.find_spec(top, [os.getcwd()])  # noqa: PTH109 (the import system wants text)
    if local is not None and local.origin is not None:
        return local
    try:
        return importlib.util.find_spec(top) or local
    except (ImportError, ValueError):
        return local


def _list(root: Path) -> Iterator[_Listed]:
    archive = find_archive(root)
    if archive is not None:
        yield from (_Listed(path, path, archive) for path in list_sources(archive, root))
        return
    if root.is_file():
        yield _Listed(root, root)
        return
    linked: set[Path] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = sorted(
            name
            for name in folders
            if not _is_skipped(folder, name) and not _leads_astray(Path(folder, name), root, linked)
        )
        for name in names:
            place = Path(folder, name)
            if name.startswith("."):
                continue
            if name.endswith(SUFFIXES) and zipfile.is_zipfile(place):
                yield from (_Listed(path, path, place) for path in list_sources(place, place))
            path = place.resolve() if name.endswith(PYTHON) else place
            if name.endswith(PYTHON) and path.is_file():
                yield _Listed(path, path if path.is_relative_to(root) else place)


def _leads_astray(place: Path, root: Path, linked: set[Path]) -> bool:
    """Return whether a directory is a link that is not followed: to something listed anyway, or to no Python code."""
    if not place.is_symlink():
        return False
    target = place.resolve()
    is_listed = target.is_relative_to(root) or root.is_relative_to(target)
    if is_listed or any(target.is_relative_to(each) for each in linked) or not any(target.glob("*.py")):
        return True
    linked.add(target)
    return False


def _is_skipped(folder: str, name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED or os.path.lexists(Path(folder, name, "pyvenv.cfg"))


def _module_name(listed: _Listed, root: _Root) -> str:
    path = listed.place
    if root.module is not None:
        below = () if path == root.path else path.relative_to(root.path).with_suffix("").parts
        return ".".join([root.module, *_without_init(below)])
    base = listed.archive or _import_base(path, root.path if root.path.is_dir() else root.path.parent)
    parts = _without_init(path.relative_to(base).with_suffix("").parts)
    return ".".join(parts) or path.parent.name


def _without_init(parts: tuple[str, ...]) -> tuple[str, ...]:
    return parts[:-1] if parts and parts[-1] == "__init__" else parts


def _import_base(path: Path, root: Path) -> Path:
    """Return the directory from which the module is imported, judged by ``__init__.py`` files and ``src`` alone.

    ``sys.path`` would be more precise, but then the names would differ from machine to machine.
    """
    top = path.parent
    while (top / "__init__.py").is_file() and top != top.parent:
        top = top.parent
    if not top.is_relative_to(root):
        return top
    between = top.relative_to(root).parts  # namespace packages, or plain directories such as src
    return root.joinpath(*between[: len(between) - between[::-1].index("src")]) if "src" in between else root
