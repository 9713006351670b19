"""Which functions are start-up code: what imports and entry points call, as far as names tell, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest
    from tests.unit.conftest import Tree


def startup(tree: Tree, **files: str) -> set[str]:
    for name, text in files.items():
        tree.write(f"{name}.py", text)
    return {symbol.name for symbol in tree.inventory().symbols if "startup" in symbol.traits}


def test_what_an_import_calls_is_startup_code_and_so_is_what_only_that_calls(tree: Tree) -> None:
    source = """
        def load():
            return parse()
        def parse():
            return shared()
        def shared():
            return 1
        def answer():
            return shared()
        class Settings:
            value = load()
            def __init__(self):
                self.read()
            def read(self):
                return 1
        def show(settings: Settings) -> Settings:
            return settings
        SETTINGS = Settings()
    """
    assert startup(tree, m=source) == {"m:load", "m:parse", "m:Settings.__init__", "m:Settings.read"}


def test_application_factories_are_startup_code_by_their_name_and_by_what_they_make(tree: Tree) -> None:
    source = """
        from flask import Flask
        def create_app():
            app = Flask(__name__)
            connect(app)
            @app.get("/")
            def home():
                return page()
            return app
        def connect(app):
            return app
        def page():
            return 1
        def shop():
            return Flask("shop")
    """
    assert startup(tree, m=source) == {"m:create_app", "m:connect", "m:shop"}


def test_a_factory_that_other_code_calls_is_none(tree: Tree) -> None:
    assert startup(tree, m="def create_app():\n    return 1\ndef later():\n    return create_app()\n") == set()


def test_main_and_what_makes_decorators_are_startup_code(tree: Tree) -> None:
    source = """
        import argparse
        def main():
            return parser()
        def parser():
            return argparse.ArgumentParser()
        def retry(times):
            def wrap(function):
                def call():
                    return function()
                return call
            return wrap
        def plain(function):
            return function
        @retry(3)
        @plain
        def work():
            return 1
        if __name__ == "__main__":
            main()
    """
    assert startup(tree, m=source) == {"m:main", "m:parser", "m:retry", "m:plain"}


def test_what_is_named_and_not_called_may_be_called_by_anybody(tree: Tree) -> None:
    source = """
        import atexit
        from functools import partial
        def at_exit():
            return 1
        def home():
            return 1
        def queued():
            return 1
        def inside():
            return 1
        ROUTES = {"/": home}
        JOB = "m.queued"
        HOOK = lambda: inside()
        atexit.register(at_exit)
        for each in (at_exit, home, queued, inside):
            each()
        queued(), inside()
    """
    assert startup(tree, m=source) == set()


def test_names_are_followed_through_imports_and_methods_of_common_names_are_not(tree: Tree) -> None:
    wiring = "import m\nfrom m import prepare as ready\nready()\nm.warm()\ndata = {}\ndata.update()\nm.warm_up()\n"
    source = """
        def prepare():
            return 1
        def warm():
            return 1
        def update():
            return 1
        def warm_up():
            return 1
        def answer(cache):
            cache.warm_up()
    """
    assert startup(tree, m=source, wiring=wiring) == {"m:prepare", "m:warm"}


def test_the_entry_points_of_installed_commands_are_startup_code(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree.root / "shop-1.0.dist-info"
    tree.write("shop-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n")
    tree.write("shop-1.0.dist-info/entry_points.txt", "[console_scripts]\nshop = m:run\n")
    assert folder.is_dir()
    monkeypatch.syspath_prepend(str(tree.root))
    source = "import click\n@click.command()\ndef run():\n    return start()\ndef start():\n    return 1\n"
    assert startup(tree, m=source) == {"m:run", "m:start"}


def test_recursion_proves_nothing(tree: Tree) -> None:
    source = "def f():\n    return g()\ndef g():\n    return f()\ndef h():\n    return h()\nh()\n"
    assert startup(tree, m=source) == {"m:h"}
