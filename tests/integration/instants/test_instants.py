"""What is killed between any two of its system calls, not at random ones: by ptrace, which lets a child do one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import instants
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

APPS = Path(__file__).parent / "apps"


@pytest.fixture
def count(
    tmp_path: Path, environ_for: Callable[..., dict[str, str]], tell_of: Callable[..., Any]
) -> Callable[..., dict[str, Any]]:
    """Run a program that kills; return its figures."""
    if not instants.is_allowed():
        pytest.skip("this container forbids ptrace")

    def run(program: str, *words: str, **environ: str) -> dict[str, Any]:
        figures: dict[str, Any] = tell_of(
            [str(APPS / program), *words], tmp_path, environ_for(tmp_path, **environ), 150
        )
        print(figures)
        return figures

    return run


@pytest.mark.parametrize(("engine", "context"), [("auto", "profile"), ("ctrace", "request")])
def test_a_unit_killed_between_any_two_system_calls_loses_nothing_that_is_not_reported(
    count: Callable[..., dict[str, Any]], engine: str, context: str
) -> None:
    environ = {"PROFILE_COVERAGE_ENGINE": engine, "PROFILE_COVERAGE_CONTEXT": context}
    figures = count("unit_killed.py", **environ)
    assert figures["wrong"] == []
    assert figures["kills"] > 30  # a unit that writes twice makes about fifty calls


def test_combining_killed_between_system_calls_loses_nothing(
    count: Callable[..., dict[str, Any]], pytestconfig: pytest.Config
) -> None:
    step, last = (7, 300) if pytestconfig.getoption("--full") else (61, 60)
    figures = count("combine_killed.py", str(step), str(last))
    assert figures["wrong"] == []
    assert figures["kills"] > last
