"""If you change a module of recording/ or store/, its tests are beside it in the mirror, or where this table names them."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PACKAGE = TESTS.parent / "src" / "profcov"
ROOMS = ("recording", "store")
ELSEWHERE = {
    "recording/appearance.py": "integration/servers/test_start_line.py",
    "recording/books.py": "unit/recording/test_lasting.py",
    "recording/engine/builds.py": "unit/recording/engine/test_free_threaded.py",
    "recording/engine/c_tracer.py": "unit/recording/engine/test_ctrace.py",
    "recording/engine/coroutine.py": "exactness/cases/loops.py",
    "recording/engine/ctrace_state.py": "unit/recording/engine/test_ctrace.py",
    "recording/engine/eager.py": "unit/recording/propagation/test_tasks.py",
    "recording/engine/monitoring_state.py": "unit/recording/engine/test_critical_sections.py",
    "recording/engine/strands.py": "exactness/cases/greenlets.py",
    "recording/engine/tools.py": "unit/recording/engine/test_choose.py",
    "recording/flusher.py": "unit/recording/test_recorder.py",
    "recording/garbage.py": "unit/recording/test_faults.py",
    "recording/lingering.py": "unit/recording/test_lasting.py",
    "recording/pending.py": "unit/recording/test_book.py",
    "recording/place.py": "unit/recording/test_lasting.py",
    "recording/processes.py": "unit/recording/propagation/test_processes.py",
    "recording/propagation/callbacks.py": "exactness/cases/loops.py",
    "recording/propagation/database_threads.py": "integration/database/test_database.py",
    "recording/propagation/greenlets.py": "exactness/cases/greenlets.py",
    "recording/propagation/marks.py": "unit/recording/propagation/test_hand_over.py",
    "recording/propagation/outgoing_http.py": "integration/outgoing/test_outgoing.py",
    "recording/scope.py": "unit/recording/test_context.py",
    "recording/traces.py": "unit/recording/test_book.py",
    "recording/unit.py": "unit/recording/test_recorder.py",
    "recording/work.py": "unit/recording/test_recorder.py",
}
"""The tests of modules that have no logic of their own to try alone, or are tried through the one that stands in front of them."""
OF_SEVERAL = {
    "recording/engine/test_critical_sections.py",
    "recording/engine/test_pins.py",
    "recording/propagation/test_arguments.py",
    "recording/test_dynamic_code.py",
    "recording/test_lasting.py",
    "recording/test_reload.py",
    "recording/test_shared.py",
    "store/test_beside_coverage_py.py",
    "store/test_many_names.py",
}


def list_modules() -> set[str]:
    paths = (path for room in ROOMS for path in (PACKAGE / room).rglob("*.py") if path.name != "__init__.py")
    return {path.relative_to(PACKAGE).as_posix() for path in paths}


def list_tests() -> set[str]:
    unit = TESTS / "unit"
    return {path.relative_to(unit).as_posix() for room in ROOMS for path in (unit / room).rglob("test_*.py")}


def mirror(module: str) -> str:
    folder, _, name = module.rpartition("/")
    return f"{folder}/test_{name}"


def test_each_module_has_its_tests_beside_it_or_its_line_in_the_table() -> None:
    without = {module for module in list_modules() if mirror(module) not in list_tests()}
    assert without == set(ELSEWHERE)
    assert {path for path in ELSEWHERE.values() if not (TESTS / path).is_file()} == set()


def test_each_file_of_tests_is_that_of_a_module_or_of_several() -> None:
    packages = {mirror(f"{path.parent.relative_to(PACKAGE).as_posix()}.py") for path in PACKAGE.rglob("__init__.py")}
    assert list_tests() - {mirror(module) for module in list_modules()} - packages == OF_SEVERAL
