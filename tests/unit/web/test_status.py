from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import re
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from profcov.settings import Settings
from profcov.store.directory import DataDirectory
from profcov.store.layout import shards_dir
from profcov.web.status import ASGIStatusPage, WSGIStatusPage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]
    Answer = tuple[int, dict[str, str], bytes]

SECRET = "a secret of twenty characters"


def get_wsgi(settings: Settings | None, method: str = "GET", query: str = "", accept: str = "*/*") -> Answer:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "QUERY_STRING": query, "HTTP_ACCEPT": accept}
    setup_testing_defaults(environ)
    said: list[Any] = []

    def start_response(status: str, headers: Any, _exc_info: Any = None) -> Callable[[bytes], object]:
        said.extend((int(status[:3]), dict(headers)))
        return said.append

    chunks = validator(WSGIStatusPage(settings))(environ, start_response)
    body = b"".join(chunks)
    chunks.close()  # type: ignore[attr-defined]
    return said[0], said[1], body


def get_asgi(settings: Settings | None, method: str = "GET", query: str = "", accept: str = "*/*") -> Answer:
    scope = {
        "type": "http",
        "method": method,
        "query_string": query.encode(),
        "headers": [(b"accept", accept.encode())],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(ASGIStatusPage(settings)(scope, receive, send))
    start, body = sent
    return start["status"], {name.decode().title(): value.decode() for name, value in start["headers"]}, body["body"]


@pytest.fixture(params=[get_wsgi, get_asgi])
def get(request: pytest.FixtureRequest) -> Callable[..., Answer]:
    found: Callable[..., Answer] = request.param
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, secret=SECRET)


def facts_of(settings: Settings | None) -> Any:
    return json.loads(get_wsgi(settings, query="format=json")[2])


def write_artifact(data_dir: Path, slug: str, sidecar: str) -> None:
    (data_dir / f"{slug}.coverage").write_bytes(b"12345")
    (data_dir / f"{slug}.profile.json").write_text(sidecar)


def test_shards_and_artifacts_are_listed_by_slug(settings: Settings) -> None:
    DataDirectory(settings.data_dir).make_state("shards")
    for name in ("a.coverage.host.1.2", "a.coverage.host.1.3", "b.1.2.coverage.h-x.7.8", "a.lock", "x.coverage.y"):
        (shards_dir(settings.data_dir) / name).write_bytes(b"123")
    write_artifact(settings.data_dir, "done", '{"status": "complete", "reasons": [], "created": "today"}')
    write_artifact(settings.data_dir, "half", '{"status": "partial", "reasons": ["killed"], "created": "today"}')
    data = facts_of(settings)["data"]
    assert data["pending"] == {
        "count": 2,
        "shown": [
            {"slug": "a", "shards": 2, "bytes": 6, "all_sized": True},
            {"slug": "b.1.2", "shards": 1, "bytes": 3, "all_sized": True},
        ],
    }
    assert [(each["slug"], each["integrity"], each["reasons"]) for each in data["artifacts"]["shown"]] == [
        ("done", "complete", []),
        ("half", "partial", ["killed"]),
    ]
    assert data["paused"] is False
    (settings.data_dir / "state" / "paused").touch()
    assert facts_of(settings)["data"]["paused"] is True


def test_the_secret_is_not_shown(settings: Settings, get: Callable[..., Answer]) -> None:
    for query in ("", "format=json"):
        body = get(settings, query=query)[2].decode()
        assert SECRET not in body
        assert "set (hidden)" in body


def test_what_is_shown_is_bounded_and_counted(settings: Settings) -> None:
    DataDirectory(settings.data_dir).make_state("shards")
    for number in range(101):
        (shards_dir(settings.data_dir) / f"s{number}.coverage.host.1.2").touch()
    pending = facts_of(settings)["data"]["pending"]
    assert (pending["count"], len(pending["shown"])) == (101, 100)
    assert b"The first 100 of 101 are shown." in get_wsgi(settings)[2]


def test_everything_is_escaped(settings: Settings) -> None:
    sidecar = {"status": "partial", "reasons": ["<script>alert(1)</script>"], "created": "<b>"}
    write_artifact(settings.data_dir, "half", json.dumps(sidecar))
    page = get_wsgi(settings)[2].decode()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


def test_the_style_is_the_one_that_the_policy_allows(settings: Settings, get: Callable[..., Answer]) -> None:
    _, headers, body = get(settings)
    found = re.search("<style>(.*)</style>", body.decode(), re.DOTALL)
    assert found is not None
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_only_get_and_head(settings: Settings, get: Callable[..., Answer]) -> None:
    status, headers, body = get(settings, "HEAD")
    assert (status, body) == (200, b"")
    assert int(headers["Content-Length"]) > 0
    status, headers, _ = get(settings, "POST")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "text/html"),
        ("", "application/json", "application/json"),
        ("", "text/html, application/json;q=0.5", "text/html"),
        ("format=json", "text/html", "application/json"),
        ("format=html", "application/json", "text/html"),
        ("&".join("abcdefghijklmnopqrstuvwxyz"), "application/json", "application/json"),
    ],
)
def test_json_is_for_whoever_asks(
    settings: Settings, get: Callable[..., Answer], query: str, accept: str, kind: str
) -> None:
    assert get(settings, query=query, accept=accept)[1]["Content-Type"].startswith(kind)


def test_a_broken_data_directory_is_reported(tmp_path: Path, get: Callable[..., Answer]) -> None:
    (tmp_path / "file").touch()
    for name, reason in (("none", "is not there"), ("file", "Not a directory")):
        status, _, body = get(Settings(data_dir=tmp_path / name))
        assert status == 200
        assert reason in body.decode()


def test_a_wrong_setting_is_reported(monkeypatch: pytest.MonkeyPatch, get: Callable[..., Answer]) -> None:
    monkeypatch.setenv("PROFILE_COVERAGE_ENGINE", "steam")
    monkeypatch.setattr("profcov.settings._of_process", [])  # whatever this process has read
    status, _, body = get(None)
    assert status == 200
    assert "PROFILE_COVERAGE_ENGINE" in body.decode()


@pytest.mark.parametrize("sidecar", ["", "[]", "{}", '{"status": "complete"}', "[" * 100_000])
def test_a_broken_sidecar_is_reported(settings: Settings, sidecar: str) -> None:
    write_artifact(settings.data_dir, "one", sidecar)
    [artifact] = facts_of(settings)["data"]["artifacts"]["shown"]
    assert artifact["integrity"] == "unknown"


def test_sidecars_that_are_links_or_pipes_are_not_read(settings: Settings, tmp_path: Path) -> None:
    write_artifact(settings.data_dir, "real", '{"status": "complete", "reasons": [], "created": "today"}')
    (tmp_path / "link.coverage").touch()
    (tmp_path / "link.profile.json").symlink_to(tmp_path / "real.profile.json")
    (tmp_path / "pipe.coverage").touch()
    os.mkfifo(tmp_path / "pipe.profile.json")
    shown = facts_of(settings)["data"]["artifacts"]["shown"]
    assert {each["slug"]: each["integrity"] for each in shown} == {
        "link": "unknown",
        "pipe": "unknown",
        "real": "complete",
    }


def test_a_traced_request_for_the_page_has_a_status_and_is_not_measured(run_python: Run, engine: str) -> None:
    """It shows the unit that it is answered in; profcov's own code leaves no line, so no shard either.

    What else is asked for the slug in this process is told of: a shard without a line says that nothing measured ran.
    """
    told, files, others = run_python(
        """
from play import *
from werkzeug.test import Client
from profcov.web.status import wsgi_app
from profcov.web.wsgi import ProfileTraceMiddleware
def answer(environ, start_response):
    if environ["PATH_INFO"] == "/":
        return wsgi_app(environ, start_response)
    start_response("200 OK", [])
    return [b""]
def list_shards():
    return [p.name.partition(".")[0] for p in DATA.glob("state/shards/*.coverage.*")]
client = Client(ProfileTraceMiddleware(answer))
answer = client.get("/?format=json", headers={"X-Profile-Trace": "look"})
engine, status = answer.json["engine"], answer.headers["X-Profile-Trace-Status"]
answer.close()
after = client.get("/?format=json").json["engine"]["live"]["shown"]
files = list_shards()
for _ in range(2):
    client.get("/x", headers={"X-Profile-Trace": "look"}).close()
tell([[status, engine["running"], engine["live"]["shown"], after], files, list_shards()])
""",
        engine=engine,
    )
    assert told == ["traced", True, [{"slug": "look", "units": 1}], []]
    assert (files, others) == ([], ["look"])
