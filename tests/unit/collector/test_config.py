from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from profcov.collector import DEFAULT_EXCLUDE, CoverageConfig
from profcov.errors import CoverageConfigError

WHOLE = """
coverage:
  collect: {enabled: true, branch: true, parallel: true}
  sources:
    root: src
    include: ["shop/*.py"]
    exclude: ["*/tests/*"]
  storage:
    format: json
    location: data/nightly
    metadata_location: data/facts
"""


def test_a_file_says_everything_that_keyword_arguments_do(tmp_path: Path) -> None:
    path = tmp_path / "coverage_config.yaml"
    path.write_text(WHOLE)
    assert CoverageConfig.from_yaml(path) == CoverageConfig(
        enabled=True,
        branch=True,
        parallel=True,
        root=tmp_path / "src",
        include=("shop/*.py",),
        exclude=("*/tests/*",),
        format="json",
        location=tmp_path / "data" / "nightly",
        metadata_location=tmp_path / "data" / "facts",
    )


def test_what_a_file_does_not_say_is_the_default_and_its_directory_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("coverage_config.yaml").write_text("coverage: {}\n")
    assert CoverageConfig.from_yaml() == CoverageConfig(root=tmp_path)
    assert CoverageConfig().exclude == DEFAULT_EXCLUDE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a mapping of keys to values"),
        ("- 1", "expected a mapping of keys to values"),
        ("a: [", "it is not YAML"),
        ("\x00", "it is not YAML"),
        ("collect: {}", "expected the key coverage at the top, and no other"),
        ("coverage:", "coverage: expected a mapping of keys to values"),
        ("coverage: {collect: yes}", "coverage.collect: expected a mapping of keys to values"),
        ("coverage: {collct: {}}", "coverage.collct: there is no such key: expected collect, sources, storage"),
        ("coverage: {performance: {speed: 1}}", "coverage.performance.speed: there is no such key: expected none"),
        (
            "coverage: {collct: {branch: true}}",
            "coverage.collct: there is no such key: expected collect, sources, storage",
        ),
        (
            "coverage: {collect: {brunch: true}}",
            "coverage.collect.brunch: there is no such key: expected enabled, branch, parallel",
        ),
        ("coverage: {collect: {branch: 1}}", "coverage.collect.branch: 1 is not true or false"),
        ("coverage: {sources: {root: 7}}", "coverage.sources.root: 7 is not a path"),
        ("coverage: {sources: {include: '*.py'}}", "coverage.sources.include: '*.py' is not a list of patterns"),
        ("coverage: {sources: {exclude: [1]}}", "coverage.sources.exclude: [1] is not a list of patterns"),
        ("coverage: {storage: {format: xml}}", "coverage.storage.format: 'xml' is not coverage or json"),
        (
            "coverage: {performance: {max_overhead_percent: 5}}",
            "coverage.performance.max_overhead_percent: what measuring costs depends on the code that runs",
        ),
        ("coverage: {performance: {enable_caching: true}}", "coverage.performance.enable_caching: there is nothing to"),
        ("coverage: {performance: {batch_size: 10}}", "coverage.performance.batch_size: there is nothing to size"),
    ],
)
def test_what_a_file_cannot_say_is_one_sentence_with_file_and_key(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "coverage_config.yaml"
    path.write_text(text)
    with pytest.raises(CoverageConfigError) as raised:
        CoverageConfig.from_yaml(path)
    assert str(raised.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CoverageConfigError, match=r"nowhere\.yaml: No such file or directory"):
        CoverageConfig.from_yaml(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"branch": "yes"}, "branch: 'yes' is not true or false"),
        ({"include": "*.py"}, "include: '*.py' is not a list of patterns"),
        ({"format": None}, "format: None is not coverage or json"),
        ({"location": None}, "location: None is not a path"),
    ],
)
def test_arguments_are_looked_at_as_keys_are(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(CoverageConfigError) as raised:
        CoverageConfig(**arguments)
    assert str(raised.value) == problem
