from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]

monitoring_only = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")


def test_auto_takes_monitoring_where_python_has_it_and_ctrace_elsewhere(run_python: Run) -> None:
    expected = "monitoring" if sys.version_info >= (3, 12) else "ctrace"
    assert run_python("from play import *\nrecorder.warm_up()\ntell(recorder.engine.name)") == expected


@monitoring_only
def test_auto_takes_ctrace_where_other_tools_have_the_ids(run_python: Run) -> None:
    assert run_python(
        """
        import sys
        from measured import *
        from play import *
        for number in range(5):
            sys.monitoring.use_tool_id(number, f"tool-{number}")
        status = play("demo", red)
        tell([status, recorder.engine.name, shards("demo")])
        """
    ) == ["traced", "ctrace", ["red"]]


@monitoring_only
def test_monitoring_says_so_where_it_finds_no_ids_and_leaves_the_others_theirs(run_python: Run) -> None:
    assert run_python(
        """
        import sys
        from measured import *
        from play import *
        for number in range(5):
            sys.monitoring.use_tool_id(number, f"tool-{number}")
        status = play("demo", red)
        tell([status, [sys.monitoring.get_tool(number) for number in range(6)]])
        """,
        engine="monitoring",
    ) == [
        "unsupported; the monitoring engine cannot run here: fewer than two sys.monitoring tool ids are free",
        ["tool-0", "tool-1", "tool-2", "tool-3", "tool-4", None],
    ]


@monitoring_only
def test_another_tool_gets_what_it_asked_for_as_if_we_were_not_there(run_python: Run) -> None:
    program = """
        import sys
        from measured import *
        from play import *
        monitoring, starts = sys.monitoring, []
        monitoring.use_tool_id(3, "other")
        monitoring.register_callback(3, monitoring.events.PY_START, lambda code, offset: starts.append(code.co_name))
        def work():
            for _ in range(3):
                red()
                blue()
        WARM
        monitoring.set_local_events(3, red.__code__, monitoring.events.PY_START)
        monitoring.set_local_events(3, blue.__code__, monitoring.events.PY_START)
        PLAY
        tell(starts)
        """
    alone = run_python(program.replace("WARM", "").replace("PLAY", "work()"))
    beside = run_python(
        program.replace("WARM", "play('warm-up', red)").replace("PLAY", "assert play('demo', work) == 'traced'"),
        engine="monitoring",
    )
    assert beside == alone == ["red", "blue"] * 3


def test_stopping_the_engine_gives_back_what_it_took(run_python: Run, engine: str) -> None:
    assert run_python(
        """
        import sys
        from measured import *
        from play import *
        from profcov.recording.engine.choose import running_engine, stop_engine
        play("demo", red)
        stop_engine()
        stop_engine()
        monitoring = getattr(sys, "monitoring", None)
        tools = [monitoring.get_tool(number) for number in range(6)] if monitoring else []
        tell([running_engine(), sys.gettrace(), list(filter(None, tools)), red()])
        """,
        engine=engine,
    ) == [None, None, [], "red"]


def test_one_process_has_one_engine_and_says_so_to_settings_that_want_another(run_python: Run) -> None:
    one, same, other, engine, log = run_python(
        """
        from dataclasses import replace
        from measured import *
        from play import *
        from profcov.recording.processes import recorder_for
        one = play("demo", red)
        same = recorder_for(replace(recorder.settings, context_prefix="mine")).begin("demo").status
        elsewhere = DATA.parent / "other.ini"
        elsewhere.touch()
        other = recorder_for(replace(recorder.settings, config_file=elsewhere)).begin("demo").status
        tell([one, same, other, recorder.engine.name, said])
        """
    )
    assert (one, same) == ("traced", "traced")
    problem = f"the {engine} engine cannot run here: it runs already with another configuration"
    assert other == f"unsupported; {problem}"  # a client is not told where files are; the log is
    assert len(log) == 1
    assert log[0].startswith(f"cannot measure: {problem}: /")


def test_another_trace_function_is_not_disturbed(run_python: Run) -> None:
    assert run_python(
        """
        import sys
        from measured import *
        from play import *
        recorder.warm_up()
        seen = []
        def debugger(frame, event, argument):
            seen.append(frame.f_code.co_name)
        sys.settrace(debugger)
        status = play("demo", red)
        mine = sys.gettrace() is debugger
        sys.settrace(None)
        tell([status, mine, "red" in seen])
        """,
        engine="ctrace",
    ) == ["unsupported; another trace function is set (coverage.py or a debugger)", True, False]
