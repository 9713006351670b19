import importlib
import logging
import sys

import pytest

from profcov.propagation import on_import

NAME = "module_that_tests_wait_for"


@pytest.fixture(autouse=True)
def module_on_path(tmp_path, monkeypatch):
    (tmp_path / f"{NAME}.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = list(sys.meta_path)
    yield
    on_import.forget()
    sys.modules.pop(NAME, None)
    assert sys.meta_path == before


def test_a_module_that_is_imported_later_is_handed_over_complete_and_once():
    seen = []
    on_import.when_imported(NAME, lambda module: seen.append((module.__name__, module.value)))
    assert seen == []
    importlib.import_module(NAME)
    importlib.import_module(NAME)
    importlib.reload(sys.modules[NAME])
    assert seen == [(NAME, 1)]


def test_a_module_that_is_there_already_is_handed_over_at_once():
    importlib.import_module(NAME)
    seen = []
    on_import.when_imported(NAME, seen.append)
    assert seen == [sys.modules[NAME]]


def test_the_loader_is_the_one_that_it_would_have_been():
    on_import.when_imported(NAME, lambda module: None)
    module = importlib.import_module(NAME)
    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert module.__spec__.loader is module.__loader__


def test_every_callback_of_a_module_is_called_and_one_that_fails_is_logged(caplog):
    seen = []

    def fail(module):
        raise ValueError("no such attribute")

    on_import.when_imported(NAME, fail)
    on_import.when_imported(NAME, seen.append)
    with caplog.at_level(logging.WARNING, logger="profcov"):
        assert importlib.import_module(NAME).value == 1
    assert seen == [sys.modules[NAME]]
    assert "no such attribute" in caplog.text


def test_a_module_that_does_not_exist_is_still_not_found():
    on_import.when_imported("module_that_nobody_has", lambda module: None)
    with pytest.raises(ModuleNotFoundError, match="module_that_nobody_has"):
        importlib.import_module("module_that_nobody_has")


def test_a_module_whose_import_fails_is_waited_for_still(tmp_path):
    (tmp_path / f"{NAME}.py").write_text("1 / 0\n")
    seen = []
    on_import.when_imported(NAME, seen.append)
    with pytest.raises(ZeroDivisionError):
        importlib.import_module(NAME)
    (tmp_path / f"{NAME}.py").write_text("value = 'second try'\n")
    importlib.invalidate_caches()
    assert importlib.import_module(NAME).value == "second try"
    assert [module.value for module in seen] == ["second try"]
