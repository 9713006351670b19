"""Units in threads of one process."""

import sys
import threading

from cases import case
from harness import KINDS
from subject import branches


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


@case("alpha", "beta")
def two_threads(side):
    """Two slugs, a request after another in a thread each."""

    def requests(slug):
        for _ in range(30):
            with side.unit(slug):
                branches.work(KINDS[slug], 10)

    sys.setswitchinterval(1e-6)
    in_threads(side, requests)
