"""Every command where something is in its way: one sentence and the right exit code, no traceback, and no half of a file."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from profcov.cli.main import COMMANDS, DATA, INTERRUPTED, TARGET, UNREAD, USAGE
from profcov.slug import Slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.files import file_digest
from profcov.store.layout import list_shards
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from warm import Commands

    Ended = tuple[list[str], int, str, str]
    Walk = Callable[..., list[Ended]]

PROFILE = "slug: shop\nbase_url: {url}\nsteps:\n- name: look\n  request: {{path: /}}\n"
READ_ONLY = """
clean shelf --dry-run {data}
compare matrix matrix
completion bash
coverage report shop {data}
doctor {data}
matrix shop {data}
minimise shop {data}
profiles check shop.yaml
profiles list shop.yaml
profiles show shop.yaml
sign shop
status {data}
symbols
wait shop {data}
"""
WRITE = """
combine shelf --keep {data}
combine shelf --keep {data} --out {out}
coverage html shop {data} --out {out}/html
coverage json shop {data} --out {out}/c.json
coverage lcov shop {data} --out {out}/c.lcov
coverage report shop {data} --out {out}/c.txt
coverage xml shop {data} --out {out}/c.xml
dashboard shop {data} --out {out}
matrix shop {data} --out {out}
nightly --profiles shop.yaml {data} --out {out} --retries 0
overhead shop.yaml {data} --out {out}/o.json
pause {data}
playback shop.yaml {data} --junit {out}/j.xml
playback shop.yaml {data} --trace-code --out {out} --json {out}/j.json
profiles convert shop.yaml --out {out} --force
report shop {data} --out {out}
resume {data}
run {data} --source . -- true
symbols --out {out}/s.json
"""
DESTROY = """
clean shop {data}
clean --older-than 0s {data}
"""
DEMO = "demo --out {out}"
ELSEWHERE = {"rq"}
"""RQ's own commands print and write what they like."""


def split(lines: str, data: str = ".profcov", out: str = "out") -> list[list[str]]:
    return [line.format(data=f"--data-dir {data}", out=out).split() for line in lines.split("\n") if line]


served: Commands


@pytest.fixture(scope="module", autouse=True)
def serve(commands: Commands) -> None:
    global served  # noqa: PLW0603 (each test walks)
    served = commands


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a source, an artifact of `shop`, shards of `shelf`, a matrix, and a server that does not answer."""
    return make_project(tmp_path / "project", monkeypatch)


def make_project(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    here.mkdir()
    monkeypatch.chdir(here)
    for name in [each for each in os.environ if each.startswith(("PROFILE_", "ENABLE_PROFILE", "REDIS_URL"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PROFILE_COVERAGE_SECRET", "x" * 32)
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    Path("coverage.profile-playback.ini").write_text("[run]\nsource = .\nrelative_files = true\n")
    Path("app.py").write_text("def f():\n    return 1\n")
    Path("shop.yaml").write_text(PROFILE.format(url="http://127.0.0.1:1"))
    facts = {"sources": {"app.py": file_digest("app.py")}, "imported": ["app.py"]}
    for slug in ("shop", "shelf"):
        write_shard(DataDirectory(here / ".profcov"), Slug(slug), f"profile:{slug}", {"app.py": {2}}, facts=facts)
    combine(DataDirectory(here / ".profcov"), Slug("shop"), config_file=Path("coverage.profile-playback.ini"))
    assert [ended[1] for ended in walk(here, [["matrix", "shop", "--out", "matrix"]])] == [0]
    return here


def walk(here: Path, commands: Sequence[Sequence[str]], **how: Any) -> list[Ended]:
    """Run commands one after the other, and see that none of them ends in a traceback, nor says more than a sentence."""
    ended = [(words, served.run(words, here, os.environ, **how)) for words in commands]
    answers = [([*words], done.returncode, done.stdout, done.stderr) for words, done in ended]
    for words, code, _, stderr in answers:
        assert not any(bad in stderr for bad in ("Traceback", "Exception ignored", "Error:\n")), (words, stderr)
        if code in {DATA, TARGET}:
            assert any(line.startswith("profcov: ") for line in stderr.splitlines()), (words, stderr)
    return answers


def list_codes(ended: list[Ended]) -> dict[str, int]:
    return {" ".join(words): code for words, code, _, _ in ended}


def snapshot(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@contextlib.contextmanager
def fill(disk: Path) -> Iterator[None]:
    """Leave no room on a disk."""
    with (disk / "fill").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    (disk / "fill").unlink()


def test_below_a_directory_whose_name_is_not_utf_8_all_works_that_coverage_py_lets_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = []
    for name in ("plain", "caf\udce9"):
        here = make_project(tmp_path / name, monkeypatch)
        lines = f"profiles check {here}/shop.yaml\nprofiles show {here}/shop.yaml\n{READ_ONLY}{WRITE}{DESTROY}"
        commands = split(lines, f"{here}/.profcov", f"{here}/out")
        codes.append([code for _, code, _, _ in walk(here, commands)])
    others = {" ".join(words[:2]): pair for words, *pair in zip(commands, *codes, strict=True) if len(set(pair)) == 2}
    assert others == {"coverage html": [0, DATA], "run --data-dir": [0, USAGE]}


def test_the_walk_has_every_command() -> None:
    assert {words[0] for words in split(READ_ONLY + WRITE + DESTROY + DEMO)} == COMMANDS.keys() - ELSEWHERE


def test_a_pipe_without_a_reader_ends_a_command_without_a_word(project: Path) -> None:
    for words, code, _, stderr in walk(project, split(READ_ONLY + DESTROY), stdout="gone"):
        assert (code, stderr) == (0 if words[0] == "wait" else UNREAD, ""), words


def test_a_full_disk_behind_standard_output_is_one_sentence(project: Path) -> None:
    for words, code, _, stderr in walk(project, split(READ_ONLY), stdout="full"):
        full = (DATA, "profcov: standard output: No space left on device\n")
        assert (code, stderr) == ((0, "") if words[0] == "wait" else full), words


def test_ctrl_c_ends_a_command_with_130(project: Path) -> None:
    commands = split(READ_ONLY + WRITE + DESTROY)
    assert set(list_codes(walk(project, commands, interrupt=200)).values()) == {INTERRUPTED}


@pytest.mark.parametrize(("data", "out"), [("file", "out"), (".profcov", "file/x"), (".profcov", "/proc/x")])
def test_a_file_in_the_place_of_a_directory_is_one_sentence(project: Path, data: str, out: str) -> None:
    (project / "file").write_text("mine")
    lines = WRITE + DESTROY + DEMO if data == ".profcov" else READ_ONLY + WRITE + DESTROY
    wanted = "{data}" if data == "file" else "{out}"
    for words, code, _, stderr in walk(project, split(lines, data, out)):
        if any(wanted in line for line in lines.split("\n") if split(line, data, out) == [words]):
            assert code == 1 if words[0] == "doctor" else code in {USAGE, DATA, TARGET}, (words, stderr)
    assert (project / "file").read_text() == "mine"


@pytest.mark.parametrize("tiny", [2048], indirect=True)
def test_a_full_disk_is_one_sentence_and_no_writer_leaves_half_of_a_file_or_takes_one_away(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make_project(tiny / "project", monkeypatch)
    (here / "out" / "html").mkdir(parents=True)
    for name in ("c.json", "c.xml", "c.txt", "c.lcov", "s.json", "o.json", "gaps.md", "shop.yaml"):
        (here / "out" / name).write_text("mine")
    before = snapshot(here)
    with fill(tiny):
        codes = list_codes(walk(here, split(WRITE)))
        after = {name: text for name, text in snapshot(here).items() if text or name in before}
    assert after == before
    assert {words for words, code in codes.items() if code != DATA} == {"resume --data-dir .profcov"}


@pytest.mark.parametrize("tiny", [2048], indirect=True)
def test_a_directory_that_cannot_be_written_is_one_sentence(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make_project(tiny / "project", monkeypatch)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny)], check=True)
    codes = list_codes(walk(here, split(READ_ONLY + WRITE + DESTROY)))
    assert {words.split()[0] for words, code in codes.items() if code not in {DATA, 1}} == {
        "clean", "compare", "completion", "coverage", "minimise", "profiles", "sign", "status", "symbols"
    }  # fmt: skip


CONFIGURED = """
combine shelf --keep {data}
coverage report shop {data}
dashboard shop {data} --out {out}
matrix shop {data}
nightly --profiles shop.yaml {data} --out {out}
playback shop.yaml {data} --trace-code
report shop {data} --out {out}
run {data} -- true
symbols
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plugins = not_there\n", "coverage.py's plugin not_there cannot be imported (No module named 'not_there')"),
        ("plugins = json\n", "json is not a coverage.py plugin"),
        ("branch = perhaps\n", "coverage.py cannot read it: "),
        ("omit = caf\xe9\n", "coverage.py cannot read it: "),
        ("\n[run]\n", "coverage.py cannot read it: "),
    ],
)
def test_a_configuration_that_cannot_be_used_is_one_sentence_before_anything_is_done(
    project: Path, text: str, said: str
) -> None:
    file = project / "coverage.profile-playback.ini"
    file.write_bytes(f"[run]\nsource = .\n{text}".encode("latin-1"))
    for words, code, stdout, stderr in walk(project, split(CONFIGURED)):
        assert (code, stdout, stderr.count("\n")) == (USAGE, "", 1), (words, stderr)
        assert stderr.startswith(f"profcov: {file}: {said}"), (words, stderr)
    assert not (project / "out").exists()


def test_a_plugin_of_the_configuration_that_coverage_py_finds_is_reported_in_playing_and_in_reading(
    project: Path,
) -> None:
    (project / "coverage.profile-playback.ini").rename(project / ".coveragerc")
    text = (project / ".coveragerc").read_text()
    (project / ".coveragerc").write_text(f"{text}plugins = not_there\n")
    said = "the configuration that coverage.py finds: coverage.py's plugin not_there cannot be imported"
    ended = walk(
        project, split("playback shop.yaml {data} --trace-code\nnightly --profiles shop.yaml {data}\ndoctor {data}\n")
    )
    assert [stderr.count(f"warning: {said}") for _, _, _, stderr in ended] == [1, 1, 0]
    assert "the plugin not_there, which is not installed" in ended[2][2]
    rq = Path(sys.executable).with_name("rq")
    for words, code, _, stderr in walk(project, split(f"combine shelf {{data}}\nrun {{data}} -- {rq} --version\n")):
        assert (code, said in stderr) == ((DATA, True) if words[0] == "combine" else (0, False)), (words, stderr)
    assert list_shards(project / ".profcov", Slug("shelf"))


def test_a_profile_that_was_measured_with_a_plugin_that_is_not_here_keeps_no_other_from_being_combined(
    project: Path,
) -> None:
    (project / "coverage.profile-playback.ini").unlink()
    for slug, settings in (("first", {"plugins": ["not_there"], "source": ["."]}), ("second", {"source": ["."]})):
        write_shard(
            DataDirectory(project / ".profcov"), Slug(slug), "profile", {"app.py": {2}}, facts={"settings": settings}
        )
    [(_, code, stdout, stderr)] = walk(project, split("combine first second {data}\n"))
    assert (code, stdout.startswith("second\t")) == (DATA, True), (stdout, stderr)
    assert "profcov: cannot combine first: " in stderr
    assert "coverage.py's plugin not_there cannot be imported" in stderr
    assert list_shards(project / ".profcov", Slug("first"))


def test_an_option_that_coverage_py_does_not_know_is_a_warning_printed_once(project: Path) -> None:
    (project / "coverage.profile-playback.ini").write_text("[run]\nsource = .\nrelative_files = true\nsorce = .\n")
    for words, _, _, stderr in walk(project, split(CONFIGURED)):
        assert stderr.count("Unrecognized option") == 1, (words, stderr)
        assert "profcov: warning: Unrecognized option '[run] sorce='" in stderr


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[str]:
    """A server that records for each request what a shard has; its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            write_shard(DataDirectory(tmp_path / "data"), Slug("shop"), "profile:shop", {"app.py": {2}})
            self.send_response(200)
            self.send_header("X-Profile-Trace-Status", "traced")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("tiny", [64], indirect=True)
def test_what_was_played_stays_when_the_disk_for_what_is_made_of_it_is_full(
    project: Path, tiny: Path, recorder: str, tmp_path: Path
) -> None:
    (project / "shop.yaml").write_text(PROFILE.format(url=recorder))
    data = ["--data-dir", str(tmp_path / "data")]
    with fill(tiny):
        played = walk(
            project, [["playback", "shop.yaml", "--trace-code", *data, "--out", f"{tiny}", "--junit", f"{tiny}/j.xml"]]
        )
        assert [code for _, code, _, _ in played] == [DATA]
        assert list_shards(tmp_path / "data", Slug("shop"))
        assert [path.name for path in tiny.rglob("*") if path.is_file()] == ["fill"]
    assert [ended[1] for ended in walk(project, [["combine", "shop", *data, "--allow-partial"]])] == [0]
    with fill(tiny):
        os.truncate(tiny / "fill", (tiny / "fill").stat().st_size - 20 * 1024)
        night = walk(project, [["nightly", "--profiles", "shop.yaml", *data, "--out", f"{tiny}/nights"]])
        assert [code for _, code, _, _ in night] == [DATA]
        assert not list(tiny.rglob("summary.md"))
