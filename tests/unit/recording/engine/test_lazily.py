"""Annotations, aliases and bounds that the interpreter evaluates when somebody first asks are nobody's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from profcov.recording.engine.lazily import is_lazy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    from profcov.recording.engine.monitoring import MonitoringEngine

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="type aliases came with Python 3.12")

SOURCE = """\
def helper():
    return int
type Alias = dict[
    str, helper()]
def one(): return 1
def bounded[
    T: (helper(), str),
](a: T) -> T:
    return a
class Annotated:
    a: helper()
    b: int = 5
    type Broken = [helper(), undefined]
def look():
    return Annotated.__annotations__, bounded.__annotations__
def alias():
    type Local = helper()
    return Alias.__value__, bounded.__type_params__[0].__constraints__, Local.__value__, one()
def broken():
    try:
        return Annotated.Broken.__value__
    except NameError:
        return helper()
def work():
    look()
    alias()
    broken()
    user()
    list(index())
def user(): return dict(id=one(), user=helper())
def known(*args, **options):
    return lambda function: function
@known("/", index=1)
def index():
    yield helper()
"""
RUN = {2, 5, 15, 17, 18, 20, 21, 22, 23, 25, 26, 27, 28, 29, 30, 35}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MonitoringEngine]:
    from profcov.recording.engine.monitoring import MonitoringEngine
    from profcov.recording.engine.sources import Sources

    config = tmp_path / "measured.ini"
    config.write_text(f"[run]\nsource = {tmp_path}\n")
    engine = MonitoringEngine(Sources(config))
    yield engine
    engine.close()


@pytest.fixture
def module(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "annotated.py"
    path.write_text(SOURCE)
    names: dict[str, Any] = {"__name__": "annotated"}
    exec(compile(SOURCE, str(path), "exec", dont_inherit=True), names)
    return names


def test_what_is_evaluated_first_for_one_profile_is_neither_its_nor_the_next_ones(
    engine: MonitoringEngine, module: dict[str, Any]
) -> None:
    from scopes import make_scope

    from profcov.recording.step import Step

    found = []
    for slug in ("first", "second"):
        scope = make_scope(engine.new_trace(slug))
        engine.begin(scope)
        with Step(engine, scope):
            module["work"]()
        (lines,) = scope.trace.take().executed.values()
        found.append(lines)
    assert found == [RUN, RUN]
    assert not engine._lazy.evaluating


def list_codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, type(code)):
            yield from list_codes(each)


def test_functions_are_told_from_what_is_lazily_evaluated(module: dict[str, Any]) -> None:
    path = module["work"].__code__.co_filename
    codes = list_codes(compile(Path(path).read_text(), path, "exec", dont_inherit=True))
    lazy = {code.co_qualname.rpartition(".")[2] for code in codes if is_lazy(code)}
    assert lazy == {"Alias", "T", "Broken", "Local"} | ({"__annotate__"} if sys.version_info >= (3, 14) else set())
