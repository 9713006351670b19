"""The same Markdown works in three places: the repository, the docs site and PyPI."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> Any:
    spec = importlib.util.spec_from_file_location("docs_site", ROOT / "tools" / "docs_site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_link_or_picture_of_the_readme_is_relative_on_pypi() -> None:
    words = [sys.executable, "-m", "hatchling", "metadata", "readme"]
    readme = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"\]\(([^)]*)\)|(?:src|srcset|href)=\"([^\"]*)\"", readme)
    links = [link or picture for link, picture in targets]
    assert len(links) > 20
    assert [link for link in links if not link.startswith(("https://", "#"))] == []


def test_the_address_of_the_repository_is_the_same_in_the_readme_and_in_the_urls(tool: Any) -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    repository = tool.repository()
    places = re.findall(r"https://(?:raw\.githubusercontent|github)\.com/([\w-]+/[\w-]+)", text)
    assert len(places) >= 5
    assert {f"https://github.com/{each}" for each in places} == {repository}


def test_each_page_is_in_the_navigation_under_its_heading(tool: Any) -> None:
    navigation = tool.make_navigation()
    sections = [title for each in navigation for title in each]
    assert sections == ["Home", "Tutorial", "How-to", "Reference", "Explanation", "Changes", "Repository"]

    def pages(entries: list[dict[str, Any]]) -> list[str]:
        values = [value for entry in entries for value in entry.values()]
        return [page for value in values for page in (pages(value) if isinstance(value, list) else [value])]

    listed = pages(navigation[:-1])
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert len(listed) == len(set(listed))
    assert set(listed) == there | {"index.md", "changelog.md"}
    assert {"Flask": "how-to/flask.md"} in navigation[2]["How-to"][0]["Add it"]


def test_links_lead_to_pages_of_the_site_or_to_the_repository_and_code_is_left_alone(
    tool: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_REF_TYPE", "tag")
    monkeypatch.setenv("GITHUB_REF_NAME", "v1.2.3")
    home = tool.rewrite(ROOT / "README.md")
    assert "](contents.md)" in home
    assert "](how-to/rq.md)" in home
    assert f"]({tool.repository()}/blob/v1.2.3/tests/README.md)" in home
    assert f"]({tool.repository()}/tree/v1.2.3/artifacts/example)" in home
    assert "(pictures/dashboard-dark.png#only-dark)" in home
    assert tool.rewrite(ROOT / "docs" / "how-to" / "flask.md") == (ROOT / "docs/how-to/flask.md").read_text("utf-8")


def test_what_a_page_would_fetch_from_another_host_is_found(tool: Any, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<script src="https://cdn.example/x.js"></script><a href="https://fine.example">x</a><img src="here.png">'
        '<link rel="stylesheet" href=//fonts.example/a.css>'
    )
    (tmp_path / "page.css").write_text("@font-face { src: url(https://fonts.example/b.woff2) } a { b: url(c.png) }")
    assert list(tool.list_loaded(tmp_path)) == [
        "page.css fetches https://fonts.example/b.woff2 from elsewhere",
        "page.html fetches https://cdn.example/x.js from elsewhere",
        "page.html fetches //fonts.example/a.css from elsewhere",
    ]


def test_the_words_of_the_code_are_names_in_the_code() -> None:
    page = (ROOT / "docs" / "explanation" / "words.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| [\w ]+ \| `(\w+)` \|", page, re.MULTILINE)
    names = {
        node.name
        for path in (ROOT / "src" / "profcov").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    assert len(words) > 10
    assert set(words) - names == set()
