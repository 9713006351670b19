"""What is not measured unless the configuration decides: what is named as a package's tests and migrations."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from profcov.configuration.options import SOURCES, read_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coverage import Coverage

NOTHING: Final = "nothing"
"""The ``omit`` that measures everything. coverage.py does not distinguish an empty one from a missing one."""
_FOLDERS: Final = ("tests", "migrations")
_FILES: Final = ("test_*.py", "tests.py", "conftest.py")
_WILD: Final = re.compile(r"[][*?]")


def name_omissions(sources: Sequence[str]) -> list[str]:
    """Return coverage.py's patterns for tests and migrations below directories or packages; none for one that is named so."""
    found = []
    for source in sources:
        is_directory = os.path.isdir(source)  # noqa: PTH112 (as coverage.py distinguishes them)
        if os.sep in source and not is_directory:  # a file
            continue
        place = _WILD.sub("?", os.path.realpath(source)) if is_directory else f"*/{source.replace('.', '/')}"
        if os.path.basename(place) not in _FOLDERS:  # noqa: PTH119
            found += [f"{place}/**/{name}/*" for name in _FOLDERS]
            found += [f"{place}/**/{name}" for name in _FILES]
    return found


def omit_by_name(coverage: Coverage, sources: Sequence[str] = ()) -> list[str]:
    """Have coverage.py omit tests and migrations, unless its configuration has an ``omit``, or says what to include.

    ``sources`` stand in for those of the configuration.

    Returns:
        the patterns; none where the configuration decides.
    """
    given = read_list(coverage, "run:omit")
    configured = [name for key in SOURCES for name in read_list(coverage, f"run:{key}")]
    if (given and set(given) != set(name_omissions(configured))) or (
        read_list(coverage, "run:include") and not configured
    ):
        return []
    patterns = name_omissions(list(sources) or configured or [os.curdir])
    coverage.set_option("run:omit", patterns)
    return patterns
