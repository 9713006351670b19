"""``profcov nightly`` against a real server: two nights, with a change of the code between."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import servers
from coverage import CoverageData

from profcov.reading.report.dashboard.page import read_data

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import flask
from profcov.web.flask import ProfileTrace

app = flask.Flask("shop")

@app.get("/cart")
def show_cart():
    return "cart"

@app.get("/pay")
def pay():
    return charge()

def charge():
    return "paid"

{more}
ProfileTrace(app)
"""
NEW = """
def check_card():
    return "fine"
"""
PROFILES = {
    "buy": "- {name: cart, request: {path: /cart}}\n  - {name: pay, request: {path: /pay}, expect: {text: paid}}",
    "look": "- {name: cart, request: {path: /cart}}",
}


def environ(directory: Path) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_"))}
    config = directory / "measured.ini"
    config.write_text(f"[run]\ninclude = {directory}/shop.py\n")
    return {
        **given,
        "ENABLE_PROFILE_COVERAGE": "1",
        "PROFILE_COVERAGE_DIR": str(directory / "data"),
        "PROFILE_COVERAGE_CONFIG": str(config),
        "PYTHONPATH": os.pathsep.join([str(directory), given.get("PYTHONPATH", "")]),
    }


def play_night(directory: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Start the server, run a night, and stop the server."""
    given = {**environ(directory), **more}
    with servers.serve(servers.WSGI["gunicorn gthread"], "shop:app", given, directory) as served:
        whole = [sys.executable, "-m", "profcov", "nightly", "--profiles", "profiles", "--out", "nights", *words]
        return subprocess.run(
            [*whole, "--base-url", f"http://127.0.0.1:{served.port}"],
            cwd=directory,
            env=given,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )


def nights(directory: Path) -> list[Path]:
    return sorted(each for each in (directory / "nights").iterdir() if not each.name.startswith("."))


def write_profiles(directory: Path) -> None:
    (directory / "profiles").mkdir()
    for slug, steps in PROFILES.items():
        (directory / "profiles" / f"{slug}.yaml").write_text(f"slug: {slug}\nsteps:\n  {steps}\n")


def test_the_second_night_names_what_was_gained_and_lost_and_by_whom(tmp_path: Path) -> None:
    write_profiles(tmp_path)
    (tmp_path / "shop.py").write_text(APP.format(more=""))
    first = play_night(tmp_path)
    assert (first.returncode, first.stdout.count("complete")) == (0, 2), first.stderr
    (night,) = nights(tmp_path)
    assert "There is no night before" in (night / "summary.md").read_text()
    names = {path.relative_to(night).as_posix() for path in night.rglob("*") if path.is_file()}
    assert names >= {
        *(f"{slug}.{end}" for slug in PROFILES for end in ("coverage", "profile.json")),
        *(f"reports/{slug}-coverage.json" for slug in PROFILES),
        *(f"html/{slug}/index.html" for slug in PROFILES),
        *("matrix/profile-symbols.json", "matrix/gaps.md", "coverage-symbols.json", "playback.json", "junit.xml"),
        "index.html",
    }
    page = read_data((night / "index.html").read_text())
    assert (page["title"], page["changes"], page["truncated"]) == (f"profcov: {night.name}", None, [])
    buy = page["profiles"][0]
    assert (buy["slug"], buy["requests"], buy["html"]) == ("buy", 2, "html/buy/index.html")
    assert buy["json"] == "reports/buy-coverage.json"
    assert buy["seconds"] > 0
    replayed = "profcov playback profiles --select buy --trace-code --base-url http://127.0.0.1:"
    assert re.fullmatch(
        rf"{replayed}\d+ --data-dir {tmp_path / 'data'} --config {tmp_path / 'measured.ini'}", buy["replay"]
    )
    data = CoverageData(str(night / "buy.coverage"))
    data.read()
    assert data.measured_files() == {str(tmp_path / "shop.py")}

    changed = APP.replace("return charge()", 'return check_card() and "paid"')
    (tmp_path / "shop.py").write_text(changed.format(more=NEW))
    step_summary = tmp_path / "github.md"
    second = play_night(
        tmp_path, "--no-html", "--fail-on-loss", "--format", "json", GITHUB_STEP_SUMMARY=str(step_summary)
    )
    assert second.returncode == 1, second.stderr
    later = nights(tmp_path)[1]
    printed = json.loads(second.stdout)
    assert (tmp_path / printed.pop("night"), printed) == (later, json.loads((later / "playback.json").read_text()))
    changes = json.loads((later / "changes.json").read_text())["profiles"]
    assert (changes["buy"]["gained"], changes["buy"]["lost"]) == (["shop:check_card"], ["shop:charge"])
    assert (changes["look"]["gained"], changes["look"]["lost"]) == ([], [])
    text = (later / "summary.md").read_text()
    assert "### `buy`" in text
    assert "- `shop:charge`" in text
    assert "- `shop:check_card`" in text
    assert f"Compared with `{night.name}`." in text
    assert step_summary.read_text() == text
    assert not (later / "html").exists()
    page = read_data((later / "index.html").read_text())
    assert page["changes"]["since"] == night.name
    assert page["changes"]["gained"] == [["shop:check_card", ["buy"]]]
    assert page["changes"]["lost"] == [["shop:charge", ["buy"]]]
    assert [each["html"] for each in page["profiles"]] == [None, None]


def test_a_profile_that_fails_is_reported_as_partial_and_the_oldest_night_goes(tmp_path: Path) -> None:
    """The night before is of another version, so that nothing can be compared with it: that spoils no night."""
    write_profiles(tmp_path)
    (tmp_path / "shop.py").write_text(APP.format(more=""))
    assert play_night(tmp_path, "--no-html").returncode == 0
    (first,) = nights(tmp_path)
    (first / "matrix" / "profile-symbols.json").write_text('{"schema_version": 0}')
    (tmp_path / "shop.py").write_text(APP.replace('"paid"', '"unpaid"[:2]').format(more=""))
    done = play_night(tmp_path, "--keep", "1", "--retries", "0", "--max-bytes", "1kB")
    assert done.returncode == 1
    assert "buy: step 'pay'" in done.stderr
    assert f"{first.name}: removed, 1 nights are kept" in done.stderr
    assert "although all optional files are left out" in done.stderr
    (night,) = nights(tmp_path)
    text = (night / "summary.md").read_text()
    assert "- `buy`: partial, `playback-failed`" in text
    assert "- `html/buy`: " in text
    assert "profcov: warning: there is nothing to compare this night with: " in done.stderr
    assert "There is no night before to compare this one with." in text
    assert not list((night / "html").iterdir())
    assert (night / "matrix" / "profile-symbols.json").exists()
    page = read_data((night / "index.html").read_text())
    assert "html/buy is left out: the night would have been too big with it." in page["truncated"]
    assert {each[link] for each in page["profiles"] for link in ("html", "json")} == {None}


def test_where_no_server_answers_there_is_no_night(tmp_path: Path) -> None:
    write_profiles(tmp_path)
    words = [sys.executable, "-m", "profcov", "nightly", "--profiles", "profiles", "--out", "nights", "--retries", "0"]
    (tmp_path / "shop.py").write_text(APP.format(more=""))
    given = environ(tmp_path)
    whole = [*words, "--base-url", "http://127.0.0.1:1"]
    done = subprocess.run(whole, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert "nothing answers there" in done.stderr
    assert "nothing was recorded" in done.stderr
    assert nights(tmp_path) == []
