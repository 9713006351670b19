"""Python that is compiled at run time is measured as coverage.py alone measures it; but no file has lines beyond its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]

SHOP = r'''
def doctests():
    import doctest
    doctest.run_docstring_examples(documented, {})
def documented():
    """
    >>> 1 + 1
    2
    """
def generated():
    import collections, dataclasses
    pair = collections.namedtuple("Pair", "a b")(1, 2)._replace(a=3)
    return dataclasses.make_dataclass("D", ["a"])(1) == pair
def template():
    exec(compile("a = 1\nb = 2\n", __file__.replace("shop.py", "page.html"), "exec"))
def nameless():
    exec("a = 1\nb = 2\n", globals())
def within():
    exec(compile("a = 1\nif a:\n    b = 2\n", __file__, "exec"), globals())
def relative():
    exec(compile("a = 1\n\nb = 2\n", "shop.py", "exec"), globals())
def expression():
    eval(compile("(1 +\n\nlen('a'))", __file__, "eval"))
def beyond():
    exec(compile("a = 1\n" + "\n" * 50 + "def f():\n    return 1\nf()\n", __file__, "exec"), {})
'''

COMPARE = """
import os, sys
from pathlib import Path
import coverage
here = Path("measured.ini").resolve().parent
Path("measured.ini").write_text(f"[run]\\nsource = {here}\\nomit = script.py\\n")
sys.path.insert(0, str(here))
from profcov.slug import parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory
from profcov.store.read import read_lines
import shop
from play import *
found = {}
for name, function in list(vars(shop).items()):
    if not callable(function) or name in ("__builtins__", "documented"):
        continue
    play(name, function)
    made = combine(DataDirectory(DATA), parse_slug(name))
    ours = {Path(file).name: sorted(lines) for file, lines in read_lines(made.path).items()}
    os.environ["COVERAGE_CORE"] = "ctrace"
    alone = coverage.Coverage(data_file=None, config_file="measured.ini")
    alone.start()
    function()
    alone.stop()
    data = alone.get_data()
    theirs = {Path(file).name: sorted(data.lines(file)) for file in data.measured_files() if file.endswith(".py")}
    found[name] = [ours, theirs, list(made.reasons), list(made.impossible.values())]
tell(found)
"""


def test_code_that_is_compiled_at_run_time_is_measured_as_by_coverage_py(
    run_python: Run, engine: str, tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text(SHOP)
    found = run_python(COMPARE, engine=engine)
    ours, theirs, reasons, impossible = found.pop("beyond")
    assert len(found) == 7
    assert {name: each[0] for name, each in found.items()} == {name: each[1] for name, each in found.items()}
    assert {tuple(each[2]) for each in found.values()} == {()}
    assert set().union(*(each[0] for each in found.values())) == {"shop.py"}
    assert found["within"][0]["shop.py"][:3] == [1, 2, 3]
    assert (impossible, reasons) == ([[52, 53, 54]], ["lines-impossible"])
    assert ours["shop.py"] + impossible[0] == theirs["shop.py"]
