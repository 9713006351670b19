"""What a collector collects, and where it saves it: from keyword arguments, or from ``coverage_config.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, Self

import yaml

from profcov.errors import CoverageConfigError, explain

DEFAULT_EXCLUDE: Final = (
    # Tests.
    "tests/*",
    "test/*",
    "test_*.py",
    "*_test.py",
    "conftest.py",
    # Generated code.
    "*_pb2.py",
    "*_pb2_grpc.py",
    "*_generated.py",
    "_version.py",
    # Caches.
    "__pycache__/*",
    ".mypy_cache/*",
    ".pytest_cache/*",
    ".ruff_cache/*",
    # What builds and environments leave.
    "build/*",
    "dist/*",
    "*.egg-info/*",
    ".eggs/*",
    ".tox/*",
    ".nox/*",
    ".venv/*",
    "venv/*",
    "site-packages/*",
    "node_modules/*",
)
"""What is not measured unless ``exclude`` is given, at any depth below the root."""

_FORMATS: Final = ("coverage", "json")
_SECTIONS: Final = {
    "collect": ("enabled", "branch", "parallel"),
    "sources": ("root", "include", "exclude"),
    "storage": ("format", "location", "metadata_location"),
}
_REFUSED: Final = {
    "max_overhead_percent": "what measuring costs depends on the code that runs, and nothing can hold it below a limit",
    "enable_caching": "there is nothing to switch: coverage.py decides once a file whether it is measured",
    "batch_size": "there is nothing to size: lines are kept in memory as bits, and written at once",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageConfig:
    """What is collected, and where it is saved.

    Args:
        enabled: whether anything is collected at all.
        branch: whether branches are collected, besides lines.
        parallel: whether each save makes a separate file, ``<location>.<host>.<pid>.<n>``; loading reads all of them.
        root: the directory that is measured; ``CoverageCollector``'s ``source_root`` takes precedence.
        include: patterns of files below the root that are measured, in coverage.py's syntax; all Python files if empty.
        exclude: patterns of files that are not measured; ``DEFAULT_EXCLUDE`` unless given.
        format: ``coverage``, a coverage.py data file, or ``json``.
        location: where data is saved, unless ``save`` is given a path.
        metadata_location: the directory of the metadata; None puts it beside the data.

    Raises:
        CoverageConfigError: a value is not of its type, or not one of the allowed values.
    """

    enabled: bool = True
    branch: bool = False
    parallel: bool = False
    root: Path = Path()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    format: Literal["coverage", "json"] = "coverage"
    location: Path = Path(".coverage")
    metadata_location: Path | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, _check(field.name, getattr(self, field.name)))

    @classmethod
    def from_yaml(cls, path: str | Path = "coverage_config.yaml") -> Self:
        """Read a configuration from a YAML file; its paths are relative to the file's directory.

        Raises:
            CoverageConfigError: it cannot be read, or has a key or a value that it cannot have; names file and key.
        """
        path = Path(path)
        try:
            document = yaml.safe_load(path.read_bytes())
        except OSError as error:
            raise CoverageConfigError("", explain(error), path) from error
        except (yaml.YAMLError, UnicodeError) as error:
            raise CoverageConfigError("", f"it is not YAML: {' '.join(str(error).split())}", path) from error
        values: dict[str, Any] = {}
        for section, content in _mapping(_mapping(document, "", path).get("coverage"), "coverage", path).items():
            where = f"coverage.{section}"
            if section not in {*_SECTIONS, "performance"}:
                raise CoverageConfigError(where, f"there is no such key: expected {', '.join(_SECTIONS)}", path)
            for key, value in _mapping(content, where, path).items():
                _expect_known(section, key, path)
                try:
                    values[key] = _check(key, value)
                except CoverageConfigError as error:
                    raise CoverageConfigError(f"{where}.{key}", error.problem, path) from None
        for key in ("root", "location", "metadata_location"):
            if values.get(key) is not None:
                values[key] = path.absolute().parent / values[key]
        values.setdefault("root", path.absolute().parent)
        return cls(**values)


def _mapping(value: Any, where: str, path: Path) -> dict[str, Any]:
    """Return a mapping with text for keys.

    Raises:
        CoverageConfigError: it is not a mapping; or it is the document, and does not have the one key ``coverage``.
    """
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise CoverageConfigError(where, "expected a mapping of keys to values", path)
    if not where and set(value) != {"coverage"}:
        raise CoverageConfigError("", "expected the key coverage at the top, and no other", path)
    return value


def _expect_known(section: str, key: str, path: Path) -> None:
    where = f"coverage.{section}.{key}"
    if section == "performance" and key in _REFUSED:
        raise CoverageConfigError(where, f"{_REFUSED[key]}: remove it", path)
    known = _SECTIONS.get(section, ())
    if key not in known:
        raise CoverageConfigError(where, f"there is no such key: expected {', '.join(known) or 'none'}", path)


def _check(name: str, value: Any) -> Any:
    """Return a value as it is kept.

    Raises:
        CoverageConfigError: it is not valid.
    """
    if name in {"enabled", "branch", "parallel"}:
        expected, fits = "true or false", isinstance(value, bool)
    elif name in {"include", "exclude"}:
        expected, fits = (
            "a list of patterns",
            isinstance(value, list | tuple) and all(isinstance(pattern, str) and pattern for pattern in value),
        )
        value = tuple(value) if fits else value
    elif name == "format":
        expected, fits = " or ".join(_FORMATS), value in _FORMATS
    else:
        expected, fits = "a path", isinstance(value, str | Path) or (name == "metadata_location" and value is None)
        value = Path(value) if isinstance(value, str) else value
    if not fits:
        raise CoverageConfigError(name, f"{value!r} is not {expected}")
    return value
