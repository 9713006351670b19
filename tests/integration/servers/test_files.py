"""Files that applications hand to the server's own wrapper arrive whole, with a slug too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import seen
import servers

from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Callable

APPS = Path(__file__).parent / "apps"


@pytest.mark.parametrize("name", [name for name in servers.WSGI if "gevent" not in name])
def test_a_file_is_served_the_same_with_a_slug(
    tmp_path: Path, environ_for: Callable[..., dict[str, str]], name: str
) -> None:
    (tmp_path / "many_functions.py").touch()
    content = os.urandom(1_500_000)
    (tmp_path / "file").write_bytes(content)
    with servers.serve(servers.WSGI[name], "life:wsgi", environ_for(tmp_path, APPS, tmp_path), tmp_path) as served:
        answers = []
        for headers in ({}, {"X-Profile-Trace": "file"}):
            client = served.connect()
            client.request("GET", "/file", headers=headers)
            answer = client.getresponse()
            kept = {key.lower(): value for key, value in answer.getheaders() if key.lower() != "date"}
            answers.append((answer.status, kept.pop("x-profile-trace-status", None), kept, answer.read() == content))
            client.close()
    assert [(status, said, is_whole) for status, said, _, is_whole in answers] == [
        (200, None, True),
        (200, "traced", True),
    ]
    assert answers[0][2] == answers[1][2]
    made = combine(
        DataDirectory(tmp_path / "data"), parse_slug("file"), config_file=tmp_path / "measured.ini", timeout=10
    )
    assert seen.in_file(made.path) == {"bare_wsgi", "serve_file"}
