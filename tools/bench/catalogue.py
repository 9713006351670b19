"""What is compared: the workloads, the variants of each, and the load that each variant runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SLUGS: Final = 8
"""How many profiles take turns in the variant ``eight``, and how many kinds of request the workloads have."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Something that answers requests: ``served`` by a real server, or called in process."""

    key: str
    title: str
    served: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run a workload; each has a process of its own.

    ``slower`` is how many times fewer requests it gets in a batch, because each takes that much longer.
    """

    key: str
    title: str
    slower: int = 1

    @property
    def traces(self) -> bool:
        """Whether profcov records in it."""
        return self.key in {"one", "eight", "first"} or self.key.startswith("worst")


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure: a variant of a workload under a load (``steady``, ``eight`` or ``hot``)."""

    workload: str
    variant: str
    load: str


WORKLOADS: Final = (
    Workload("cpu", "(a) CPU-bound, all code measured"),
    Workload("flask", "(b) Flask page, Jinja, SQLite, gunicorn", served=True),
    Workload("starlette", "(c) Starlette JSON endpoint, uvicorn", served=True),
    Workload("empty", "(d) empty handler, in process"),
    Workload("empty-served", "(d) empty handler, gunicorn", served=True),
)

BASELINE: Final = "without"
VARIANTS: Final = (
    Variant(BASELINE, "without profcov"),
    Variant("again", "without profcov, again (the noise)"),
    Variant("idle", "profcov installed, no header"),
    Variant("one", "one slug, steady"),
    Variant("eight", "8 slugs, round robin"),
    Variant("worst-never", "worst mix, B never in the loop"),
    Variant("worst-been", "worst mix, B has been in the loop"),
    Variant("worst-inside", "beyond it: B waits inside the loop", slower=4),
    Variant("first", "first request of a generation"),
    Variant("ctrace", "coverage.py, whole process, ctrace", slower=4),
    Variant("sysmon", "coverage.py, whole process, sysmon"),
    Variant("each", "a new coverage.Coverage() a request", slower=8),
)

_LOADS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "cpu": {
        "steady": ("without", "again", "idle", "one", "first", "ctrace", "sysmon", "each"),
        "eight": ("without", "eight", "ctrace", "sysmon"),
        "hot": ("without", "worst-never", "worst-been", "worst-inside", "ctrace", "sysmon"),
    },
    "flask": {"steady": ("without", "again", "idle", "one", "eight", "ctrace", "sysmon", "each")},
    "starlette": {"steady": ("without", "again", "idle", "one", "eight", "ctrace", "sysmon", "each")},
    "empty": {"steady": ("without", "again", "idle", "one", "eight")},
    "empty-served": {"steady": ("without", "again", "idle", "one")},
}


def list_cells(workload: str, *, monitoring: bool) -> list[Cell]:
    """Return the figures to measure for a workload; ``sysmon`` needs an interpreter with ``sys.monitoring``."""
    return [
        Cell(workload, variant, load)
        for load, variants in _LOADS[workload].items()
        for variant in variants
        if monitoring or variant != "sysmon"
    ]


def find_variant(key: str) -> Variant:
    """Return a variant by its key."""
    return next(variant for variant in VARIANTS if variant.key == key)


def find_workload(key: str) -> Workload:
    """Return a workload by its key."""
    return next(workload for workload in WORKLOADS if workload.key == key)
