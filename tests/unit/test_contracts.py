from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "profcov"
OWN_FRAMEWORK = {
    "web/django.py": "django",
    "web/flask.py": "flask",
    "web/quart.py": "quart",
    "queues/rq.py": "rq",
    "queues/covered.py": "rq",
    "wire/signature.py": "itsdangerous",  # an extra: without it signed slugs are refused
    "zero_code/site/sitecustomize.py": "sitecustomize",
}
NEWER_PYTHONS = {"annotationlib", "_interpreters"}
RECORDING = ("recording", "web", "queues", "zero_code", "tracing.py", "startup.py", "status.py")
WAIST = (
    "store",
    "wire",
    "configuration",
    "settings.py",
    "slug.py",
    "reasons.py",
    "brief_lock.py",
    "errors.py",
    "version.py",
)


def list_modules(names: tuple[str, ...]) -> list[Path]:
    places = [PACKAGE / name for name in names]
    return [path for place in places for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]


def find_imports(path: Path) -> set[str]:
    """Return the top-level names that a module imports, at its top, in a function, or by ``import_module`` of a literal."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)}
    return {name.partition(".")[0] for name in found}


def test_recording_and_the_waist_import_the_standard_library_and_coverage_only() -> None:
    allowed = {*sys.stdlib_module_names, *NEWER_PYTHONS, "profcov", "coverage"}
    modules = list_modules((*RECORDING, *WAIST))
    assert len(modules) > 80
    extra = {str(path.relative_to(PACKAGE)): find_imports(path) - allowed for path in modules}
    assert {name: found for name, found in extra.items() if found} == {
        name: {framework} for name, framework in OWN_FRAMEWORK.items()
    }


@pytest.mark.parametrize(
    ("place", "line"),
    [("startup.py", "import requests"), ("queues/horse.py", "import requests"), ("web/django.py", "import click")],
)
def test_a_forbidden_library_is_found(tmp_path: Path, place: str, line: str) -> None:
    copy = tmp_path / "copy.py"
    copy.write_text(f"{(PACKAGE / place).read_text()}\n\ndef later():\n    {line}\n")
    assert find_imports(copy) - find_imports(PACKAGE / place) == {line.removeprefix("import ")}


def test_each_contract_breaks_and_a_module_without_a_place_is_refused(tmp_path: Path) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    shutil.copytree(PACKAGE, tmp_path / "profcov", ignore=shutil.ignore_patterns("__pycache__", "static", "demo"))
    (tmp_path / "profcov" / "demo").mkdir()
    for name in ("__init__", "run", "table"):
        (tmp_path / "profcov" / "demo" / f"{name}.py").touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert run_linter(tmp_path) == {contract["name"]: "KEPT" for contract in contracts}
    for contract in contracts:
        for source in contract.get("source_modules", contract.get("containers")):
            place = tmp_path / "profcov" / Path(*source.split(".")[1:])
            file = place / "newcomer.py" if place.is_dir() else place.with_suffix(".py")
            before = file.read_text() if file.exists() else None
            file.write_text((before or "") + "\nimport profcov.cli.main\nimport profcov.recording.recorder\n")
            assert run_linter(tmp_path)[contract["name"]] == "BROKEN", source
            file.unlink() if before is None else file.write_text(before)
    layered = [contract for contract in contracts if contract["type"] == "layers"]
    for contract in layered:
        top, bottom = (re.split(" [|:] ", contract["layers"][end])[0] for end in (0, -1))
        place = tmp_path / Path(*contract["containers"][0].split("."), bottom)
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        file.write_text(f"{file.read_text()}\nimport {contract['containers'][0]}.{top}\n")
    verdicts = run_linter(tmp_path)
    assert {contract["name"]: verdicts[contract["name"]] for contract in layered} == {
        contract["name"]: "BROKEN" for contract in layered
    }


def run_linter(directory: Path) -> dict[str, str]:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(directory), "COLUMNS": "200"},
    )
    ends = (" KEPT", " BROKEN")
    lines = [line.partition(" (")[0] for line in done.stdout.splitlines()]
    verdicts = dict(line.rsplit(" ", 1) for line in lines if line.endswith(ends))
    assert verdicts, done.stdout + done.stderr
    return verdicts


def test_nothing_in_the_recording_half_asserts() -> None:
    asserting = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in list_modules((*RECORDING, *WAIST))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Name) and node.id == "AssertionError")
    ]
    assert asserting == []


@pytest.mark.parametrize("package", ["store", "wire"])
def test_each_module_of_the_waist_has_its_tests_in_the_same_place(package: str) -> None:
    modules = {path.stem for path in (PACKAGE / package).glob("*.py")} - {"__init__"}
    tests = {path.stem.removeprefix("test_") for path in (ROOT / "tests/unit" / package).glob("test_*.py")}
    assert modules - tests == set()
