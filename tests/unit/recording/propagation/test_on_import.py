from __future__ import annotations

import contextlib
import copy
import importlib
import importlib.resources
import importlib.util
import inspect
import logging
import pickle
import pkgutil
import sys
import threading
import zipfile
from importlib.machinery import PathFinder, SourceFileLoader
from typing import TYPE_CHECKING

import pytest

from profcov.recording.propagation import on_import

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from typing import Any

NAME = "module_that_tests_wait_for"


@pytest.fixture(autouse=True)
def module_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / f"{NAME}.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = list(sys.meta_path)
    yield
    on_import.forget()
    sys.modules.pop(NAME, None)
    assert sys.meta_path == before


def test_a_module_that_is_imported_later_is_handed_over_complete_each_time_that_it_is_run() -> None:
    seen: list[Any] = []
    on_import.when_imported(NAME, lambda module: seen.append((module.__name__, module.value)))
    assert seen == []
    importlib.import_module(NAME)
    importlib.import_module(NAME)
    assert seen == [(NAME, 1)]
    importlib.reload(sys.modules[NAME])  # its classes are others then
    assert seen == [(NAME, 1)] * 2


def test_a_module_that_is_there_already_is_handed_over_at_once() -> None:
    importlib.import_module(NAME)
    seen: list[Any] = []
    on_import.when_imported(NAME, seen.append)
    assert seen == [sys.modules[NAME]]


def test_the_loader_is_the_one_that_it_would_have_been_for_the_modules_own_code_too(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.py").write_text("loaders = [type(__loader__), type(__spec__.loader)]")
    on_import.when_imported(NAME, lambda module: None)
    module: Any = importlib.import_module(NAME)
    assert module.loaders == [SourceFileLoader, SourceFileLoader]
    assert module.__spec__.loader is module.__loader__
    assert type(module.__loader__) is SourceFileLoader
    assert "exec_module" not in vars(module.__loader__)


def test_a_spec_that_is_only_looked_at_answers_as_ever(tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("some")
    usual: Any = importlib.util.find_spec(NAME)
    on_import.when_imported(NAME, lambda module: None)
    found: Any = importlib.util.find_spec(NAME)
    loader = found.loader
    assert found == usual
    assert usual.loader == loader
    again: Any = importlib.util.find_spec(NAME)
    assert loader == again.loader
    assert hash(loader) == hash(usual.loader)
    assert isinstance(loader, SourceFileLoader)
    assert isinstance(loader, importlib.abc.SourceLoader)
    assert dir(loader) == dir(usual.loader)
    assert vars(loader) == vars(usual.loader)
    assert repr(loader).split(" at ")[0] == repr(usual.loader).split(" at ")[0]
    assert type(copy.copy(loader)) is type(pickle.loads(pickle.dumps(loader))) is SourceFileLoader
    assert loader.get_source(NAME) == "value = 1\n"
    assert not loader.is_package(NAME)
    assert pkgutil.get_data(NAME, "data.txt") == b"some"  # imports it
    assert inspect.getsource(sys.modules[NAME]) == "value = 1\n"


def test_a_package_has_its_resources(tmp_path: Path) -> None:
    name = f"{NAME}_package"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / "data.txt").write_text("some")
    on_import.when_imported(name, lambda module: None)
    assert importlib.resources.files(name).joinpath("data.txt").read_text() == "some"
    assert importlib.resources.files(sys.modules.pop(name)).joinpath("data.txt").read_text() == "some"


class Forwarding:
    """A loader before another as wrapt's: what is written to it is written to the other."""

    def __init__(self, loader: Any, seen: list[str]) -> None:
        vars(self).update(loader=loader, seen=seen)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self.loader, name, value)

    def exec_module(self, module: Any) -> None:
        if module.__spec__.loader is self:
            module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        self.seen.append("theirs")


class Transforming:
    """A loader before another as ddtrace's: it replaces the other's ``get_code``, and its own methods are attributes."""

    def __init__(self, loader: Any, seen: list[str]) -> None:
        self.loader, self.seen, self.exec_module = loader, seen, self.run

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def run(self, module: Any) -> None:
        get_code = self.loader.get_code
        self.loader.get_code = lambda name: (self.seen.append("their code"), get_code(name))[1]
        self.loader.exec_module(module)
        module.__loader__ = self.loader
        self.seen.append("theirs")


class Watching:
    """A finder as such tools have it: it asks all the others, from the first on."""

    def __init__(self, loader: Any, seen: list[str]) -> None:
        self.loader, self.seen, self.is_asked = loader, seen, False

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname != NAME or self.is_asked:
            return None
        self.is_asked = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self.is_asked = False
        assert spec is not None
        spec.loader = self.loader(spec.loader, self.seen)
        return spec


@contextlib.contextmanager
def standing_first(finder: Any) -> Iterator[None]:
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


@pytest.mark.parametrize("loader", [Forwarding, Transforming])
@pytest.mark.parametrize("is_before", [True, False])
def test_others_that_watch_the_same_import_see_it_and_so_do_we_in_either_order(
    loader: type[Forwarding | Transforming], is_before: bool
) -> None:
    seen: list[Any] = []
    finder = Watching(loader, seen)
    if not is_before:
        on_import.when_imported(NAME, lambda module: seen.append("ours"))
    with standing_first(finder):
        if is_before:
            on_import.when_imported(NAME, lambda module: seen.append("ours"))
        module: Any = importlib.import_module(NAME)
    theirs = ["theirs"] if loader is Forwarding else ["their code", "theirs"]
    assert sorted(seen) == sorted(["ours", *theirs])
    assert module.value == 1
    assert isinstance(module.__loader__, SourceFileLoader)
    assert type(module.__spec__.loader) is SourceFileLoader or loader is Transforming  # which leaves itself there
    assert module.__loader__.get_source(NAME) == "value = 1\n"


def test_pytests_rewriting_of_assertions_goes_on(tmp_path: Path) -> None:
    name = f"{NAME}_rewritten"
    (tmp_path / f"{name}.py").write_text("def check():\n    assert 1 == len('ab')\n")
    pytest.register_assert_rewrite(name)
    seen: list[Any] = []
    on_import.when_imported(name, seen.append)
    module: Any = importlib.import_module(name)
    del sys.modules[name]
    with pytest.raises(AssertionError, match="where 2 = len"):
        module.check()
    assert type(module.__loader__).__name__ == "AssertionRewritingHook"
    assert seen == [module]


def test_modules_of_one_archive_are_handed_over_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{NAME}_{which}" for which in "ab"]
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        for name in names:
            archive.writestr(f"{name}.py", "value = 1\n")
    monkeypatch.syspath_prepend(tmp_path / "archive.zip")
    seen: list[Any] = []
    for name in names:
        on_import.when_imported(name, lambda module: seen.append(module.__name__))
    for name in names:
        assert type(importlib.import_module(name).__loader__).__name__ == "zipimporter"
        del sys.modules[name]
    assert seen == names


class Lazy:
    @staticmethod
    def find_spec(fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == NAME else None
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


def test_a_lazy_module_is_handed_over_when_it_is_first_used() -> None:
    seen: list[Any] = []
    with standing_first(Lazy):
        on_import.when_imported(NAME, lambda module: seen.append(module.value))
        module: Any = importlib.import_module(NAME)
    assert object.__getattribute__(module, "__class__") is not type(sys)
    assert seen == []
    assert module.value == 1
    assert seen == [1]
    assert type(module.__spec__.loader) is SourceFileLoader


def test_a_lazy_module_that_is_there_already_is_not_loaded_by_us() -> None:
    seen: list[Any] = []
    with standing_first(Lazy):
        module: Any = importlib.import_module(NAME)
    on_import.when_imported(NAME, lambda module: seen.append(module.value))
    assert object.__getattribute__(module, "__class__") is not type(sys)
    assert module.value == 1
    assert seen == [1]


def test_a_module_that_another_thread_imports_meanwhile_is_handed_over_with_the_next_import(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.py").write_text("import threading\nthreading.current_thread().wait()\nvalue = 1\n")

    class Importing(threading.Thread):
        def __init__(self) -> None:
            super().__init__(daemon=True)
            self.is_there, self.may_go_on = threading.Event(), threading.Event()

        def wait(self) -> None:
            self.is_there.set()
            assert self.may_go_on.wait(10)

        def run(self) -> None:
            importlib.import_module(NAME)

    thread = Importing()
    thread.start()
    assert thread.is_there.wait(10)
    seen: list[Any] = []
    on_import.when_imported(NAME, lambda module: seen.append(module.value))
    importlib.util.find_spec("another_that_nobody_has")
    assert seen == []
    thread.may_go_on.set()
    thread.join(10)
    importlib.util.find_spec("another_that_nobody_has")
    assert seen == [1]


def test_what_stands_in_for_a_module_is_handed_over_unless_it_has_to_be_loaded_for_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in = object()
    monkeypatch.setitem(sys.modules, NAME, stand_in)
    seen: list[Any] = []
    on_import.when_imported(NAME, seen.append)
    assert seen == [stand_in]


def test_a_traceback_has_no_line_of_ours(run_python: Callable[..., Any]) -> None:
    assert run_python(
        f"""
        import json, pathlib, sys, traceback
        from profcov.recording.propagation import on_import
        pathlib.Path("{NAME}.py").write_text("1 / 0")
        sys.path.insert(0, "")
        on_import.when_imported("{NAME}", print)
        try:
            import {NAME}
        except ZeroDivisionError as error:
            print(json.dumps([frame.name for frame in traceback.extract_tb(error.__traceback__)]))
        """
    ) == ["<module>", "<module>"]


def test_every_callback_of_a_module_is_called_and_one_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Any] = []

    def fail(module: object) -> None:
        raise ValueError("no such attribute")

    on_import.when_imported(NAME, fail)
    on_import.when_imported(NAME, seen.append)
    with caplog.at_level(logging.WARNING, logger="profcov"):
        assert importlib.import_module(NAME).value == 1
    assert seen == [sys.modules[NAME]]
    assert "no such attribute" in caplog.text


def test_a_module_that_does_not_exist_is_still_not_found() -> None:
    on_import.when_imported("module_that_nobody_has", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match="module_that_nobody_has"):
        importlib.import_module("module_that_nobody_has")


def test_a_module_whose_import_fails_is_waited_for_still(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.py").write_text("1 / 0\n")
    seen: list[Any] = []
    on_import.when_imported(NAME, seen.append)
    with pytest.raises(ZeroDivisionError):
        importlib.import_module(NAME)
    (tmp_path / f"{NAME}.py").write_text("value = 'second try'\n")
    importlib.invalidate_caches()
    assert importlib.import_module(NAME).value == "second try"
    assert [module.value for module in seen] == ["second try"]
