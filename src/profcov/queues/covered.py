"""Any worker class, measuring, by a dotted name that RQ can import: ``profcov.queues.covered.`` and its name with colons for dots.

``profcov.queues.covered.rq:SimpleWorker`` is RQ's ``SimpleWorker`` with :class:`CoverageWorkerMixin` before it.
"""

from __future__ import annotations

from typing import Any

from rq.utils import import_attribute

from profcov.queues.rq import CoverageWorkerMixin


def __getattr__(name: str) -> Any:
    """Make the class, once.

    Raises:
        AttributeError: there is no such class.
    """
    if ":" not in name:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    dotted = name.replace(":", ".")
    try:
        base: Any = import_attribute(dotted)
    except (ImportError, AttributeError, ValueError) as error:
        raise AttributeError(f"{dotted} cannot be imported: {error}") from error
    if not isinstance(base, type) or not hasattr(base, "perform_job"):
        raise AttributeError(f"{dotted} is not a worker class of RQ's")
    made: Any = base
    if not issubclass(base, CoverageWorkerMixin):
        # The names let it be pickled: a pool sends it to its workers' processes.
        names = {"__module__": __name__, "__qualname__": name, "__doc__": base.__doc__}
        made = type(base.__name__, (CoverageWorkerMixin, base), names)
    globals()[name] = made
    return made
