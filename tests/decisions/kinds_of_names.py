"""Mutations of what modules define and import: constants, functions with their parameters and decorators, imports, scopes."""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING

from mutation import bodies, increase, is_docstring, kind, replace_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutation import Candidate, Change, Demo


@kind(3)
def change_module_constant(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for name, value in source.constants():
            for node in [value, *source.walk(value)]:
                if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
                    yield f"{source.path} {name}", source.replace(node, repr(increase(node.value, 7)))


@kind()
def drop_from_module_constant(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for name, value in source.constants():
            if isinstance(value, ast.Tuple) and len(value.elts) > 1:
                yield (
                    f"{source.path} {name}",
                    source.replace(value, b"(" + b", ".join(map(source.text, value.elts[:-1])) + b",)"),
                )
            elif isinstance(value, ast.Dict) and len(value.values) > 1:
                pairs = [
                    source.text(key) + b": " + source.text(each)
                    for key, each in zip(value.keys, value.values, strict=True)
                    if key
                ]
                yield f"{source.path} {name}", source.replace(value, b"{" + b", ".join(pairs[1:]) + b"}")


@kind()
def reorder_module_constant(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for name, value in source.constants():
            if isinstance(value, ast.Tuple) and len(value.elts) > 1:
                texts = [source.text(each) for each in reversed(value.elts)]
                yield f"{source.path} {name}", source.replace(value, b"(" + b", ".join(texts) + b")")


@kind()
def delete_module_constant(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.tree.body:
            if isinstance(node, ast.AnnAssign | ast.Assign):
                yield source.at(node), source.replace(node, "")


@kind()
def rename_module_constant(demo: Demo) -> Iterator[Candidate]:
    """A careful rename, in the whole application: nothing behaves differently."""
    for source in demo.sources:
        for name, _ in source.constants():
            if re.fullmatch("[A-Z_]{5,}", name):
                yield (
                    f"{source.path} {name}",
                    partial(_rename_everywhere, demo, name),
                )


@kind()
def new_module_constant(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield from ((source.at(node), source.before(node, "NEW_ONE = 1")) for node in source.module_level())


@kind()
def redefine_name_at_the_end(demo: Demo) -> Iterator[Candidate]:
    """An assignment or a function at the end of a module wins over what it had under that name."""
    for source in demo.sources:
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and not node.decorator_list:
                yield source.at(node), source.append(f"def {node.name}(*args, **options):\n    return None")
                yield (
                    source.at(node),
                    source.append(
                        f"_kept = {node.name}\n\n\ndef {node.name}(*args, **options):\n    return _kept(*args, **options)"
                    ),
                )
        for name, value in source.constants():
            if isinstance(value, ast.Constant) and isinstance(value.value, int | float):
                yield f"{source.path} {name}", source.append(f"{name} = {name} * 2")


@kind()
def module_level_effect(demo: Demo) -> Iterator[Candidate]:
    """A statement at the end of a module changes what another one has."""
    effects = (
        "import math\nmath.tau = 0",
        "import profcov.demo.watershed.climate as other\nother.EROSIVE_MM = 1.0",
        "import profcov.demo.watershed.erosion as other\nother.MAX_LENGTH_M = 10.0",
        "import profcov.demo.runs as other\nother.STEPS = other.STEPS[::-1]",
        "import profcov.demo.watershed.summary as other\nother.classify_loss = lambda gross: 'slight'",
        "import os\nos.environ.setdefault('NEW_VARIABLE', '1')",
        "print(__name__)",
    )
    for source in demo.sources:
        yield from ((source.path, source.append(effect)) for effect in effects)


@kind()
def module_level_raise(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield source.path, source.append('raise RuntimeError("at import")')


@kind(2)
def change_default(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            for node in (*function.args.defaults, *function.args.kw_defaults):
                if isinstance(node, ast.Constant):
                    yield source.at(function), source.replace(node, repr(increase(node.value, 5)))


@kind()
def remove_default(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            if function.args.defaults:
                start = source.span(function.args.args[-1])[1]
                end = source.span(function.args.defaults[-1])[1]
                yield source.at(function), partial(source.put, (start, end, b""))


@kind()
def add_parameter(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            arguments = function.args.args
            if arguments and not function.args.defaults:
                node = arguments[-1]
                yield source.at(function), source.replace(node, source.text(node) + b", new_one=None")
                yield source.at(function), source.replace(node, source.text(node) + b", new_one")


@kind()
def rename_parameter(demo: Demo) -> Iterator[Candidate]:
    """Here only: callers that give it by name, and routes, break."""
    for source in demo.sources:
        for function in source.functions():
            for argument in (*function.args.args, *function.args.kwonlyargs):
                names = [
                    node for node in source.walk(function) if isinstance(node, ast.Name) and node.id == argument.arg
                ]
                spans = [source.span(node) for node in names if node.lineno > bodies(function)[0].lineno - 1]
                start = source.span(argument)[0]
                edits = [
                    *((*span, b"renamed") for span in spans),
                    (start, start + len(argument.arg.encode()), b"renamed"),
                ]
                if argument.arg not in {"self", "cls"}:
                    yield source.at(function), partial(source.put, *edits)


@kind()
def rename_function(demo: Demo) -> Iterator[Candidate]:
    """Where it is defined only."""
    for source in demo.sources:
        for function in source.functions():
            start = source.content.index(b"def ", source.starts[function.lineno - 1]) + 4
            edit = start, start + len(function.name), function.name.encode() + b"_2"
            yield source.at(function), partial(source.put, edit)


@kind()
def delete_function(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield source.at(node), source.replace(node, "")


@kind()
def make_generator(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            yield source.at(function), source.after(function.body[-1], "if False:\n    yield")


@kind()
def change_async(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            start = source.starts[function.lineno - 1] + function.col_offset
            if isinstance(function, ast.FunctionDef):
                yield source.at(function), partial(source.put, (start, start, b"async "))
            elif not any(isinstance(node, ast.Await | ast.AsyncWith | ast.AsyncFor) for node in source.walk(function)):
                yield source.at(function), partial(source.put, (start, start + 6, b""))


@kind()
def make_name_local(demo: Demo) -> Iterator[Candidate]:
    """An assignment at the end of a function makes a module's name local to it: each use before is an error."""
    for source in demo.sources:
        names = [name for name, _ in source.constants()]
        for function in source.functions():
            used = sorted(
                {node.id for node in source.walk(function) if isinstance(node, ast.Name) and node.id in names}
            )
            for name in used:
                yield source.at(function), source.after(function.body[-1], f"if False:\n    {name} = 1")


@kind()
def declare_global(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            own = bodies(function)
            for node in own:
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    yield source.at(function), source.before(own[0], f"global {node.targets[0].id}")


@kind()
def remove_decorator(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.walk():
            for decorator in getattr(node, "decorator_list", ()):
                start, end = source.starts[decorator.lineno - 1], source.starts[decorator.end_lineno]
                yield source.at(decorator), partial(source.put, (start, end, b""))


@kind()
def add_decorator(demo: Demo) -> Iterator[Candidate]:
    new = (
        "@__import__('functools').lru_cache",
        "@(lambda function: lambda *args, **options: function(*args, **options))",
        "@(lambda function: lambda *args, **options: None)",
        "@staticmethod",
    )
    for source in demo.sources:
        for function in source.functions():
            yield from ((source.at(function), source.before(function, decorator)) for decorator in new)


@kind()
def change_route(demo: Demo) -> Iterator[Candidate]:
    for path, old, new in (
        ("routes.py", b'.get("/runs/', b'.get("/run/'),
        ("routes.py", b'/dem")', b'/grid")'),
        ("routes.py", b'.post("/runs")', b'.put("/runs")'),
        ("routes.py", b'url_prefix="/api"', b'url_prefix="/api/v2"'),
        ("routes.py", b"@routes.delete", b"@routes.patch"),
        ("pages.py", b"<run_id>/results", b"<int:run_id>/results"),
        ("pages.py", b"errorhandler(RunMissingError)", b"errorhandler(KeyError)"),
        ("api.py", b'"summary": show_summary', b'"sum": show_summary'),
        ("api.py", b'methods=["POST"]', b'methods=["PUT"]'),
        ("api.py", b"HTTPException: _answer_http", b"LookupError: _answer_http"),
        ("app.py", b"ModelError, _answer(400)", b"ModelError, _answer(422)"),
        ("app.py", b"StepMissingError, _answer(409)", b"StepMissingError, _answer(425)"),
    ):
        yield replace_text(demo, path, old, new)


@kind(2)
def delete_import(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.walk():
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield source.at(node), source.replace(node, "pass")


@kind()
def swap_import(demo: Demo) -> Iterator[Candidate]:
    """A name comes from where another thing has it: ``from x import a as b``."""
    for source in demo.sources:
        for node in source.tree.body:
            if isinstance(node, ast.ImportFrom) and len(node.names) > 1 and node.module != "__future__":
                one, other = node.names[0].name, node.names[1].name
                names = [f"{one} as {other}", f"{other} as {one}", *(each.name for each in node.names[2:])]
                yield source.at(node), source.replace(node, f"from {node.module} import {', '.join(names)}")


@kind()
def import_all(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.tree.body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("profcov.demo"):
                yield source.at(node), source.after(node, f"from {node.module} import *")


@kind()
def new_import(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        first = source.module_level()[:1]
        for node in first:
            yield source.at(node), source.before(node, "import json.tool")
            yield source.at(node), source.before(node, "import no_such_module")
            yield source.at(node), source.before(node, "from profcov.demo.runs import *")


@kind()
def import_within_function(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.tree.body:
            if isinstance(node, ast.ImportFrom) and len(node.names) == 1 and node.module != "__future__":
                name = node.names[0].name
                users = [
                    each
                    for each in source.functions()
                    if any(isinstance(leaf, ast.Name) and leaf.id == name for leaf in source.walk(each))
                ]
                if len(users) == 1:
                    at = source.span(bodies(users[0])[0])[0]
                    line = source.text(node) + b"\n" + source.indent(bodies(users[0])[0])
                    yield (
                        source.at(node),
                        partial(source.put, (at, at, line), (*source.span(node), b"")),
                    )


@kind()
def drop_future_import(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield (
            source.path,
            partial(source.substitute, b"from __future__ import annotations", b""),
        )


@kind()
def change_annotation(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for function in source.functions():
            for argument in function.args.args:
                if argument.annotation is not None:
                    yield source.at(function), source.replace(argument.annotation, "object")
            if function.returns is not None:
                yield source.at(function), source.replace(function.returns, "object")


@kind()
def rename_local_name(demo: Demo) -> Iterator[Candidate]:
    """In the whole function: nothing behaves differently."""
    for source in demo.sources:
        for function in source.functions():
            names = [node for node in source.walk(function) if isinstance(node, ast.Name)]
            stored = sorted({node.id for node in names if isinstance(node.ctx, ast.Store)})
            if not any(isinstance(node, ast.JoinedStr | ast.Nonlocal | ast.Global) for node in source.walk(function)):
                for name in stored:
                    edits = [(*source.span(node), name.encode() + b"_2") for node in names if node.id == name]
                    yield source.at(function), partial(source.put, *edits)


@kind()
def extract_function(demo: Demo) -> Iterator[Candidate]:
    """A function's body moves into another of the same parameters: nothing behaves differently."""
    for source in demo.sources:
        for node in source.tree.body:
            if (
                isinstance(node, ast.FunctionDef)
                and not node.decorator_list
                and not node.args.kwonlyargs
                and not node.args.defaults
            ):
                words = ", ".join(each.arg for each in node.args.args)
                new = source.text(node).replace(b"def " + node.name.encode(), b"def _do_" + node.name.encode(), 1)
                call = f"\n\n\ndef {node.name}({words}):\n    return _do_{node.name}({words})"
                yield source.at(node), source.replace(node, new + call.encode())


@kind()
def change_docstring(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        for node in source.walk():
            if isinstance(node, ast.Expr) and is_docstring(node):
                yield source.at(node), source.replace(node, '"""Other words."""')


def _rename_everywhere(demo: Demo, name: str) -> Change:
    word = re.compile(rb"\b%s\b" % name.encode())
    return {each.path: word.sub(name.encode() + b"_2", each.content) for each in demo.sources}
