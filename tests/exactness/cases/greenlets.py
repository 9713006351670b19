"""Units in greenlets of one thread: the monitoring engine follows them, ctrace says that it does not."""

from cases import case
from harness import KINDS
from subject import branches, greens


def in_greenlets(side, function, rounds=10):
    import gevent

    def body(slug):
        for _ in range(rounds):
            with side.unit(slug):
                function(KINDS[slug])

    def untraced():
        for _ in range(rounds):
            greens.work(KINDS[None], 4)

    greenlets = [gevent.spawn(body, slug) for slug in side.slugs if slug is not None]
    if len(side.slugs) > 1:
        greenlets.append(gevent.spawn(untraced))
    gevent.joinall(greenlets, raise_error=True)


@case("alpha", "beta", "gamma", engines=("monitoring",), concurrency="gevent")
def interleaved(side):
    in_greenlets(side, lambda kind: greens.work(kind, 6))


@case("alpha", "beta", "gamma", engines=("monitoring",), concurrency="gevent")
def children(side):
    """Joined out here: coverage.py alone loses the lines of a function after its own join."""

    def work(kind):
        import gevent

        gevent.joinall(greens.spawn_children(kind), raise_error=True)

    in_greenlets(side, work)


@case("alpha", "beta", engines=("monitoring",), concurrency="gevent")
def switching_in_a_loop_that_others_run_hot(side):
    def work(kind):
        greens.work(kind, 3)
        branches.hot(kind, 600)

    in_greenlets(side, work)
