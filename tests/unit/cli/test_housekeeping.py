"""``profcov wait``, ``status``, ``clean`` and ``combine --restore-previous``, as people call them."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from at_work import at_work, begin

from profcov.cli.columns import show_bytes
from profcov.cli.main import main
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.layout import list_shards
from profcov.store.pause import pause
from profcov.store.playing import Play
from profcov.store.previous import restore_previous
from profcov.store.rows import MISSING
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in the directory of ``.profcov``; return its exit code and what it wrote to each stream."""
    monkeypatch.chdir(tmp_path)
    for name in ("PROFILE_COVERAGE_DIR", "PROFILE_COVERAGE_CONFIG", "PROFILE_COVERAGE_MAX_BYTES", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main(list(words))
        captured = capsys.readouterr()
        return int(str(done.value.code)), captured.out, captured.err

    return call


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / ".profcov"


def write(data: Path, slug: str, days: float = 0.0) -> Path:
    shard = write_shard(DataDirectory(data), Slug(slug), f"profile:{slug}", {"/src/a.py": {1}})
    os.utime(shard, (time.time() - days * 86400,) * 2)
    return shard


def test_wait_returns_when_no_unit_is_at_work_and_else_names_the_slug(run: Run, data: Path) -> None:
    write(data, "shop")
    assert run("wait", "shop") == (0, "", "")
    with at_work(data, "shop"):
        for named in ("shop",), ():
            code, _, err = run("wait", *named, "--timeout", "0.05")
            assert (code, "shop still has work in flight" in err) == (3, True)
        code, _, err = run("wait", "shep", "--timeout", "0.05")
    assert (code, err.endswith("nothing was recorded there for shep; did you mean shop?\n")) == (3, True)
    assert not (data / "state" / "shep.lock").exists()
    combine(DataDirectory(data), Slug("shop"))
    (data / "shop.coverage").unlink()  # it went elsewhere: what is left is its lock file
    assert run("wait", "shop") == run("wait") == (0, "", "")


@pytest.mark.parametrize("words", [("wait", "shop"), ("status",), ("clean", "shop")])
def test_a_directory_that_is_not_there_is_one_sentence(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (3, "")
    assert err.startswith("profcov: cannot read ")
    assert err.count("\n") == 1


def test_status_shows_what_there_is_and_who_is_at_work(run: Run, data: Path) -> None:
    for slug in ("done", "fresh"):
        write(data, slug)
    combine(DataDirectory(data), Slug("done"), jobs={"1": "queued"})
    begin(data, "lost")[0].abandon()
    working, _ = begin(data, "fresh")
    working.note(MISSING, Slug("done"), "refused-paused")
    pause(DataDirectory(data))
    code, out, err = run("status")
    titles, *rows = [line.split("\t") for line in out.splitlines()]
    assert (code, titles) == (0, ["profile", "shards", "size", "status", "holders", "pending jobs"])
    assert [row[0] for row in rows] == ["done", "fresh", "lost"]
    assert (rows[0][1], rows[0][3], rows[0][4]) == (
        "0",
        "partial; jobs-unfinished (the next: partial; refused-paused)",
        "nobody",
    )
    assert (rows[1][1], rows[1][3]) == ("1", "none")
    assert f" {os.getpid()}, " in rows[1][4]
    assert f" {os.getpid()} died, at work since 2" in rows[2][4]
    assert "3 profiles" in err
    assert "PAUSED" in err
    working.abandon()


def test_status_as_json(run: Run, data: Path, redis_url: str) -> None:
    write(data, "shop")
    code, out, _ = run("status", "--format", "json", "--redis-url", redis_url)
    document = json.loads(out)
    assert (code, document["schema_version"], document["paused"]) == (0, 1, False)
    (shop,) = document["profiles"]
    assert (shop["profile"], shop["shards"], shop["pending_jobs"], shop["holders"]) == ("shop", 1, [], [])
    for words in ("--redis-url", "redis://127.0.0.1:1"), ("--format", "json", "--redis-url", "redis://127.0.0.1:1"):
        code, out, err = run("status", *words)
        assert (code, "shop" in out, "redis://127.0.0.1:1" in err) == (4, True, True)


def test_the_redis_of_the_environment_is_asked_if_that_can_be_and_none_is_named(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(data, "shop")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    for words in ("wait",), ("wait", "shop"), ("combine",), ("status",):
        code, _, err = run(*words)
        assert (code, "redis://127.0.0.1:1/0: Redis does not answer" in err) == (4, True), words
        assert "profcov: redis://127.0.0.1:2/0: " in run(*words, "--redis-url", "redis://127.0.0.1:2/0")[2]
    assert len(list_shards(data, Slug("shop"))) == 1
    assert run("wait", "--redis-url", "") == (0, "", "")
    monkeypatch.setitem(sys.modules, "rq", None)  # as if it were not installed
    assert run("wait") == (0, "", "")
    code, _, err = run("wait", "--redis-url", "redis://127.0.0.1:1/0")
    assert (code, "waiting for jobs needs rq" in err) == (4, True)
    assert run("combine")[0] == 0


@pytest.mark.parametrize("limit", ["", "1"])
def test_clean_drops_the_shards_of_what_is_named_and_keeps_its_artifact(
    run: Run, data: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setenv("PROFILE_COVERAGE_MAX_BYTES", limit)  # of the directory: it is not for what is named
    for slug in ("shop", "other"):
        write(data, slug)
    combine(DataDirectory(data), Slug("shop"))
    write(data, "shop")
    assert run("clean", "shop")[:2] == (
        0,
        f"removed\tshop\t{show_bytes(list_shards(data, Slug('other'))[0].stat().st_size)}\n",
    )
    assert list_shards(data, Slug("shop")) == []
    assert (data / "shop.coverage").exists()
    assert len(list_shards(data, Slug("other"))) == 1


def test_clean_reports_what_stays_and_why_and_can_remove_all_that_has_the_name(run: Run, data: Path) -> None:
    write(data, "shop")
    write(data, "shop-2")
    combine(DataDirectory(data), Slug("shop"))
    kept = show_bytes(sum(path.stat().st_size for path in data.glob("shop.*")))
    says = f"shop: its artifact stays, {kept}: --artifacts removes it, too\n"
    assert run("clean", "shop") == (0, "nothing\tshop\t0 B\n", says)
    assert run("clean", "shop", "-q") == (0, "nothing\tshop\t0 B\n", "")
    (row,) = json.loads(run("clean", "shop", "--dry-run", "--format", "json")[1])["profiles"]
    assert (row["done"], show_bytes(row["left"])) == ("nothing", kept)
    with at_work(data, "shop"):
        code, out, err = run("clean", "shop", "--artifacts")
        assert (code, out.startswith("at work\tshop\t")) == (3, True)
        assert err.startswith("profcov: shop stays: processes are at work for it: ")
    play = Play.begin(DataDirectory(data), Slug("shop"))
    code, _, err = run("clean", "shop", "--artifacts")
    assert (code, err.startswith("profcov: shop stays: it is being played by ")) == (3, True)
    play.end(is_consumed=True)
    write(data, "shop").write_bytes(b"damaged")
    write(data, "shop")
    combine(DataDirectory(data), Slug("shop"))
    restore_previous(DataDirectory(data), Slug("shop"))
    named = {path.name for path in data.rglob("shop.*")}
    assert {"shop.coverage", "shop.profile.json", "shop.lock"} < named
    assert any(name.endswith(".reason") for name in named)
    code, out, err = run("clean", "shop", "--artifacts")
    assert (code, out.startswith("removed\tshop\t"), err) == (0, True, "")
    assert [*data.rglob("*shop.*")] == []
    assert len(list_shards(data, Slug("shop-2"))) == 1


def test_pause_and_resume_agree(run: Run, data: Path) -> None:
    pair = ("pause", "paused", "was paused already"), ("resume", "resumed", "was not paused")
    refused = [run(name) for name, *_ in pair]
    assert refused[0] == refused[1]
    assert (refused[0][0], refused[0][2].endswith("there is no such directory; is it where the servers record?\n")) == (
        3,
        True,
    )
    data.mkdir()
    for name, first, again in pair:
        assert run(name) == (0, f"{data}: {first}\n", "")
        assert run(name) == (0, f"{data}: {again}\n", "")
    keys = [json.loads(run(name, "--format", "json")[1]).keys() for name, *_ in pair]
    assert keys[0] == keys[1]


def test_clean_by_age_number_and_size(run: Run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for slug, days in {"a": 40, "b": 20, "c": 2, "d": 1}.items():
        write(data, slug, days)
    size = list_shards(data, Slug("a"))[0].stat().st_size
    assert run("clean", "--older-than", "30d", "--dry-run")[1].startswith("would go\ta\t")
    assert run("clean", "--older-than", "30d")[1].startswith("removed\ta\t")
    assert run("clean", "--keep-newest", "2")[1].startswith("removed\tb\t")
    monkeypatch.setenv("PROFILE_COVERAGE_MAX_BYTES", str(size))
    with at_work(data, "c"):
        assert run("clean")[1].startswith("at work\tc\t")
    assert run("clean")[1].startswith("removed\tc\t")
    assert run("clean")[1] == ""


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        ((), 2, "name profiles, or select them by"),
        (("nowhere",), 3, "nothing was recorded there for nowhere"),
        (("--older-than", "soon"), 2, "'soon' is not one: write it as 7d, 12h or 90m"),
        (("--max-bytes", "much"), 2, "'much' is not one: write it as 500MB or 2GB"),
        (("../x",), 2, "'../x' is not a slug"),
    ],
)
def test_what_cannot_be_cleaned_is_one_sentence(
    run: Run, data: Path, words: tuple[str, ...], code: int, problem: str
) -> None:
    write(data, "shop")
    found, out, err = run("clean", *words)
    assert (found, out) == (code, "")
    assert problem in err
    assert len(list_shards(data, Slug("shop"))) == 1


def test_a_damaged_artifact_is_refused_and_the_one_before_comes_back(run: Run, data: Path, tmp_path: Path) -> None:
    for _ in range(2):
        write(data, "shop")
        combine(DataDirectory(data), Slug("shop"))
    with closing(sqlite3.connect(data / "shop.coverage")) as connection:
        connection.execute("DELETE FROM line_bits")
        connection.commit()
    code, _, err = run("matrix", "shop")
    assert (code, "profcov combine --restore-previous shop" in err) == (3, True)
    assert run("combine", "--restore-previous")[0] == 2
    assert run("combine", "--restore-previous", "shop")[0] == 0
    assert run("combine", "--restore-previous", "shop")[0] == 3
    assert (data / "state" / "quarantine" / "shop.coverage").exists()


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_500_000, "2.5 MB"), (3e15, "3000.0 TB")]
)
def test_sizes_are_for_people(size: float, text: str) -> None:
    assert show_bytes(size) == text


def test_combining_says_which_file_has_which_version(run: Run, data: Path) -> None:
    for number, digest in enumerate("12"):
        facts = {"sources": {"/src/a.py": digest * 64}, "written": float(number)}
        write_shard(DataDirectory(data), Slug("shop"), "profile:shop", {"/src/a.py": {1}}, facts=facts)
    code, out, err = run("combine", "shop")
    assert code == 1
    assert out.startswith("shop\t?\t1\tpartial; source-changed\t")
    assert err == (
        "profcov: shop: /src/a.py changed while it was recorded: "
        "it has the lines of version 222222222222, and not those of 111111111111\n"
    )
    facts = {"sources": {"/src/a.py": "unknown"}}
    write_shard(DataDirectory(data), Slug("shop"), "profile:shop", {"/src/a.py": {1}}, facts=facts)
    assert "/src/a.py was changed after its server had imported it" in run("combine", "shop", "--allow-partial")[2]


def test_combining_says_which_file_ends_before_a_line_that_was_recorded(run: Run, data: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    facts = {"sources": {str(source): file_digest(source)}}
    for lines in ({1, 2354}, {1, 8, 9}):
        write_shard(DataDirectory(data), Slug("shop"), "profile:shop", {str(source): lines}, facts=facts)
        code, out, err = run("combine", "shop")
        assert (code, out.split("\t")[:4]) == (1, ["shop", "1", "1", "partial; lines-impossible"])
        which = "line 2354, which was" if 2354 in lines else "2 lines (8 to 9) that were"
        assert f"profcov: shop: {source} ends before {which} recorded of it: left out" in err
        assert len(err.splitlines()) == 1
