"""The report on a profile and ``coverage json`` on the same artifact say the same of every file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from profcov.reading.analysis.index import SymbolIndex
from profcov.reading.analysis.profile_report import report_profile
from profcov.reading.report.profile_json import profile_document
from profcov.reading.symbols.inventory import build_inventory
from profcov.slug import Slug
from profcov.store.read import read_artifact

if TYPE_CHECKING:
    from tests.unit.conftest import Tree

PROGRAMS = {
    "flask": """
        import flask
        app = flask.Flask('x')
        @app.get('/<name>')
        def greet(name):
            flask.session['name'] = name
            return flask.render_template_string('{{ name }}', name=name)
        app.secret_key = 'x'
        app.test_client().get('/you')
    """,
    "starlette": """
        import asyncio
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Mount, Route
        async def greet(request):
            return JSONResponse({'name': request.path_params['name'], 'form': len(await request.body())})
        app = Starlette(routes=[Mount('/m', routes=[Route('/{name:str}', greet)])])
        async def receive():
            return {'type': 'http.request', 'body': b'x'}
        async def send(message):
            pass
        scope = {'type': 'http', 'method': 'GET', 'path': '/m/you', 'query_string': b'', 'headers': []}
        asyncio.run(app(scope, receive, send))
    """,
}
CALLED = {"flask": "flask.templating:render_template_string", "starlette": "starlette.requests:Request.body"}


@pytest.mark.parametrize("branch", ["false", "true"])
@pytest.mark.parametrize("package", PROGRAMS)
def test_statements_and_executed_lines_are_those_of_coverage_json_for_every_file(
    tree: Tree, package: str, branch: str
) -> None:
    ini = tree.write("cov.ini", f"[run]\nsource_pkgs = {package}\ndata_file = p.coverage\nbranch = {branch}\n")
    tree.write("main.py", PROGRAMS[package])
    for words in (["run", "--rcfile=cov.ini", "main.py"], ["json", "--rcfile=cov.ini", "-q", "-o", "theirs.json"]):
        subprocess.run([sys.executable, "-m", "coverage", *words], check=True)
    theirs = json.loads((tree.root / "theirs.json").read_text())
    files = {str(Path(file).resolve()): facts for file, facts in theirs["files"].items()}
    inventory = build_inventory(ini)
    assert len(files) > 15
    assert {source.file: len(source.statements) for source in inventory.files} == {
        file: facts["summary"]["num_statements"] for file, facts in files.items()
    }
    document = profile_document(report_profile(SymbolIndex(inventory), read_artifact(tree.root, Slug("p"))))
    places = {symbol.place: symbol.file for symbol in inventory.symbols}
    for module in document["modules"]:
        facts, executed = files[places[module["file"]]], set(module["executed_lines"])
        # Old versions of coverage.py also list executed lines that they do not count, such as docstrings.
        assert executed <= set(facts["executed_lines"]), module["file"]
        assert len(executed) == facts["summary"]["covered_lines"], module["file"]
        assert not executed & set(facts["missing_lines"]), module["file"]
    summary, totals = document["summary"], theirs["totals"]
    assert summary["file_count"] == len(files)
    assert (summary["lines_covered"], summary["lines_total"]) == (totals["covered_lines"], totals["num_statements"])
    if branch == "false":
        assert summary["coverage_percent"] == totals["percent_covered"]
    assert CALLED[package] in {symbol["name"] for symbol in document["symbols"] if symbol["covered"]}
