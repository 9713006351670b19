"""Collecting from Python."""

from pathlib import Path
from typing import assert_type

from coverage import CoverageData

import profcov
from profcov.collector import DEFAULT_EXCLUDE, CoverageCollector, CoverageConfig

assert_type(profcov.CoverageCollector("shop"), CoverageCollector)
assert_type(profcov.CoverageConfig(), CoverageConfig)

with CoverageCollector("shop") as collector:
    assert_type(collector, CoverageCollector)

config = CoverageConfig(branch=True, exclude=(*DEFAULT_EXCLUDE, "shop/old/*"), format="json")
assert_type(CoverageConfig.from_yaml("coverage_config.yaml"), CoverageConfig)
collector = CoverageCollector(Path("shop"), config)
collector.start()
collector.stop()
assert_type(collector.get_coverage_data(), CoverageData)
assert_type(collector.save(), Path)
collector.load(collector.save("first.coverage"))
collector.merge(CoverageCollector(config=CoverageConfig(root=Path("src"))))

CoverageConfig(True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
CoverageConfig(format="xml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CoverageConfig(exclude="tests/*")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
CoverageConfig(batch_size=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
CoverageCollector("shop", "coverage_config.yaml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
collector.merge("first.coverage")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
config.branch = False  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
