"""The docs site: ``make docs`` builds README.md, CHANGELOG.md and docs/ with Zensical into build/docs/; a warning is an error.

``--deploy VERSION`` commits what was built to the branch ``gh-pages`` as that version and as ``latest``, with mike; pushing is left to
the release workflow. Links that leave the site lead to the repository, to the commit's tag if there is one.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
SITE: Final = ROOT / "build" / "docs"
CONFIG: Final = ROOT / "zensical.toml"
HOME: Final = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "docs/README.md": "contents.md"}
"""Pages that have another place on the site than ``docs/x.md``, which is ``x.md`` there."""

FENCE: Final = re.compile(r"(^```.*?^```$|`[^`\n]*`)", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"(?<=\]\()([^)\s#]+)")
PICTURE: Final = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="(.*?)">\s*<img alt="(.*?)" src="(.*?)">\s*</picture>'
)
SECTION: Final = re.compile(r"^(##+) (.+)$|\[([^\]]*)\]\(([\w/-]+\.md)\)", re.MULTILINE)
ALONE: Final = "---\nhide: [navigation]\n---\n"
"""A page that has no others beside it leaves the place of the navigation to its text."""
LOADED: Final = re.compile(
    r"""(?:<(?:script|img|source|iframe)[^>]*\ssrc(?:set)?=|<link[^>]*\srel=["']?(?:stylesheet|icon|preconnect)[^>]*\shref=|url\()["']?((?:https?:)?//[^"'\s>)]+)"""
)
STYLE: Final = """
.md-grid { max-width: 72rem; }
.md-typeset td code { word-break: normal; overflow-wrap: normal; }
.md-typeset td:first-child code { white-space: nowrap; }
.md-typeset td:last-child { min-width: 14rem; }
"""
"""A setting's name is read in one piece: on a narrow screen, the table scrolls."""


def main() -> int:
    """Build the site; commit it as a version, if asked to."""
    parser = argparse.ArgumentParser(description="Build the docs site into build/docs/.")
    parser.add_argument(
        "--deploy", metavar="VERSION", help="commit it to the branch gh-pages as this version and as latest"
    )
    version = parser.parse_args().deploy
    if version is None:
        build()
        print(
            f"open {SITE.relative_to(ROOT)}/index.html, or: python -m http.server --directory {SITE.relative_to(ROOT)}"
        )
    else:
        deploy(version)
    return 0


def deploy(version: str) -> None:
    """Commit the site to the branch ``gh-pages``, in directories ``<version>`` and ``latest``."""
    from mike import commands  # noqa: PLC0415 (the building needs none)

    os.chdir(ROOT)  # mike works on the repository around
    config = {"site_dir": str(SITE), "use_directory_urls": True}
    once_more = {"allow_empty": True}  # a second try of a release
    options: dict[str, Any] = {"aliases": ["latest"], "update_aliases": True, "alias_type": commands.AliasType.copy}
    with commands.deploy(config, version, message=f"Docs of {version}", **options, **once_more):
        build('[project.extra.version]\nprovider = "mike"\n')
    commands.set_default("latest", message=f"Docs: {version} is the latest", **once_more)


def build(more: str = "") -> None:
    """Build the site in a directory of its own, and put it in place if it is whole; ``more`` is configuration."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_pages(place / "docs")
        navigation = json.dumps(make_navigation(), ensure_ascii=False).replace('": ', '" = ')
        text = CONFIG.read_text(encoding="utf-8").replace("[project]\n", f"[project]\nnav = {navigation}\n", 1)
        (place / CONFIG.name).write_text(text + more, encoding="utf-8")
        words = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
        environ = {**os.environ, "NO_COLOR": "1"}
        done = subprocess.run(words, cwd=place, env=environ, capture_output=True, text=True, check=False)
        found = [*list_loaded(place / "site")] if done.returncode == 0 else []
        if done.returncode or found:
            sys.exit("\n".join([done.stdout, done.stderr, *found]))
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.copytree(place / "site", SITE)


def write_pages(place: Path) -> None:
    """Copy the pages, their pictures and schemas to where they stand on the site, with links that lead there."""
    for source in [*(ROOT / "docs").rglob("*"), *(ROOT / name for name in HOME)]:
        if source.is_file():
            target = place / find_place(source)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.suffix == ".md":
                target.write_text(rewrite(source), encoding="utf-8")
            else:
                shutil.copyfile(source, target)
    (place / "site.css").write_text(STYLE, encoding="utf-8")


def find_place(source: Path) -> str:
    """Return where a file stands on the site, relative to its root."""
    name = source.relative_to(ROOT).as_posix()
    return HOME.get(name, name.removeprefix("docs/"))


def rewrite(source: Path) -> str:
    """Return a page with its links as they are on the site; code is left alone."""

    def relink(match: re.Match[str]) -> str:
        target = match[1]
        linked = (source.parent / target).resolve()
        if "://" in target or not linked.exists():
            return target  # the build complains of what leads nowhere
        name = linked.relative_to(ROOT).as_posix()
        if name in HOME or (name.startswith("docs/") and linked.is_file()):
            return os.path.relpath(find_place(linked), Path(find_place(source)).parent)
        return f"{repository()}/{'tree' if linked.is_dir() else 'blob'}/{revision()}/{name}"

    text = PICTURE.sub(r"![\2](\3#only-light) ![\2](\1#only-dark)", source.read_text(encoding="utf-8"))
    parts = FENCE.split(text)
    alone = ALONE if source.relative_to(ROOT).as_posix() in HOME else ""
    return alone + "".join(part if number % 2 else LINK.sub(relink, part) for number, part in enumerate(parts))


def repository() -> str:
    """Return the address of the repository."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    address: str = tomllib.loads(text)["project"]["urls"]["Repository"]
    return address


def revision() -> str:
    """Return the branch or tag that links lead to: a tag while one is released."""
    return os.environ["GITHUB_REF_NAME"] if os.environ.get("GITHUB_REF_TYPE") == "tag" else "main"


def make_navigation() -> list[Any]:
    """Return what the navigation has: the headings of docs/README.md, and below each the pages that it links."""
    levels: list[list[Any]] = [[{"Home": "index.md"}]]
    for marks, heading, text, page in SECTION.findall((ROOT / "docs" / "README.md").read_text(encoding="utf-8")):
        if page:
            levels[-1].append({text[0].upper() + text[1:].replace("\n", " "): page})
        else:
            del levels[len(marks) - 1 :]
            below: list[Any] = []
            levels[-1].append({heading: below})
            levels.append(below)
    return [*levels[0], {"Changes": "changelog.md"}, {"Repository": repository()}]


def list_loaded(site: Path) -> Iterator[str]:
    """Yield a sentence for each script, style, font or picture that a page would fetch from another host."""
    for path in sorted(site.rglob("*")):
        if path.suffix in {".html", ".css"}:
            for address in LOADED.findall(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(site)} fetches {address} from elsewhere"


if __name__ == "__main__":
    sys.exit(main())
