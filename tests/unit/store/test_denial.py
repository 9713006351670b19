from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from profcov.errors import CoverageWriteError
from profcov.store.denial import Denial, find_denial, name_user

if TYPE_CHECKING:
    from pathlib import Path


def denied(path: Path) -> PermissionError:
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def test_what_is_ones_own_is_no_denial_nor_is_another_error(tmp_path: Path) -> None:
    assert find_denial(denied(tmp_path / "gone")) is None
    assert find_denial(OSError(errno.ENOSPC, "full", "/")) is None
    assert find_denial(ValueError()) is None


def test_those_who_send_requests_get_no_path_and_ascii_only(tmp_path: Path) -> None:
    denial = Denial(tmp_path, "bjørn", "www-data")
    assert str(tmp_path) in str(denial)
    assert "bjørn" in str(denial)
    assert denial.public == "the data is another user's: PROFILE_COVERAGE_UMASK=007 and a group share it"
    assert Denial(tmp_path, "alice", "www-data").public.startswith("the data is alice's: ")


def test_the_cause_of_an_error_of_ours_counts(tmp_path: Path) -> None:
    error = CoverageWriteError(tmp_path, "denied")
    error.__cause__ = denied(tmp_path)
    assert find_denial(error) is None  # it is looked at, and the directory is one's own


def test_a_user_without_a_name_has_a_number() -> None:
    assert name_user(2**31 - 7) == f"user {2**31 - 7}"
