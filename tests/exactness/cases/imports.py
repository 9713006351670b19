"""What the import system runs is nobody's; code that is no Python file is not measured."""

import importlib
import sys

import jinja2

from cases import case
from cases.threads import in_threads
from harness import HERE, KINDS
from subject import branches


def requests(side, function, rounds=3):
    def body(slug):
        for _ in range(rounds):
            with side.unit(slug):
                function(KINDS[slug])

    in_threads(side, body)


def import_as_others_do(side):
    if len(side.slugs) == 1:  # the oracle's process has imported its modules before
        with side.nobody():
            importlib.import_module("subject.lazy_module")


@case("alpha", "beta")
def module_imported_inside_a_unit(side):
    import_as_others_do(side)

    def work(kind):
        from subject import lazy_module

        lazy_module.use(kind)

    requests(side, work)


@case("alpha", "beta")
def module_reloaded(side):
    import_as_others_do(side)

    def body(slug):
        kind = KINDS[slug]
        with side.unit(slug):
            module = importlib.import_module("subject.lazy_module")
            module.use(kind)
        with side.nobody():
            importlib.reload(module)
        with side.unit(slug):
            if len(side.slugs) > 1:
                importlib.reload(module)
            module.use(kind)

    for slug in side.slugs:
        body(slug)


@case("alpha", "beta")
def template_rendered_inside_a_unit(side):
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE / "subject"), autoescape=True)

    def work(kind):
        text = environment.get_template("page.html").render(kind=kind, double=branches.only_even)
        assert str(kind) in text

    requests(side, lambda kind: (work(kind), branches.rare(kind, 1)))


SOURCE = """
def made(kind):
    if kind == 0:
        return 1
    return 2
"""


@case("alpha", "beta")
def compiled_code(side):
    """Code compiled at run time: from no file, not measured; for a file, measured as that."""

    def work(kind):
        names = {}
        exec(SOURCE, names)
        names["made"](kind)
        file = branches.__file__
        exec(
            compile("\n" * 15 + f"value = {kind}\nif value == 0:\n    value = 1\nelse:\n    value = 2\n", file, "exec"),
            {},
        )
        branches.rare(kind, 2)

    requests(side, work)
    assert sys.modules["subject.branches"] is branches
