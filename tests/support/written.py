"""Profiles that tests write, and what the artifacts of the traced application show."""

from __future__ import annotations

from pathlib import Path

from coverage import CoverageData


def write(folder: Path, slug: str, *steps: str) -> Path:
    path = folder / f"{slug}.yaml"
    path.write_text(f"slug: {slug}\nsteps:\n" + "".join(f"  - {{name: step {step}}}\n" for step in steps))
    return path


def get(path: str) -> str:
    return f"{path.strip('/')}, request: {{path: {path}}}"


def post(path: str) -> str:
    return f"{path.strip('/')}, request: {{method: POST, path: {path}}}"


def covered_functions(artifact: Path) -> set[str]:
    """Return which of the application's bodies ran, by the text of the lines."""
    data = CoverageData(str(artifact))
    data.read()
    texts = [
        line
        for name in data.measured_files()
        for number, line in enumerate(Path(name).read_text().splitlines(), start=1)
        if number in (data.lines(name) or [])
    ]
    data.close()
    return {colour for colour in ("red", "blue", "green") if any(f'"{colour}"' in text for text in texts)}
