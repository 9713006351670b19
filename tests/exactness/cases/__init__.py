"""The cases: each takes a side of the harness and runs the work of its slugs, all at once where there are several."""

import functools

SIX = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")


def case(*slugs, engines=("monitoring", "ctrace"), concurrency="thread"):
    """Mark a function as a case that runs the work of these slugs."""

    def mark(function):
        @functools.wraps(function)
        def run(side):
            return function(side)

        vars(run).update(slugs=list(slugs), engines=engines, concurrency=concurrency)
        return run

    return mark
