"""Units in threads of one process, and what they hand to threads and pools."""

import functools
import multiprocessing.pool
import queue
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from cases import SIX, case
from harness import KINDS
from subject import branches, propagated


def in_threads(side, function):
    """Run a function of a slug in a thread for each slug, all at once."""
    failures = []

    def body(slug):
        try:
            function(slug)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=body, args=(slug,)) for slug in side.slugs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def requests(side, function, rounds=10):
    """Run a function as the work of a slug, a request after another, in a thread for each slug."""

    def body(slug):
        for _ in range(rounds):
            with side.unit(slug):
                function(KINDS[slug])

    in_threads(side, body)


@case("alpha", "beta")
def two_threads(side):
    sys.setswitchinterval(1e-6)
    requests(side, lambda kind: branches.work(kind, 10), rounds=30)


@case(*SIX)
def six_threads_with_a_tiny_switch_interval(side):
    sys.setswitchinterval(1e-6)
    requests(side, lambda kind: branches.work(kind, 30), rounds=40)


@case("alpha", "beta")
def one_waits_in_a_loop_that_another_runs_hot(side):
    ready, go = threading.Event(), threading.Event()
    if len(side.slugs) == 1:
        ready.set()
        go.set()

    def body(slug):
        kind = KINDS[slug]
        if kind == 0:
            ready.wait(30)
            with side.unit(slug):
                branches.wait_inside(kind, ready, go)
            go.set()
        else:
            with side.unit(slug):
                branches.wait_inside(kind, ready, go)

    in_threads(side, body)


@case("alpha", "beta", "gamma")
def thread_started_by_a_unit(side):
    def work(kind):
        threads = [threading.Thread(target=propagated.task, args=(kind, n)) for n in (1, 5)]
        threads.append(threading.Timer(0.001, propagated.task, (kind, 3)))
        threads.append(threading.Thread(target=branches.hot, args=(kind, 20), daemon=True))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    requests(side, work, rounds=5)


@case("alpha", "beta", "gamma")
def thread_that_outlives_its_unit(side):
    threads = []

    def body(slug):
        gate = threading.Event()

        def late():
            gate.wait(30)
            propagated.task(KINDS[slug], 4)

        with side.unit(slug):
            thread = threading.Thread(target=late)
            thread.start()
            threads.append(thread)
        gate.set()

    in_threads(side, body)
    for thread in threads:
        thread.join()


@case("alpha", "beta", "gamma", "delta")
def pool_shared_by_all(side):
    with ThreadPoolExecutor(2) as pool:

        def work(kind):
            futures = [pool.submit(propagated.task, kind, n) for n in range(4)]
            assert len(list(pool.map(functools.partial(branches.hot, kind), range(1, 5)))) == 4
            for future in futures:
                future.result()

        requests(side, work)


@case("alpha", "beta")
def pool_of_its_own(side):
    def work(kind):
        with ThreadPoolExecutor(2) as pool:
            assert len(list(pool.map(functools.partial(propagated.task, kind), range(1, 5)))) == 4

    requests(side, work, rounds=3)


@case("alpha", "beta")
def multiprocessing_thread_pool(side):
    with side.unit(side.slugs[0]):
        pool = multiprocessing.pool.ThreadPool(2)

    def work(kind):
        assert len(pool.map(functools.partial(propagated.task, kind), [1, 2])) == 2
        pool.apply(branches.hot, (kind, 3))
        assert len(list(pool.imap(functools.partial(branches.rare, kind), [1, 2]))) == 2

    requests(side, work, rounds=3)
    pool.close()
    pool.join()


@case("alpha", "beta")
def bound_work_for_a_queue_fed_thread(side):
    work = queue.SimpleQueue()

    def writer():
        while (item := work.get()) is not None:
            item()

    def start():
        thread = threading.Thread(target=writer)
        thread.start()
        return thread

    # Started lazily by the first request, as such threads are: with the opt-out, it stays nobody's.
    with side.unit(side.slugs[0]):
        with side.not_following():
            thread = start()

    def hand_over(kind):
        done = threading.Event()
        work.put(side.bind(functools.partial(propagated.later, kind, done.set)))
        done.wait(30)

    requests(side, hand_over, rounds=5)
    work.put(None)
    thread.join()


@case("alpha", "beta", "gamma")
def nested_units_in_one_thread(side):
    """An in-process client called by a traced request: another slug's work in the middle of one's own."""
    others = {"alpha": "beta", "beta": "gamma", "gamma": "alpha"}

    def body(slug):
        if slug is None:
            return
        with side.unit(slug):
            propagated.nested(KINDS[slug], lambda: inner(slug))

    def inner(slug):
        # Alone, the other slugs' requests are not made: the slug's own inner requests are.
        for outer, target in others.items():
            if outer == slug and target in side.slugs:
                with side.unit(target):
                    propagated.nested(KINDS[target], lambda: branches.hot(KINDS[target], 400))
        return 1

    def lone(slug):
        """As the inner requests of the others do, when this slug runs alone."""
        with side.unit(slug):
            propagated.nested(KINDS[slug], lambda: branches.hot(KINDS[slug], 400))

    for _ in range(5):
        if len(side.slugs) == 1:
            body(side.slugs[0])
            lone(side.slugs[0])
        else:
            in_threads(side, body)


@case("alpha", "beta")
def recursion(side):
    sys.setswitchinterval(1e-6)
    requests(side, lambda kind: branches.recurse(kind, 150), rounds=20)


@case("alpha", "beta", "gamma")
def exceptions(side):
    def work(kind):
        branches.fail(kind)
        propagated.match(kind)
        try:
            propagated.contexts(kind)
        except KeyError:
            pass

    requests(side, work)


@case("alpha", "beta", "gamma")
def generators_finished_late(side):
    """Created in one unit, advanced in another of the same slug, closed there or outside any."""

    def body(slug):
        kind = KINDS[slug]
        for _ in range(5):
            with side.unit(slug):
                one, two, three = (propagated.closing(kind) for _ in range(3))
                next(one), next(two), next(three)
            with side.unit(slug):
                next(one)
                one.close()
                del two
            with side.nobody():
                three.close()

    if len(side.slugs) == 1:
        body(side.slugs[0])
    else:
        in_threads(side, body)


@case("alpha", "beta", "gamma")
def shapes_of_code(side):
    def work(kind):
        propagated.make(kind)
        propagated.class_body(kind)
        propagated.comprehend(kind)

    requests(side, work)
