"""Mutations of whole files and of what is no code: templates, data, profiles, configuration, layout, names of files; and start-up code."""

from __future__ import annotations

import ast
import re
from functools import partial
from typing import TYPE_CHECKING, Final

from mutation import kind, put, replace_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mutation import Candidate, Demo

START_UP: Final = ("app.py", "api.py", "wsgi.py", "asgi.py")


@kind(2)
def change_template_text(demo: Demo) -> Iterator[Candidate]:
    for path, content in demo.files.items():
        if path.endswith(".html"):
            for found in re.finditer(rb"(?<=>)[^<>{}%\n]{3,}(?=<)", content):
                yield put(path, content[: found.end()] + b" (new)" + content[found.end() :])


@kind(2)
def change_template_expression(demo: Demo) -> Iterator[Candidate]:
    for path, content in demo.files.items():
        if path.endswith(".html"):
            for found in re.finditer(rb"\{\{.*?\}\}", content):
                yield put(path, content[: found.start()] + b"{{ 1 }}" + content[found.end() :])
                yield put(path, content[: found.start()] + b"{{ nothing.of.this }}" + content[found.end() :])


@kind()
def change_style(demo: Demo) -> Iterator[Candidate]:
    base = demo.files["templates/base.html"]
    for found in re.finditer(rb"#[0-9a-f]{6}", base):
        yield put("templates/base.html", base[: found.start()] + b"#123456" + base[found.end() :])


@kind()
def delete_template(demo: Demo) -> Iterator[Candidate]:
    yield from (put(path, None) for path in demo.files if path.endswith(".html"))


@kind()
def new_template(demo: Demo) -> Iterator[Candidate]:
    yield put("templates/unused.html", b"<p>unused</p>\n")
    yield put("templates/results.txt", b"unused\n")
    yield put("watershed/templates/results.html", b"<p>found by nobody</p>\n")


@kind()
def template_without_base(demo: Demo) -> Iterator[Candidate]:
    for path in ("templates/results.html", "templates/error.html"):
        yield put(path, demo.files[path].replace(b'{% extends "base.html" %}', b""))


@kind(2)
def change_data(demo: Demo) -> Iterator[Candidate]:
    for path in ("watershed/data/daymet.csv", "profiles/data/daymet.csv", "profiles/data/dem.asc"):
        lines = demo.files[path].splitlines(keepends=True)
        for number in range(0, len(lines), 7):
            yield put(
                path, b"".join([*lines[:number], re.sub(rb"\d(?=\D*$)", b"7", lines[number]), *lines[number + 1 :]])
            )
            yield put(path, b"".join([*lines[:number], *lines[number + 1 :]]))


@kind()
def delete_data(demo: Demo) -> Iterator[Candidate]:
    yield put("watershed/data/daymet.csv", None)
    yield put("profiles/data/daymet.csv", None)


@kind()
def new_data(demo: Demo) -> Iterator[Candidate]:
    yield put("watershed/data/daymet-2.csv", demo.files["watershed/data/daymet.csv"])
    yield put("watershed/daymet.csv", b"year,yday\n")
    yield put("profiles/data/slope.asc", b"ncols 3\n")


@kind(2)
def change_profile(demo: Demo) -> Iterator[Candidate]:
    swaps = {
        b"area_ha: 6": b"area_ha: 5", b"method: wbt": b"method: topaz", b"seed: 42": b"seed: 43", b"depth_mm: 75": b"depth_mm: 76",
        b"practice: contour": b"practice: strips", b"radius_m: 300": b"radius_m: 200", b"name: palouse": b"name: other",
        b"furlongs": b"cubits", b"tarot": b"dice", b"status: 409": b"status: 400", b"years: 20": b"years: 3",
    }  # fmt: skip
    for path, content in demo.files.items():
        if path.endswith(".yaml"):
            for old, new in swaps.items():
                if old in content:
                    yield put(path, content.replace(old, new))


@kind()
def describe_profile_otherwise(demo: Demo) -> Iterator[Candidate]:
    for path, content in demo.files.items():
        if path.endswith(".yaml"):
            yield put(path, re.sub(rb"(?m)^description: .*$", b"description: in other words", content))
            yield put(path, content + b"# a comment\n")


@kind()
def change_coverage_configuration(demo: Demo) -> Iterator[Candidate]:
    path = "coverage.profile-playback.ini"
    yield put(path, demo.files[path] + b"# a comment\n")
    yield put(path, demo.files[path].replace(b"branch = false", b"branch = true"))


@kind()
def new_text_file(demo: Demo) -> Iterator[Candidate]:
    yield put("NOTES.md", b"# Notes\n")
    yield put("watershed/README", b"notes\n")
    yield put("settings.json", b"{}\n")
    yield put("py.typed", b"")


@kind()
def new_module(demo: Demo) -> Iterator[Candidate]:
    """One that nobody imports; its name may be that of a library's module."""
    for name in (
        "later",
        "json",
        "uuid",
        "flask",
        "conftest",
        "sitecustomize",
        "watershed/math",
        "watershed/csv",
        "watershed/later",
    ):
        yield put(f"{name}.py", b'"""New."""\n\nraise RuntimeError("imported")\n')


@kind()
def package_in_place_of_module(demo: Demo) -> Iterator[Candidate]:
    """A package hides the module of its name."""
    for source in demo.sources:
        stem = source.path.removesuffix(".py")
        if not stem.endswith("__init__"):
            yield put(f"{stem}/__init__.py", b'"""Hides a module."""\n')
            yield put(f"{stem}/__init__.py", source.content)
            yield put(f"{stem}/later.py", b"VALUE = 1\n")  # no package: the module wins


@kind()
def delete_module(demo: Demo) -> Iterator[Candidate]:
    yield from (put(source.path, None) for source in demo.sources)


@kind()
def move_module(demo: Demo) -> Iterator[Candidate]:
    """A module moves, and leaves what sends its importers there."""
    for source in demo.sources:
        if source.path.startswith("watershed/") and not source.path.endswith("__init__.py"):
            name = source.path.removesuffix(".py").replace("/", ".")
            new = source.path.replace(".py", "_2.py")
            shim = f"from profcov.demo.{name}_2 import *\nfrom profcov.demo.{name}_2 import __dict__ as _all\nglobals().update(_all)\n"
            better = f"import sys\n\nimport profcov.demo.{name}_2\n\nsys.modules[__name__] = profcov.demo.{name}_2\n"
            for text in (shim, better):
                yield (
                    source.path,
                    partial(dict[str, bytes | None], {source.path: text.encode(), new: source.content}),
                )


@kind()
def change_package_init(demo: Demo) -> Iterator[Candidate]:
    new = (
        b"\nfrom profcov.demo.watershed import climate as _climate\n\n_climate.DAYS_A_YEAR = 360\n",
        b"\nfrom profcov.demo.watershed.erosion import Loss as Loss\n",
        b"\nimport profcov.demo.watershed.soils as _soils\n\n_soils.erodibility = lambda *parts: 0.3\n",
        b"\nfrom profcov.demo.watershed.landuse import map_landuse as landuse\n",
        b"\nVALUE = 1\n",
        b"\n\ndef __getattr__(name):\n    raise AttributeError(name)\n",
        b"\n__all__ = ['climate']\n",
    )
    for each in new:
        yield put("watershed/__init__.py", demo.files["watershed/__init__.py"] + each)
    yield put("__init__.py", demo.files["__init__.py"] + b"\nVALUE = 1\n")
    yield put("__init__.py", demo.files["__init__.py"] + b"\nraise ImportError('broken')\n")
    yield put("__init__.py", None)
    yield put("watershed/__init__.py", None)


@kind()
def module_getattr_or_all(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield source.path, source.append("def __getattr__(name):\n    raise AttributeError(name)")
        yield source.path, source.append("__all__ = []")


@kind()
def delete_start_up_statement(demo: Demo) -> Iterator[Candidate]:
    """Statements of the factories, and of the modules that servers name."""
    for source in demo.sources:
        if source.path in START_UP:
            for function in source.functions():
                if function.name.startswith("create_"):
                    yield from ((source.at(node), source.replace(node, "pass")) for node in function.body[1:])
            if source.path in {"wsgi.py", "asgi.py"}:
                yield from ((source.at(node), source.replace(node, "pass")) for node in source.module_level())


@kind()
def change_start_up(demo: Demo) -> Iterator[Candidate]:
    for path, old, new in (
        ("app.py", b"MAX_UPLOAD = 4 * 1024 * 1024", b"MAX_UPLOAD = 1024"),
        ("app.py", b"MAX_UPLOAD = 4 * 1024 * 1024", b"MAX_UPLOAD = 5 * 1024 * 1024"),
        ("app.py", b"Flask(__name__)", b"Flask('other')"),
        ("app.py", b"    return app\n", b"    app.json.sort_keys = False\n    return app\n"),
        ("app.py", b"    return app\n", b"    app.after_request(lambda answer: answer)\n    return app\n"),
        ("app.py", b"    return app\n", b"    app.before_request(lambda: ('no', 503))\n    return app\n"),
        ("app.py", b"    return app\n", b"    app.config['NEW'] = 1\n    return app\n"),
        ("app.py", b"if trace:", b"if not trace:"),
        ("api.py", b"if trace:", b"if not trace:"),
        ("api.py", b"            yield\n", b"            yield {}\n"),
        ("api.py", b"app.state.redis = redis", b"app.state.redis = None"),
        ("api.py", b"    return app\n", b"    app.debug = True\n    return app\n"),
        ("wsgi.py", b"app = create_app()", b"app = create_app(trace=False)"),
        ("wsgi.py", b"install()\n", b"install()\ninstall()\n"),
        ("asgi.py", b"app = create_api()", b"app = create_api(trace=False)"),
        ("asgi.py", b"app = create_api()", b"app = create_api\n"),
    ):
        yield replace_text(demo, path, old, new)


@kind()
def read_environment(demo: Demo) -> Iterator[Candidate]:
    for path, old, new in (
        ("runs.py", b"KEEP_SECONDS: Final = 24 * 60 * 60", b"KEEP_SECONDS: Final = int(__import__('os').environ.get('DEMO_KEEP', '86400'))"),
        ("watershed/climate.py", b"EROSIVE_MM: Final = 12.7", b"EROSIVE_MM: Final = float(__import__('os').environ.get('DEMO_MM', '12.7'))"),
        ("watershed/erosion.py", b"PLOT_M: Final = 22.13", b"PLOT_M: Final = float(__import__('os').environ['DEMO_PLOT'])"),
        ("watershed/summary.py", b"WORST: Final = 5", b"WORST: Final = int(__import__('os').environ.get('DEMO_WORST', '4'))"),
    ):  # fmt: skip
        yield replace_text(demo, path, old, new)


@kind()
def add_comment(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield from ((source.at(node), source.before(node, "# a comment")) for node in source.statements())


@kind()
def add_blank_lines(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield source.path, partial(source.substitute, b"\n\n\n", b"\n\n\n\n")
        yield source.path, partial(source.substitute, source.content, ast.unparse(source.tree).encode() + b"\n")


@kind()
def change_line_ends(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield put(source.path, source.content.replace(b"\n", b"\r\n"))


@kind()
def change_encoding(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield put(source.path, b"\xef\xbb\xbf" + source.content)
        yield put(source.path, b"# -*- coding: latin-1 -*-\n" + source.content)


@kind()
def syntax_error(demo: Demo) -> Iterator[Candidate]:
    for source in demo.sources:
        yield source.path, source.append("def broken(:\n    pass")


@kind()
def two_changes(demo: Demo) -> Iterator[Candidate]:
    """A constant and a text in two files at once."""
    new = demo.files["watershed/summary.py"].replace(b'"severe"', b'"worst"')
    for path, old, other in (
        ("watershed/storm.py", b"STEP_H: Final = 0.1", b"STEP_H: Final = 0.2"),
        ("watershed/wbt.py", b'"strahler": strahler', b'"order": strahler'),
        ("pages.py", b"CHART_HEIGHT: Final = 100.0", b"CHART_HEIGHT: Final = 90.0"),
        ("jobs.py", b"KEEP_SECONDS = 3600", b"KEEP_SECONDS = 7200"),
    ):
        yield (
            path,
            partial(dict[str, bytes | None], {path: demo.files[path].replace(old, other), "watershed/summary.py": new}),
        )
