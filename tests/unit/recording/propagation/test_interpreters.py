"""Pools whose threads have interpreters of their own: Python 3.14 has them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.version_info < (3, 14), reason="InterpreterPoolExecutor is new in Python 3.14")


def test_work_that_a_unit_hands_to_a_pool_of_interpreters_is_done(run_python: Callable[..., Any]) -> None:
    assert run_python(
        """
        import asyncio, json, operator
        from concurrent.futures import InterpreterPoolExecutor
        import profcov

        async def wait_for_it(pool):
            return await asyncio.get_running_loop().run_in_executor(pool, operator.add, 1, 2)

        with InterpreterPoolExecutor(1) as pool, profcov.trace("demo"):
            submitted = pool.submit(operator.add, 1, 1).result()
            mapped = list(pool.map(operator.neg, [1, 2]))
            awaited = asyncio.run(wait_for_it(pool))
        print(json.dumps([submitted, mapped, awaited]))
        """
    ) == [2, [-1, -2], 3]


@pytest.mark.parametrize(
    ("work", "reasons"),
    [
        ("InterpreterPoolExecutor(1).submit(operator.add, 1, 1).result()", ["unfollowed"]),
        ("interpreters.create().call(operator.add, 1, 1)", ["unfollowed"]),
        ("interpreters.create().exec('1 + 1')", ["unfollowed"]),
        ("interpreters.create().call_in_thread(operator.add, 1, 1).join()", ["unfollowed"]),
        ("interpreters.create().close()", []),
    ],
)
def test_what_a_unit_has_run_in_another_interpreter_is_reported_as_missing(
    run_python: Callable[..., Any], work: str, reasons: list[str]
) -> None:
    assert (
        run_python(
            f"""
            import json, operator, os, pathlib
            from concurrent import interpreters
            from concurrent.futures import InterpreterPoolExecutor
            import measured, profcov
            from profcov.recording.processes import flush_everything
            from profcov.store.combine import combine
            from profcov.store.directory import DataDirectory

            with profcov.trace("demo"):
                measured.red()
                {work}
            flush_everything()
            made = combine(DataDirectory(pathlib.Path(os.environ["PROFILE_COVERAGE_DIR"])), "demo")
            print(json.dumps(list(made.reasons)))
            """
        )
        == reasons
    )
