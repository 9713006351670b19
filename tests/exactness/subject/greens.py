"""Work that switches greenlets in the middle of functions."""

from subject import branches, small


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


async def ask(kind, spawn, wait, fail):
    total = await spawn(small.loop, kind, 6, wait)
    total += kind
    for function in (small.consume, small.fail):
        total += await spawn(function, kind, 5, wait)
        if kind == 1:
            total += branches.only_third(total)
    try:
        await spawn(small.loop, kind, 4, fail)
    except KeyError:
        total += small.leaf(kind, total)
    return total + branches.hot(kind, 4)


def plain(kind, pause):
    total = small.loop(kind, 6, pause)
    total += small.recurse(kind, 4, pause)
    pause()
    if kind == 2:
        total += branches.only_even(total)
    return total + small.consume(kind, 4, pause)


def switch(kind, n, sleep):
    """Work, and let others work in between."""
    total = 0
    for i in range(n):
        sleep(0)
        if kind == 0:
            total += branches.only_even(i)
        elif kind == 1:
            total += branches.only_third(i)
        else:
            total -= i
    sleep(0)
    return branches.hot(kind, n)


def in_parts(kind, parent):
    """Be a plain greenlet that gives its parent one number after another.

    coverage.py notices a switch at the next call, so one follows each in the same line.
    """
    for i in range(4):
        if kind == 0:
            note(parent.switch(i))
        else:
            note(parent.switch(branches.rare(kind, i)))
    return kind


def note(_):
    return None
