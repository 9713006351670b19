from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profcov.errors import SettingsError
from profcov.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable


def read(**environ: str) -> Settings:
    return Settings.from_environ(environ)


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_empty_environment_gives_the_defaults_and_is_off(empty_directory: Path) -> None:
    assert read() == Settings(
        enabled=False,
        data_dir=empty_directory / ".profcov",
        config_file=None,
        context_prefix="profile",
        engine="auto",
        flush_seconds=5.0,
        max_profiles=256,
        max_labels=1000,
    )


def test_every_variable_is_read(empty_directory: Path) -> None:
    config = empty_directory / "measured.ini"
    config.touch()
    assert read(
        ENABLE_PROFILE_COVERAGE="1",
        PROFILE_COVERAGE_DIR="/var/lib/profcov",
        PROFILE_COVERAGE_CONFIG="measured.ini",
        PROFILE_COVERAGE_CONTEXT_PREFIX="scenario",
        PROFILE_COVERAGE_ENGINE="ctrace",
        PROFILE_COVERAGE_FLUSH_SECONDS="0.25",
        PROFILE_COVERAGE_MAX_PROFILES="7",
    ) == Settings(
        enabled=True,
        data_dir=Path("/var/lib/profcov"),
        config_file=config,
        context_prefix="scenario",
        engine="ctrace",
        flush_seconds=0.25,
        max_profiles=7,
    )


@pytest.mark.parametrize("word", ["1", "true", "yes", "on", "TRUE", "Yes", " on "])
def test_these_words_switch_it_on(word: str) -> None:
    assert read(ENABLE_PROFILE_COVERAGE=word).enabled


@pytest.mark.parametrize("word", ["", "0", "false", "no", "off", "OFF", " No "])
def test_these_words_leave_it_off(word: str) -> None:
    assert not read(ENABLE_PROFILE_COVERAGE=word).enabled


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("ENABLE_PROFILE_COVERAGE", "maybe", "one of 1, true, yes, on, 0, false, no, off"),
        ("ENABLE_PROFILE_COVERAGE", "2", "one of 1"),
        ("PROFILE_COVERAGE_CONFIG", "nowhere.ini", "a file that exists"),
        ("PROFILE_COVERAGE_CONFIG", ".", "a file that exists"),
        ("PROFILE_COVERAGE_ENGINE", "pytrace", "one of auto, monitoring, ctrace"),
        ("PROFILE_COVERAGE_FLUSH_SECONDS", "soon", "a number above 0"),
        ("PROFILE_COVERAGE_FLUSH_SECONDS", "0", "a number above 0"),
        ("PROFILE_COVERAGE_FLUSH_SECONDS", "-1", "a number above 0"),
        ("PROFILE_COVERAGE_FLUSH_SECONDS", "nan", "a number above 0"),
        ("PROFILE_COVERAGE_FLUSH_SECONDS", "inf", "a number above 0"),
        ("PROFILE_COVERAGE_FLUSH_SECONDS", "1e12", "a number above 0"),
        ("PROFILE_COVERAGE_MAX_PROFILES", "many", "a whole number above 0"),
        ("PROFILE_COVERAGE_MIN_FREE_BYTES", "-1", "a whole number of bytes; 0 for no limit"),
        ("PROFILE_COVERAGE_MIN_FREE_BYTES", "1GB", "a whole number of bytes; 0 for no limit"),
        ("PROFILE_COVERAGE_MAX_LABELS", "0", "a whole number above 0"),
        ("PROFILE_COVERAGE_MAX_PROFILES", "0", "a whole number above 0"),
        ("PROFILE_COVERAGE_MAX_PROFILES", "0.5", "a whole number above 0"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_name_and_what_is_expected(
    name: str, value: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})
    assert str(caught.value).startswith(f"{name}={value!r}: expected ")
    assert hint in str(caught.value)
    assert (caught.value.name, caught.value.value) == (name, value)


@pytest.mark.parametrize("name", ["DIR", "CONFIG", "CONTEXT_PREFIX", "ENGINE", "FLUSH_SECONDS", "MAX_PROFILES"])
def test_an_empty_value_is_as_good_as_none(name: str) -> None:
    assert read(**{f"PROFILE_COVERAGE_{name}": ""}) == read()


def test_the_usual_configuration_is_found_in_the_current_directory(empty_directory: Path) -> None:
    (empty_directory / "coverage.profile-playback.ini").touch()
    assert read().config_file == empty_directory / "coverage.profile-playback.ini"


def test_paths_stay_where_they_were_when_the_process_changes_its_directory(
    empty_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_hand = Settings(enabled=True, data_dir=Path("data"), config_file=Path("measured.ini"))
    from_environ = read(PROFILE_COVERAGE_DIR="data")
    monkeypatch.chdir("/")
    assert by_hand.data_dir == from_environ.data_dir == empty_directory / "data"
    assert by_hand.config_file == empty_directory / "measured.ini"


def test_a_child_process_gets_the_same_settings_through_its_environment(empty_directory: Path) -> None:
    (empty_directory / "measured.ini").touch()
    settings = Settings(
        enabled=True,
        data_dir=empty_directory / "data",
        config_file=empty_directory / "measured.ini",
        context_prefix="scenario",
        engine="ctrace",
        flush_seconds=0.125,
        max_profiles=3,
        max_labels=4,
    )
    assert read(**settings.environment()) == settings


def test_each_setting_is_written_for_a_child_and_read_back() -> None:
    settings = Settings(
        context="request",
        carriers=("cookie",),
        allow=("a*", "b"),
        propagate=("*.example",),
        default_slug="demo",
        secret="s" * 16,
        token_seconds=5,
        umask=0o007,
        min_free_bytes=0,
        follow_queues=True,
    )
    assert read(**settings.environment()) == settings
    assert read(**Settings(carriers=()).environment()) == Settings(carriers=())
    assert "s" * 16 not in repr(settings)
    assert len(settings.environment()) == len(fields(Settings)) - 1  # no configuration: it is looked for


@given(environ=st.dictionaries(
    st.sampled_from(["ENABLE_PROFILE_COVERAGE", *(f"PROFILE_COVERAGE_{name}" for name in (
        "DIR", "CONFIG", "CONTEXT_PREFIX", "ENGINE", "FLUSH_SECONDS", "MAX_PROFILES"))]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
))  # fmt: skip
def test_whatever_is_in_the_environment_gives_settings_or_one_clear_error(environ: dict[str, str]) -> None:
    try:
        settings = Settings.from_environ(environ)
    except SettingsError as error:
        refused = {error.name: error.value}
        assert refused.items() <= environ.items()
        return
    assert settings.data_dir.is_absolute()
    assert settings.max_profiles >= 1
    assert settings.flush_seconds > 0


BAD = {
    "a wrong word": {"ENABLE_PROFILE_COVERAGE": "perhaps"},
    "a missing file": {"ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_CONFIG": "/nowhere/at-all.ini"},
    "a wrong number": {"ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_MAX_PROFILES": "none"},
}


@pytest.mark.parametrize("environ", BAD.values(), ids=BAD)
def test_a_bad_environment_leaves_profcov_off_and_is_logged_once(
    run_python: Callable[..., Any], environ: dict[str, str]
) -> None:
    said = run_python(
        """
        import json, logging
        said = []
        handler = logging.Handler()
        handler.emit = lambda record: said.append([record.levelname, record.getMessage()])
        logging.getLogger("profcov").addHandler(handler)
        from profcov.recording.processes import recorder_for
        for _ in range(3):
            assert recorder_for().begin("demo").status == "disabled"
        print(json.dumps(said))
        """,
        **environ,
    )
    assert len(said) == 1
    level, text = said[0]
    assert level == "WARNING"
    assert next(name for name in reversed(environ)) in text
    assert "stays off" in text


def test_a_current_directory_that_is_gone_does_no_harm(run_python: Callable[..., Any]) -> None:
    status = run_python(
        """
        import json, os, tempfile
        gone = tempfile.mkdtemp()
        os.chdir(gone)
        os.rmdir(gone)
        from profcov.recording.processes import recorder_for
        print(json.dumps(recorder_for().begin("demo").status))
        """,
        PROFILE_COVERAGE_DIR="",
        PROFILE_COVERAGE_CONFIG="",
        ENABLE_PROFILE_COVERAGE="0",
    )
    assert status == "disabled"


def test_a_process_that_changes_its_directory_records_where_it_did_before(run_python: Callable[..., Any]) -> None:
    assert run_python(
        """
        import os, profcov
        from measured import *
        from play import *
        from profcov.web.status_facts import gather
        first = os.getcwd()
        with profcov.trace("demo"):
            red()
        os.mkdir("other")
        os.chdir("other")
        with profcov.trace("demo"):
            blue()
        child = os.fork()
        if child == 0:  # as a daemon does
            os.chdir("/")
            with profcov.trace("demo"):
                green()
            os._exit(0)
        os.waitpid(child, 0)
        seen_at = gather(None)["settings"]["data_dir"]
        os.chdir(first)
        tell([shards("demo"), seen_at == os.path.join(first, ".profcov"), os.listdir("other")])
        """,
        PROFILE_COVERAGE_DIR=".profcov",
    ) == [["blue", "green", "red"], True, []]


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"PROFILE_COVERAGE_CONTEXT_PREFIX": "mine"})
    assert Settings.from_environ().context_prefix == "mine"
