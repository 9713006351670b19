"""Replays: the same each time, what real servers answer, and what the file of behaviours has."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from behaviours import FILE, read_behaviours
from mutation import Demo, draw
from oracle import DEMO
from replayer import Replayer, start_replayer

from profcov.demo.run import demo_files
from profcov.demo.services import Recording, start_services
from profcov.playback.client.client import Client
from profcov.playback.client.connection import Adapter
from profcov.playback.loading import load_profiles
from profcov.playback.player.steps import play_steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import requests

SAMPLE = (1003, 1017, 1034)
"""Seeds that are replayed in each run of the suite; ``--full`` replays forty."""

BY_SERVERS = {"connection", "date", "server", "transfer-encoding"}
IDS = re.compile(r"<id[^>]*>|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\b[0-9a-f]{12}\b")


@pytest.fixture(scope="module")
def replayer(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Replayer]:
    """A replayer; when it starts, the unchanged demo has behaved twice in the same way."""
    with start_replayer(DEMO, tmp_path_factory.mktemp("replays"), redis_url.removesuffix("/0") + "/9") as replayer:
        yield replayer


def test_mutations_have_the_effect_that_the_file_has(replayer: Replayer, pytestconfig: pytest.Config) -> None:
    demo = Demo.read(DEMO)
    behaviours = read_behaviours(demo)
    assert behaviours is not None, f"{FILE.name} is of another demo"
    seeds = range(1001, 1041) if pytestconfig.getoption("full") else SAMPLE
    effects = {seed: replayer.differing(draw(demo, seed).change) for seed in seeds}
    assert effects == {seed: behaviours.seeds[seed][1] for seed in seeds}
    assert {} != {seed: slugs for seed, slugs in effects.items() if slugs} != effects


def test_a_tree_that_cannot_be_imported_and_one_that_never_ends_are_other_behaviours(replayer: Replayer) -> None:
    burned = (DEMO / "watershed" / "disturbed.py").read_bytes()
    endless = burned.replace(b"    disturbed = []", b"    while True:\n        pass")
    assert endless != burned
    assert replayer.differing({"wsgi.py": b"raise SystemExit(1)\n"}) == sorted(replayer.unchanged)
    assert replayer.differing({"watershed/disturbed.py": endless}) == ["us-small-wbt-stochastic-disturbed"]
    assert replayer.differing({"asgi.py": None}) == ["bad-input", "us-small-wbt-storm-query"]
    assert replayer.differing({}) == []


def test_replays_are_what_real_servers_answer(
    replayer: Replayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    if not pytestconfig.getoption("full"):
        pytest.skip("--full starts the demo's servers for it")
    monkeypatch.delenv("REDIS_URL", raising=False)
    replayed = replayer.play({}, whole=True)
    with demo_files() as (config, paths), start_services(Recording(tmp_path, config, enabled=False), tmp_path) as urls:
        for profile in load_profiles(paths, {"api_url": urls.api_url}):
            seen: list[Any] = []
            with Client(urls.web_url, None, (), timeout=60) as client:
                client._session.mount("http://", Listener(seen, urls.api_url))
                play_steps(profile, client, timeout=60, stop=Patience())
            there = [each[:-1] for each in replayed[profile.slug] if each[0] in {"web", "api"}]
            assert without_polls(seen) == without_polls(there), profile.slug


class Patience:
    """A wait that is not stopped."""

    def is_set(self) -> bool:
        return False

    def wait(self, timeout: float | None = None) -> bool:
        subprocess.run([sys.executable, "-c", ""], check=True)  # a moment
        return False


class Listener(Adapter):
    """A transport that keeps what it has carried, in the form of a replay."""

    def __init__(self, seen: list[Any], api_url: str) -> None:
        super().__init__()
        self._seen = seen
        self._api_url = api_url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        answer = super().send(request, *args, **kwargs)
        kind = "api" if (request.url or "").startswith(self._api_url) else "web"
        head = [kind, request.method, request.path_url, answer.status_code]
        self._seen.append([*head, list(answer.headers.items()), answer.content.decode("latin-1")])
        return answer


def without_polls(seen: list[Any]) -> list[Any]:
    """Return answers without ids, servers' own headers, and all but the last of those to one job's polls."""
    kept: list[Any] = []
    for kind, method, path, status, headers, body in seen:
        own = sorted((name.lower(), value) for name, value in headers if name.lower() not in BY_SERVERS)
        same = IDS.sub("*", json.dumps([kind, method, path, status, own, body]))
        if (
            "/api/jobs/" in path
            and kept
            and json.loads(kept[-1])[2] == json.loads(same)[2]
            and "/jobs/none" not in path
        ):
            kept.pop()
        kept.append(same)
    return kept


def test_the_program_shows_a_mutation_and_its_effect() -> None:
    words = [sys.executable, str(FILE.with_name("oracle.py")), "show", "1017", "--no-replay"]
    environ = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed 1017: ")
