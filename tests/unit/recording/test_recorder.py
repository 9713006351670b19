from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

BEGIN = "from measured import *\nfrom play import *\n"


def test_each_slug_gets_its_own_lines_and_no_others(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        green()
        play("one", red, green)
        green()
        play("two", blue)
        tell([shards("one"), shards("two")])
        """,
        engine=engine,
    ) == [["green", "red"], ["blue"]]


def test_work_inside_other_work_is_the_inner_ones_and_then_the_outer_ones_again(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        outer = recorder.begin("outer")
        with outer.step():
            red()
            play("inner", blue)
            green()
        outer.end()
        tell([shards("outer"), shards("inner")])
        """,
        engine=engine,
    ) == [["green", "red"], ["blue"]]


def test_flushing_puts_on_disk_what_is_new_and_only_that(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        counts = []
        unit = recorder.begin("demo")
        for functions in ([red], [], [red], [red, blue], []):
            run(unit, *functions)
            unit.flush()
            counts.append([len(list(DATA.glob("state/shards/demo.coverage.*"))), *shards("demo")])
        unit.end()
        counts.append(len(list(DATA.glob("state/shards/demo.coverage.*"))))
        tell(counts)
        """,
        engine=engine,
    ) == [[1, "red"], [1, "red"], [1, "red"], [2, "blue", "red"], [2, "blue", "red"], 2]


COMBINE = """
import subprocess, sys
def combine(slug="demo", timeout=30):
    words = [sys.executable, "-m", "profcov", "combine", slug, "--timeout", str(timeout)]
    done = subprocess.run(words, capture_output=True, text=True)
    return [done.returncode, done.stderr]
"""


def test_after_somebody_else_has_combined_the_next_play_is_complete_again(run_python: Run, engine: str) -> None:
    assert (
        run_python(
            BEGIN
            + COMBINE
            + """
told = []
for _ in range(3):
    play("demo", red, blue)
    told += [combine(), sorted(seen.in_file(DATA / "demo.coverage")), shards("demo")]
tell(told)
""",
            engine=engine,
        )
        == [[0, ""], ["blue", "red"], []] * 3
    )


def test_after_the_data_directory_was_removed_the_next_play_is_complete_again(run_python: Run, engine: str) -> None:
    assert (
        run_python(
            """
        import shutil
        from measured import *
        from play import *
        told = []
        for _ in range(3):
            play("demo", red, blue)
            told.append(shards("demo"))
            shutil.rmtree(DATA)
        tell(told)
        """,
            engine=engine,
        )
        == [["blue", "red"]] * 3
    )


def test_whoever_combines_waits_until_the_last_unit_has_ended(run_python: Run, engine: str) -> None:
    pid, code, problem, last = run_python(
        BEGIN
        + COMBINE
        + """
units = [recorder.begin("demo") for _ in range(2)]
run(units[0], red)
units[0].end()
units[0].end()
busy = combine(timeout=0)
run(units[1], blue)
units[1].end()
assert combine(timeout=0) == [0, ""]
tell([os.getpid(), *busy, sorted(seen.in_file(DATA / "demo.coverage"))])
""",
        engine=engine,
    )
    assert code == 3
    assert problem == (
        f"profcov: demo still has work in flight after 0 s, in process {pid}: wait for it to end, or raise --timeout\n"
    )
    assert last == ["blue", "red"]


def test_no_unit_begins_while_somebody_combines_and_another_slug_does(run_python: Run) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        from profcov.store.lock import exclusive
        from profcov.store.directory import DataDirectory
        with exclusive(DataDirectory(DATA), "demo", 0):
            statuses = [recorder.begin("demo", wait=0).status, play("other", red)]
        statuses.append(play("demo", blue))
        tell([statuses, shards("demo"), shards("other")])
        """
    ) == [["rejected; the profile is being combined", "traced", "traced"], ["blue"], ["red"]]


def test_a_unit_that_comes_while_somebody_combines_waits_a_little(run_python: Run) -> None:
    assert run_python(
        """
        import threading
        from measured import *
        from play import *
        from profcov.store.lock import exclusive
        from profcov.store.directory import DataDirectory
        statuses = []
        thread = threading.Thread(target=lambda: statuses.append(play("demo", red)))
        with exclusive(DataDirectory(DATA), "demo", 0):
            thread.start()
            thread.join(0.05)
            statuses.append(thread.is_alive())
        thread.join()
        tell([statuses, shards("demo")])
        """
    ) == [[True, "traced"], ["red"]]


def test_what_cannot_be_written_is_kept_for_the_next_try_and_logged_once(run_python: Run, engine: str) -> None:
    written, told = run_python(
        """
        import shutil
        from measured import *
        from play import *
        unit = recorder.begin("demo")
        run(unit, red)
        shutil.rmtree(DATA)
        DATA.touch()  # root may write anywhere, but not below a file
        for _ in range(3):
            unit.flush()
        run(unit, blue)
        unit.flush()
        assert DATA.is_file()
        DATA.unlink()
        unit.flush()
        written = shards("demo")
        run(unit, green)
        unit.end()
        tell([[written, shards("demo")], said])
        """,
        engine=engine,
    )
    assert written == [["blue", "red"], ["blue", "green", "red"]]
    assert len(told) == 1
    assert "cannot write " in told[0]


def test_where_nothing_can_be_written_work_goes_on_unmeasured_and_that_is_logged_once(run_python: Run) -> None:
    statuses, told = run_python(
        """
        from measured import *
        from play import *
        DATA.touch()
        tell([[play("demo", red) for _ in range(3)], said])
        """,
    )
    assert statuses == ["unsupported; an error, see the server's log"] * 3
    assert len(told) == 1


def test_where_there_is_a_secret_no_answer_without_a_signature_reports_what_is_wrong_here(run_python: Run) -> None:
    told, log = run_python(
        """
        import sys
        from dataclasses import replace
        from measured import *
        from play import *
        from profcov.wire.carrier import Claim
        from profcov.wire.signature import sign
        play("demo", red)
        secret = "a secret that is long enough"
        elsewhere = DATA.parent / "other.ini"
        elsewhere.touch()
        broken = recorder_for(replace(recorder.settings, config_file=elsewhere, secret=secret, allow=("demo",)))
        def ask(slug, token=None):
            return broken.begin_request(Claim(slug, token)).status
        told = [ask("demo"), ask("demo", sign("demo", secret)), ask("demo"), ask("demo", "x"), ask("other"), ask("../")]
        told.append(ask("other", sign("other", secret)))
        sys.modules["itsdangerous"] = None
        told.append(ask("demo", "demo.x.y"))
        tell([told, said])
        """
    )
    signed = told.pop(1)
    assert told == [
        *["rejected; signature"] * 4,
        "rejected; invalid slug",
        "rejected; not allowed",
        "rejected; signature",
    ]
    assert signed.endswith(" engine cannot run here: it runs already with another configuration")
    assert [line.rpartition("code ")[2] for line in log] == ["engine-start)", "signature)"]


def test_only_so_many_profiles_are_traced(run_python: Run) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        tell([play(slug, red) for slug in ("a", "b", "c", "a")])
        """,
        PROFILE_COVERAGE_MAX_PROFILES="2",
    ) == ["traced", "traced", "rejected; too many profiles", "traced"]


def test_the_places_of_profiles_that_were_combined_or_cleaned_are_free_again_and_their_memory_too(
    run_python: Run,
) -> None:
    assert run_python(
        """
        import gc, weakref
        from measured import *
        from play import *
        from profcov.store.clean import discard, remove
        from profcov.store.directory import DataDirectory
        from profcov.store.combine import combine
        first = [play(slug, red) for slug in "abcde"]
        traces = [weakref.ref(book.traces.shared) for book in recorder.list_books()]
        combine(DataDirectory(DATA), "a"), discard(DataDirectory(DATA), "b"), remove(DataDirectory(DATA), "c")
        recorder.flush_all()
        second = [play(slug, red) for slug in "fghia"]
        gc.collect()
        tell([first, second, sorted(book.slug for book in recorder.list_books()), [ref() is None for ref in traces]])
        """,
        PROFILE_COVERAGE_MAX_PROFILES="5",
    ) == [
        ["traced"] * 5,
        ["traced"] * 3 + ["rejected; too many profiles"] * 2,
        list("defgh"),
        [True] * 3 + [False] * 2,
    ]


def test_what_a_profile_of_a_generation_that_is_over_had_is_forgotten_once_the_next_is_at_work(
    run_python: Run, engine: str
) -> None:
    assert run_python(
        """
            import gc, weakref
            from measured import *
            from play import *
            from profcov.store.clean import discard
            from profcov.store.directory import DataDirectory
            traces = []
            for _ in range(5):
                play("a", red)
                traces += [weakref.ref(book.traces.shared) for book in recorder.list_books()]
                discard(DataDirectory(DATA), "a")
            play("a", red)
            gc.collect()
            tell([sum(ref() is not None for ref in traces), shards("a")])
            """,
        engine=engine,
        PROFILE_COVERAGE_FLUSH_SECONDS="3600",
    ) == [0, ["red"]]


def test_a_profile_that_was_cleaned_while_a_unit_of_it_is_at_work_keeps_its_place(run_python: Run) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        unit = recorder.begin("a")
        run(unit, red)
        (DATA / "state" / "a.lock").unlink()
        first = play("b", red)
        unit.end()
        second = play("b", red)  # what the unit had to write is there
        (DATA / "state" / "a.lock").unlink()
        tell([first, second, play("b", red), shards("a")])
        """,
        PROFILE_COVERAGE_MAX_PROFILES="1",
    ) == ["rejected; too many profiles"] * 2 + ["traced", ["red"]]


def test_where_the_disk_is_nearly_full_nothing_is_recorded_and_the_log_says_so_once(run_python: Run) -> None:
    statuses, found, log = run_python(
        """
        from measured import *
        from play import *
        tell([[play("demo", red) for _ in range(3)], DATA.exists(), said])
        """,
        PROFILE_COVERAGE_MIN_FREE_BYTES=str(10**18),
    )
    assert (statuses, found) == (["rejected; disk"] * 3, False)
    assert len(log) == 1
    assert "bytes are free" in log[0]


def test_what_is_no_slug_is_reported_before_what_refuses_all(run_python: Run) -> None:
    program = "from play import *\ntell([play(slug) for slug in ('demo', 'no slug')])"
    assert run_python(program, PROFILE_COVERAGE_MIN_FREE_BYTES=str(10**18)) == [
        "rejected; disk",
        "rejected; invalid slug",
    ]


def test_a_server_records_again_when_the_disk_has_room(run_python: Run) -> None:
    assert run_python(
        """
        import time, profcov.recording.recorder as module
        from measured import *
        from play import *
        module.free_bytes = lambda directory: 10
        first = play("demo", red)
        module.free_bytes = lambda directory: 10**12
        deadline = time.monotonic() + 20
        while (second := play("demo", red)) != "traced" and time.monotonic() < deadline:
            time.sleep(0.01)
        tell([first, second])
        """
    ) == ["rejected; disk", "traced"]


def test_a_shard_tells_of_the_sources_that_ran(run_python: Run, engine: str) -> None:
    told = run_python(
        """
        import hashlib, measured
        from measured import *
        from play import *
        from profcov.slug import parse_slug
        from profcov.store.layout import list_shards
        from profcov.store.content import read_content
        play("demo", red)
        facts = read_content(list_shards(DATA, parse_slug("demo"))[0]).facts
        tell([facts["sources"], {measured.__file__: hashlib.sha256(Path(measured.__file__).read_bytes()).hexdigest()}])
        """,
        engine=engine,
    )
    assert told[0] == told[1]


def test_where_units_cannot_be_noted_nothing_is_recorded_and_that_is_reported(run_python: Run) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        (DATA / "state").mkdir(parents=True)
        (DATA / "state" / "processes").write_text("in the way")
        tell([play("demo", red), play("demo", blue), shards("demo"), len(said)])
        """
    ) == ["unsupported; an error, see the server's log"] * 2 + [[], 1]


@pytest.mark.parametrize("slug", ["", "../etc", "a b", "x" * 101, "a.coverage", "é", "a\r\nSet-Cookie: b=c"])
def test_what_is_no_slug_is_rejected_and_touches_no_file(run_python: Run, slug: str) -> None:
    assert run_python(
        f"""
        from measured import *
        from play import *
        status = play({slug!r}, red)
        tell([status, DATA.exists()])
        """
    ) == ["rejected; invalid slug", False]


def test_where_it_is_off_nothing_is_traced_and_no_file_is_touched(run_python: Run) -> None:
    assert run_python(
        """
        from measured import *
        from play import *
        status = play("demo", red)
        tell([status, DATA.exists()])
        """,
        ENABLE_PROFILE_COVERAGE="0",
    ) == ["disabled", False]


def test_a_broken_coverage_configuration_is_a_status_and_one_line_in_the_log(run_python: Run) -> None:
    statuses, told = run_python(
        """
        from measured import *
        from play import *
        Path(os.environ["PROFILE_COVERAGE_CONFIG"]).write_text("[run\\nsource = é")
        tell([[play("demo", red) for _ in range(3)], said])
        """,
    )
    assert len(set(statuses)) == 1
    assert statuses[0].startswith("unsupported; ")
    assert statuses[0].isascii()
    assert statuses[0].isprintable()
    assert len(told) == 1
    assert "measured.ini" in told[0]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the monitoring engine runs here")
def test_an_engine_that_this_python_lacks_is_a_status_that_says_so(run_python: Run) -> None:
    assert (
        run_python(
            """
        from measured import *
        from play import *
        tell(play("demo", red))
        """,
            engine="monitoring",
        )
        == "unsupported; the monitoring engine cannot run here: sys.monitoring came with Python 3.12"
    )


def test_a_long_unit_is_written_now_and_then(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import time
        from measured import *
        from play import *
        unit = recorder.begin("demo")
        run(unit, red)
        deadline = time.monotonic() + 30
        while shards("demo") != ["red"] and time.monotonic() < deadline:
            pass
        tell(shards("demo"))
        unit.end()
        """,
        engine=engine,
        PROFILE_COVERAGE_FLUSH_SECONDS="0.02",
    ) == ["red"]


def test_a_killed_process_leaves_what_had_ended_and_blocks_nothing(run_python: Run, engine: str) -> None:
    assert run_python(
        BEGIN
        + COMBINE
        + """
import signal
child = os.fork()
if not child:
    play("demo", red)
    unit = recorder.begin("demo")
    run(unit, blue)
    os.kill(os.getpid(), signal.SIGKILL)
os.waitpid(child, 0)
tell([shards("demo"), combine(timeout=0)])
""",
        engine=engine,
    ) == [["red"], [1, ""]]  # partial; process-died


def test_a_process_that_ends_inside_a_unit_writes_what_it_has(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import subprocess, sys
        from play import *
        program = "from measured import *; from play import *; run(recorder.begin('demo'), red)"
        subprocess.run([sys.executable, "-c", program], check=True)
        tell(shards("demo"))
        """,
        engine=engine,
    ) == ["red"]


def test_a_unit_that_the_garbage_collector_ends_while_another_is_written_does_not_hang(
    run_python: Run, engine: str
) -> None:
    assert (
        run_python(
            """
        import faulthandler, gc
        from measured import *
        from play import *
        faulthandler.dump_traceback_later(20, exit=True)
        class Forgotten:
            def __init__(self, slug):
                self.me = self
                self.unit = recorder.begin(slug)
                run(self.unit, red)
            def __del__(self):
                self.unit.end()
        play("warm-up", red)
        for number in range(100):
            slug = f"demo-{number}"
            gc.disable()
            unit = recorder.begin(slug)
            Forgotten(slug)
            run(unit, blue)
            gc.set_threshold(number + 1, 1, 1)
            gc.enable()
            unit.flush()
            unit.end()
        faulthandler.cancel_dump_traceback_later()
        tell([shards(f"demo-{number}") == ["blue", "red"] for number in range(100)])
        """,
            engine=engine,
        )
        == [True] * 100
    )


def test_many_threads_with_many_slugs_get_what_each_ran(run_python: Run, engine: str) -> None:
    told = run_python(
        """
        import sys, threading
        from measured import *
        from play import *
        sys.setswitchinterval(1e-5)
        functions = [red, blue, green, late]
        def work(number):
            for _ in range(30):
                play(f"slug-{number}", functions[number])
        threads = [threading.Thread(target=work, args=(number % 4,)) for number in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        tell([shards(f"slug-{number}") for number in range(4)])
        """,
        engine=engine,
    )
    assert told == [["red"], ["blue"], ["green"], ["late"]]


def test_an_untraced_process_takes_nothing_from_the_interpreter(run_python: Run) -> None:
    assert run_python(
        """
        import sys
        from measured import *
        from play import *
        red()
        monitoring = getattr(sys, "monitoring", None)
        tools = [] if monitoring is None else [monitoring.get_tool(number) for number in range(6)]
        tell([sys.gettrace() is None, set(tools) <= {None}, "coverage" in sys.modules, DATA.exists()])
        """
    ) == [True, True, False, False]


CHANGE = """
import importlib, os, subprocess, sys, time
from pathlib import Path
here = Path("measured.ini").resolve().parent
Path("measured.ini").write_text(f"[run]\\nsource = {here}\\nomit = script.py\\n")
for name in ("shop", "cart"):
    Path(f"{name}.py").write_text("def f():\\n    return 1\\n\\ndef g():\\n    return 2\\n")
sys.path.insert(0, str(here))
import shop, cart
from play import *
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.sidecar import read_sidecar
"""


def test_a_source_that_changes_before_it_first_runs_is_reported(run_python: Run, engine: str) -> None:
    reasons, sources, changed = run_python(
        CHANGE
        + """
Path("shop.py").write_text("# a new first line\\n" + Path("shop.py").read_text())
play("demo", shop.f, cart.f)
made = combine(DataDirectory(DATA), parse_slug("demo"))
facts = read_sidecar(made.path)
tell([made.reasons, {Path(file).name: digest for file, digest in facts["sources"].items()},
      {Path(file).name: digests for file, digests in facts["changed_sources"].items()}])
""",
        engine=engine,
    )
    assert reasons == ["source-changed"]
    assert sources["shop.py"] == "unknown"
    assert len(sources["cart.py"]) == 64
    assert changed == {"shop.py": ["unknown"]}


def test_a_source_that_changes_after_it_first_ran_stays_the_one_that_runs(run_python: Run, engine: str) -> None:
    reasons, is_that_which_ran, refused = run_python(
        CHANGE
        + """
import hashlib
from profcov.errors import CoverageReadError
from profcov.store.sidecar import check_sources
play("demo", shop.f)
before = hashlib.sha256(Path("shop.py").read_bytes()).hexdigest()
Path("shop.py").write_text("# a new first line\\n" + Path("shop.py").read_text())
play("demo", shop.g)
made = combine(DataDirectory(DATA), parse_slug("demo"))
try:
    check_sources(made.path)
    refused = ""
except CoverageReadError as error:
    refused = str(error)
tell([made.reasons, list(read_sidecar(made.path)["sources"].values()) == [before], refused])
""",
        engine=engine,
    )
    assert (reasons, is_that_which_ran) == ([], True)
    assert "shop.py changed since it was recorded" in refused


def test_an_artifact_tells_what_was_imported_and_never_called(run_python: Run, engine: str) -> None:
    imported, ran, later = run_python(
        CHANGE
        + """
Path("extra.py").write_text("def f():\\n    return 1\\n")
Path("never.py").write_text("def f():\\n    return 1\\n")
class Odd:
    def __getattribute__(self, name):
        raise RuntimeError(name)
sys.modules["odd"] = Odd()
sys.modules["none"] = None
def facts():
    found = read_sidecar(combine(DataDirectory(DATA), parse_slug("demo")).path)
    return [sorted(Path(file).name for file in found[key]) for key in ("imported", "sources")]
play("demo", shop.f)
first = facts()
play("demo", shop.f, lambda: importlib.import_module("extra"))
tell([*first, facts()[0]])
""",
        engine=engine,
    )
    assert (imported, ran) == (["cart.py", "shop.py"], ["shop.py"])
    assert later == ["cart.py", "extra.py", "shop.py"]


@pytest.mark.parametrize(
    "end",
    [
        "os._exit(0)",
        "os.execv(sys.executable, [sys.executable, '-c', 'print(1)'])",
        "os.execve(sys.executable, [sys.executable, '-c', 'print(1)'], dict(os.environ))",
        "sys.exit(0)",
        "signal.raise_signal(signal.SIGINT)",
    ],
)
def test_however_a_process_ends_by_itself_nothing_is_lost(run_python: Run, engine: str, end: str) -> None:
    program = f"""
import os, signal, sys, threading
import profcov
from measured import *
from play import *
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
reached = threading.Event()
@profcov.trace("demo")
def work():
    red()
    reached.set()
    threading.Event().wait()
threading.Thread(target=work, daemon=True).start()
reached.wait()
tell(1)
sys.stdout.flush()
with recorder.begin("demo").step():
    blue()
    {end}
"""
    assert run_python(program, engine=engine, PROFILE_COVERAGE_FLUSH_SECONDS="3600") == 1
    assert run_python(BEGIN + 'tell(shards("demo"))\n') == ["blue", "red"]


def test_a_source_that_was_made_while_the_process_ran_is_as_known_as_any(run_python: Run, engine: str) -> None:
    assert run_python(
        CHANGE
        + """
import hashlib
text = "from __future__ import annotations\\nclass C:\\n    def f(self):\\n        return [x for x in 'ab' if (lambda: x)()]\\n"
Path("extra.py").write_text(text)
import extra
play("demo", extra.C().f)
Path("extra.py").touch()
Path("more.py").write_text(text)
import more
play("demo", more.C().f, more.C().f)
made = combine(DataDirectory(DATA), parse_slug("demo"))
digest = hashlib.sha256(text.encode()).hexdigest()
tell([made.reasons, list(read_sidecar(made.path)["sources"].values()) == [digest, digest]])
""",
        engine=engine,
    ) == [[], True]


def test_a_unit_whose_route_is_not_known_yet_is_written_when_the_process_ends(run_python: Run) -> None:
    environ = {"PROFILE_COVERAGE_CONTEXT": "route", "PROFILE_COVERAGE_FLUSH_SECONDS": "3600"}
    program = """
from profcov.recording.work import Work
unit = recorder.begin("demo", Work(lambda: None, lambda: None))
unit.step().__enter__()
red()
recorder.flush_all()
assert shards("demo") == []
tell(1)
"""
    assert run_python(BEGIN + program, **environ) == 1
    assert run_python(BEGIN + 'tell(shards("demo"))\n') == ["red"]


def test_modules_that_come_and_go_are_looked_at_all_the_same(run_python: Run) -> None:
    assert run_python(
        CHANGE
        + """
for name in ("one", "two", "three"):
    Path(f"{name}.py").write_text("def f():\\n    return 1\\n")
from profcov.recording.engine.sources import Sources
sources = Sources(Path("measured.ini"))
def names():
    return sorted(Path(file).name for file in sources.imported())
found = [names()]
del sys.modules["shop"]
import one, two
import shop
found.append(names())
del sys.modules["two"]
import three
found.append(names())
tell(found)
"""
    ) == [
        ["cart.py", "shop.py"],
        ["cart.py", "one.py", "shop.py", "two.py"],
        ["cart.py", "one.py", "shop.py", "three.py", "two.py"],
    ]


def test_a_child_has_its_unit_though_a_finalizer_makes_a_recorder_while_it_is_forked(
    run_python: Run, engine: str
) -> None:
    assert run_python(
        """
import os, sys
from measured import *
from play import *
from profcov.recording.processes import recorder_for
from profcov.recording.recorder import Recorder
from profcov.settings import Settings
after_fork = Recorder.after_fork
def collect_in_it(self):
    after_fork(self)
    if self is recorder:  # here the collector finds something
        recorder_for(Settings(enabled=True, data_dir=DATA / "other"))
Recorder.after_fork = collect_in_it
unit = recorder.begin("demo")
with unit.step():
    red()
    pid = os.fork()
    if pid == 0:
        blue()
        sys.exit()
    os.waitpid(pid, 0)
unit.end()
tell(shards("demo"))
""",
        engine=engine,
    ) == ["blue", "red"]
