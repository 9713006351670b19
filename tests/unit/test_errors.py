from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profcov import errors

if TYPE_CHECKING:
    from collections.abc import Iterator


def walk(root: type[errors.ProfcovError]) -> Iterator[type[errors.ProfcovError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from walk(child)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in walk(errors.ProfcovError)]
    assert len(codes) == len(set(codes)) > 10


def test_a_message_says_what_happened_to_which_file_and_why() -> None:
    assert str(errors.CoverageWriteError(Path("/data/x"), "disk full")) == "cannot write /data/x: disk full"
    assert str(errors.CoverageReadError(Path("/data/x"), "it is empty")) == "cannot read /data/x: it is empty"


def test_a_lock_that_times_out_names_who_holds_it() -> None:
    told = str(errors.LockTimeoutError("demo", 30.0, ["process 7", "process 8"]))
    assert (
        told
        == "demo still has work in flight after 30 s, in process 7, process 8: wait for it to end, or raise --timeout"
    )
    assert "unknown processes" in str(errors.LockTimeoutError("demo", 0.5, []))


def test_what_the_system_reports_is_an_error_of_ours_without_its_number_and_path(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(errors.CoverageWriteError) as written, errors.as_write_error(gone):
        gone.unlink()
    assert str(written.value) == f"cannot write {gone}: No such file or directory"
    with pytest.raises(errors.CoverageReadError) as read, errors.as_read_error(gone):
        gone.read_text()
    assert str(read.value) == f"cannot read {gone}: No such file or directory"
    with pytest.raises(errors.CoverageWriteError, match="full"), errors.as_write_error(gone, ZeroDivisionError):
        raise ZeroDivisionError("full")
    with pytest.raises(ZeroDivisionError), errors.as_write_error(gone):
        raise ZeroDivisionError


def test_an_error_is_explained_in_one_way_only() -> None:
    places = [path for path in Path(errors.__file__).parent.rglob("*.py") if "error.strerror" in path.read_text()]
    assert places == []
