"""Work that switches greenlets in the middle of functions."""

from subject import branches


def work(kind, n):
    import gevent

    total = 0
    for i in range(n):
        gevent.sleep(0)
        if kind == 0:
            total += branches.only_even(i)
        elif kind == 1:
            total += branches.only_third(i)
        else:
            total -= i
        gevent.sleep(0)
    return branches.hot(kind, n)


def spawn_children(kind):
    import gevent

    return [gevent.spawn(work, kind, i) for i in (1, 3)]
