from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.content import Content, read_content
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.impossible_lines import leave_out_impossible
from profcov.store.line_sets import to_bits
from profcov.store.read import read_lines
from profcov.store.shard import write_shard
from profcov.store.sidecar import read_sidecar

if TYPE_CHECKING:
    from pathlib import Path

DEMO = Slug("demo")


def write(data: Path, executed: dict[str, set[Any]], digests: dict[str, str | None], *, branch: bool = False) -> None:
    write_shard(DataDirectory(data), DEMO, "profile:demo", executed, branch=branch, facts={"sources": digests})


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (b"", 1),
        (b"x", 1),
        (b"x\n", 1),
        (b"x\n\n", 2),
        (b"x\ny", 2),
        (b"x\r\ny\r\n", 2),
        (b"x\ry", 2),
        (b"x\n\ry\r\nz", 4),
        (b"x\x0cy\x0bz\n'\xc2\x85\xe2\x80\xa8'\n", 2),
    ],
)
def test_a_file_ends_where_python_says(tmp_path: Path, text: bytes, end: int) -> None:
    source = tmp_path / "a.py"
    source.write_bytes(text)
    content = Content(lines={("", str(source)): to_bits({0, 1, end, end + 1, 9999})})
    found = leave_out_impossible(content, {str(source): str(file_digest(source))})
    assert found == {str(source): [end + 1, 9999]}
    assert content.lines == {("", str(source)): to_bits({0, 1, end})}


def test_a_line_beyond_the_end_of_its_file_is_left_out_and_reported(tmp_path: Path, data: Path) -> None:
    good, bad = (tmp_path / name for name in ("good.py", "bad.py"))
    for path in (good, bad):
        path.write_text("x = 1\n" * 5)
    digests = {str(path): file_digest(path) for path in (good, bad)}
    write(data, {str(good): {1, 5}, str(bad): {1, 5, 6}}, digests)
    write(data, {str(bad): {2, 2354}, "/not/here.py": {99}}, {**digests, "/not/here.py": "1" * 64})
    made = combine(DataDirectory(data), DEMO)
    assert (made.complete, made.reasons) == (False, ("lines-impossible",))
    assert made.impossible == read_sidecar(made.path)["impossible_lines"] == {str(bad): [6, 2354]}
    assert read_lines(made.path) == {"/not/here.py": {99}, str(bad): {1, 2, 5}, str(good): {1, 5}}
    write(data, {str(good): {1, 2}}, digests)
    assert combine(DataDirectory(data), DEMO, append=True).reasons == ("lines-impossible",)
    assert read_sidecar(made.path)["impossible_lines"] == {str(bad): [6, 2354]}
    write(data, {str(good): {1, 2}}, digests)
    assert combine(DataDirectory(data), DEMO).complete


def test_arcs_from_and_to_such_lines_are_left_out(tmp_path: Path, data: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n" * 5)
    arcs = {(-1, 2), (2, 5), (5, -1), (-9, 3), (3, 4), (4, 8), (8, -1)}
    write(data, {str(source): arcs}, {str(source): file_digest(source)}, branch=True)
    made = combine(DataDirectory(data), DEMO)
    assert read_content(made.path).arcs == {("profile:demo", str(source)): {(-1, 2), (2, 5), (5, -1), (3, 4)}}
    assert made.impossible == {str(source): [8, 9]}


@pytest.mark.parametrize("digest", ["1" * 64, "unknown", None], ids=["another", "unknown", "none"])
def test_of_a_file_that_is_not_the_one_that_ran_nothing_is_reported(
    tmp_path: Path, data: Path, digest: str | None
) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    write(data, {str(source): {99}}, {} if digest is None else {str(source): digest})
    made = combine(DataDirectory(data), DEMO)
    assert (made.impossible, read_lines(made.path)) == ({}, {str(source): {99}})


def test_files_are_found_under_the_names_that_they_get(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "paths.ini"
    config.write_text("[run]\nrelative_files = true\n[paths]\nsource =\n    src\n    /host/*/src\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    digest = file_digest("src/a.py")
    for host in ("one", "two"):
        write(data, {f"/host/{host}/src/a.py": {1, 7}}, {f"/host/{host}/src/a.py": digest})
    made = combine(DataDirectory(data), DEMO, config_file=config)
    assert (made.impossible, read_lines(made.path)) == ({"src/a.py": [7]}, {"src/a.py": {1}})


def test_nothing_but_such_lines_is_an_artifact_without_lines(tmp_path: Path, data: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    write(data, {str(source): {7}}, {str(source): file_digest(source)})
    made = combine(DataDirectory(data), DEMO)
    assert (made.files, made.reasons) == (1, ("lines-impossible",))


def test_no_sum_is_taken_of_files_that_have_all_their_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines, digests = {}, {}
    for number in range(3):
        path = tmp_path / f"{number}.py"
        path.write_bytes(b"x = 1\n" * 1000)
        digests[str(path)] = "1" * 64
        lines["", str(path)] = to_bits({1, 1000})
    sums: list[bytes] = []
    monkeypatch.setattr("hashlib.sha256", lambda text: sums.append(text) or hashlib.new("sha256", text))
    assert leave_out_impossible(Content(lines=lines), digests) == {}
    assert sums == []
    lines["", str(path)] = to_bits({1001})
    assert leave_out_impossible(Content(lines=lines), digests) == {}
    assert sums == [path.read_bytes()]
