"""FastAPI on SQLAlchemy's asyncio extension, which switches greenlets in the middle of coroutines: two profiles at once."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

APPS = Path(__file__).parent / "apps"
sys.path.insert(0, str(APPS))
from profiles import PROFILES  # noqa: E402
from servers import ASGI, serve  # noqa: E402 (beside, in support/)

from profcov.slug import Slug  # noqa: E402
from profcov.store.combine import combine  # noqa: E402
from profcov.store.directory import DataDirectory  # noqa: E402
from profcov.store.read import read_lines  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 6


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return each profile's lines when its requests run alone under coverage.py."""
    with ThreadPoolExecutor() as pool:
        directories = [tmp_path_factory.mktemp(slug) for slug in PROFILES]
        return dict(zip(PROFILES, pool.map(run_alone, PROFILES, directories), strict=True))


def run_alone(slug: str, directory: Path) -> Any:
    config = directory / "alone.ini"
    config.write_text(f"[run]\ninclude = {APPS / 'lamps.py'}\nconcurrency = greenlet, thread\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(APPS / "lamps_alone.py"), slug, str(config)],
        env={"LAMPS_DATABASE": f"sqlite+aiosqlite:///{directory / 'lamps.db'}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def play(port: int, slug: str, answers: dict[str | None, set[Any]], *, traced: bool) -> None:
    """Send a profile's requests a few times, and keep what the application answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(ROUNDS):
        for method, path in PROFILES[slug]:
            connection.request(method, path, headers={"X-Profile-Trace": slug} if traced else {})
            answer = connection.getresponse()
            said = answer.getheader("X-Profile-Trace-Status")
            answers[slug if traced else None].add((path, answer.status, answer.read(), said))
    connection.close()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_each_of_two_profiles_at_once_has_its_own_lines_and_all_of_them(
    environ_for: Callable[..., dict[str, str]], alone: dict[str, Any], engine: str, loop: str, tmp_path: Path
) -> None:
    environ = environ_for(
        tmp_path, APPS, PROFILE_COVERAGE_ENGINE=engine, LAMPS_DATABASE=f"sqlite+aiosqlite:///{tmp_path / 'lamps.db'}"
    )
    (tmp_path / "served.py").write_text(
        "from lamps import app\nfrom profcov.web.asgi import ProfileTraceMiddleware\napp = ProfileTraceMiddleware(app)\n"
    )
    environ["PYTHONPATH"] += f"{os.pathsep}{tmp_path}"
    answers: dict[str | None, set[Any]] = {None: set(), **{slug: set() for slug in PROFILES}}
    with serve((*ASGI["uvicorn"], f"--loop={loop}"), "served:app", environ, tmp_path) as served:
        players = [
            threading.Thread(target=play, args=(served.port, slug, answers), kwargs={"traced": traced})
            for slug in PROFILES
            for traced in (True, True, False)
        ]
        for player in players:
            player.start()
        for player in players:
            player.join()
        made = {slug: combine(DataDirectory(tmp_path / "data"), Slug(slug)) for slug in PROFILES}
        log = served.log.read_text()
    assert "Traceback" not in log, log
    for slug, artifact in made.items():
        assert artifact.reasons == ()
        together = lines_of(artifact.path)
        assert set(together["lamps.py"]) ^ set(alone[slug]["lamps.py"]) == set(), slug
        assert together == alone[slug]
        assert {each[3] for each in answers[slug]} == {"traced"}
        assert {each[:3] for each in answers[slug]} <= {each[:3] for each in answers[None]}
        assert len(answers[slug]) == len(PROFILES[slug])


def lines_of(artifact: Path) -> dict[str, list[int]]:
    return {Path(file).name: sorted(lines) for file, lines in read_lines(artifact).items() if lines}
