"""The names that files get in an artifact: coverage.py's own, by its ``[paths]`` and ``relative_files``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coverage.exceptions import ConfigError, CoverageException

from profcov.configuration import note_settings
from profcov.configuration.omissions import omit_by_name
from profcov.errors import ConfigurationError, CoverageMergeError
from profcov.store.content import Content, read_content

if TYPE_CHECKING:
    from pathlib import Path

    from profcov.configuration import Configuration
    from profcov.slug import Slug


def ask_coverage(
    slug: Slug, names: set[str], configuration: Configuration, merged: Path
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the names that coverage.py gives to files when it combines them, and its settings here.

    It combines a file of one line for each name, under a context with the former name.

    Raises:
        CoverageMergeError: its configuration cannot be used.
    """
    plain, named = (merged.with_name(f"{merged.name}.{part}") for part in ("plain", "named"))
    try:
        for path in (plain, named):
            path.unlink(missing_ok=True)
        Content(lines={(name, name): 2 for name in names or {"nothing.py"}}).write(plain)
        tool = configuration.open(data_file=str(named), messages=False)
        tool.set_option("run:parallel", value=False)
        omit_by_name(tool)
        tool.combine(data_paths=[str(plain)], strict=True, keep=True)
        tool.save()
        renamed = dict(list(read_content(named).lines))
    except (ConfigurationError, CoverageException, ConfigError) as error:
        raise CoverageMergeError(slug, str(error)) from error
    finally:
        for path in (plain, named):
            path.unlink(missing_ok=True)
    file = configuration.file
    return renamed, {"config_file": str(file) if file else None, **note_settings(tool)}
