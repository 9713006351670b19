"""A pytest plugin that hooks RQ in its own tests, as ``profcov.queues.rq`` does for a worker and for who enqueues.

``PROFCOV_CONFORMANCE`` says how: ``installed`` (no slug is current), ``traced`` (each test is a unit of work, so that each
job it creates has a slug).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import pytest

import profcov
from profcov.queues.rq import install, install_workers

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW: Final = os.environ["PROFCOV_CONFORMANCE"]


def pytest_configure() -> None:
    """Hook RQ's classes, before any test module is imported."""
    install()
    install_workers()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[Any]:
    """Run a test, with what goes before and after it, as a unit of work."""
    if HOW != "traced":
        return (yield)
    with profcov.trace("conformance") as unit:
        assert unit.status.startswith("traced"), unit.status
        return (yield)
