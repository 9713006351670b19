"""Units in greenlets of one thread: the monitoring engine follows them, ctrace says that it does not."""

from cases import case
from harness import KINDS
from subject import branches, greens, propagated


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


@case("alpha", "beta", "gamma", engines=("monitoring",), concurrency="gevent")
def raw_greenlets(side):
    import gevent
    from gevent.event import Event

    def work(kind):
        done = Event()
        gevent.spawn_raw(lambda: (greens.switch(kind, 3, gevent.sleep), done.set()))
        done.wait()

    in_greenlets(side, work, 3)


@case("alpha", "beta", "gamma", engines=("monitoring",), concurrency="gevent")
def greenlets_that_outlive_their_unit(side):
    import gevent

    kept = []

    def work(kind):
        kept.append(gevent.spawn(greens.switch, kind, 5, gevent.sleep))
        kept.append(gevent.spawn_later(0.001, greens.switch, kind, 5, gevent.sleep))

    in_greenlets(side, work, 3)
    gevent.joinall(kept, raise_error=True)


@case("alpha", "beta", engines=("monitoring",), concurrency="gevent")
def others_while_the_main_greenlet_waits_in_its_unit(side):
    """Whoever started the hub is below all greenlets, and they are not its."""
    import gevent

    others = [gevent.spawn(greens.switch, kind, 5, gevent.sleep) for kind in (5, 6)] if None in side.slugs else []
    for slug in side.slugs:
        with side.unit(slug):
            greens.switch(KINDS[slug], 3, gevent.sleep)
    gevent.joinall(others)


@case("alpha", "beta", engines=("monitoring",), concurrency="thread,gevent")
def native_threads_of_gevent(side):
    import gevent
    from gevent.threadpool import ThreadPoolExecutor

    executor = ThreadPoolExecutor(2)

    def work(kind):
        pool = gevent.get_hub().threadpool
        assert pool.apply(propagated.task, (kind, 3)) is not None
        assert pool.spawn(branches.hot, kind, 5).get() is not None
        executor.submit(propagated.task, kind, 2).result()

    in_greenlets(side, work, 3)
    executor.shutdown()


@case("alpha", "beta", "gamma", engines=("monitoring",), concurrency="eventlet")
def green_threads_of_eventlet(side):
    import eventlet

    def body(slug):
        for _ in range(3):
            with side.unit(slug):
                work(KINDS[slug])

    def work(kind):
        thread = eventlet.spawn(greens.switch, kind, 3, eventlet.sleep)
        pool = eventlet.GreenPool(2)
        pool.spawn_n(greens.switch, kind, 2, eventlet.sleep)
        pool.spawn(greens.switch, kind, 1, eventlet.sleep).wait()
        later.append(eventlet.spawn_after(0.001, propagated.task, kind, 2))
        done = eventlet.Event()
        eventlet.spawn_n(lambda: (propagated.task(kind, 3), done.send()))
        greens.switch(kind, 2, eventlet.sleep)
        done.wait()
        thread.wait()
        pool.waitall()

    later = []
    for thread in [eventlet.spawn(body, slug) for slug in side.slugs]:
        thread.wait()
    for thread in later:
        thread.wait()


@case("alpha", "beta", engines=("monitoring",), concurrency="thread,eventlet")
def native_threads_of_eventlet(side):
    import eventlet.tpool

    def body(slug):
        for _ in range(3):
            with side.unit(slug):
                side.process(eventlet.tpool.execute, propagated.task, KINDS[slug], 3)
                side.process(eventlet.tpool.execute, branches.hot, KINDS[slug], 3)

    for thread in [eventlet.spawn(body, slug) for slug in side.slugs]:
        thread.wait()
    eventlet.tpool.killall()


@case("alpha", "beta", engines=("monitoring",), concurrency="greenlet")
def plain_greenlets(side):
    """They are whose they are switched to by, as generators are whose they are resumed by."""
    from greenlet import getcurrent, greenlet

    kept = {}
    for _ in range(4):
        for slug in side.slugs:
            with side.unit(slug):
                given = () if slug in kept else (KINDS[slug], getcurrent())
                own = kept.setdefault(slug, greenlet(greens.in_parts))
                greens.note(own.switch(*given))
                greens.note(greenlet(propagated.task).switch(KINDS[slug], 2))
