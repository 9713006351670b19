"""A traced application that locks and logs in ``__del__`` and in a signal handler, forks, and compiles code: does it stand still?

Its lock is held while measured code runs, and while units begin and end; the collector runs all the time, in whatever thread.
``python hang.py SECONDS`` prints how often each thread came round, or every stack if none has moved for ten seconds.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

SOURCE = """
import logging, threading
LOCK = threading.RLock()
TEXT = "def fresh(n):\\n    x = 0\\n    for i in range(n):\\n        x += i\\n    return x\\n"

class Connection:
    def __init__(self):
        self.me = self
    def __del__(self):
        with LOCK:
            logging.getLogger("app").debug("closed")

def new():
    names = {}
    exec(compile(TEXT, __file__, "exec"), names)
    return names["fresh"]

def work(n):
    f = new()
    for i in range(3):
        Connection()
        f(n)
    with LOCK:
        g = new()
        r = g(n)
    return r + f(n)
"""
WORKERS, SLUGS, STILL_SECONDS = 3, 3, 10
os.register_at_fork(after_in_child=partial(faulthandler.dump_traceback_later, 2 * STILL_SECONDS, exit=True))


class Hang:
    def __init__(self, module: Any, trace: Any, seconds: float) -> None:
        self.module, self.trace, self.until = module, trace, time.monotonic() + seconds
        self.beats: dict[object, tuple[int, float]] = {}
        self.struck = self.forks = 0

    def turn(self, name: str, number: int) -> None:
        """Some work inside a unit, and a unit inside the application's lock."""
        trace = self.trace
        with trace(f"p{number % SLUGS}"):
            self.module.work(3)
        with self.module.LOCK, trace(f"p{number % SLUGS}"):
            self.module.work(2)
        self.beats[name] = (number, time.monotonic())

    def work(self, name: str) -> None:
        number = 0
        while time.monotonic() < self.until:
            number += 1
            self.turn(name, number)

    def work_struck(self) -> None:
        """In the main thread, which has the signals: the same, and a child now and then.

        A handler that raises an exception may leave the application's own lock taken, profcov or no profcov; see strikes.py.
        """

        def strike(_number: object, _frame: object) -> None:
            with self.module.LOCK:
                logging.getLogger("app").debug("a signal")
                self.module.new()(2)
            self.struck += 1

        signal.signal(signal.SIGALRM, strike)
        number = 0
        while time.monotonic() < self.until:
            number += 1
            signal.setitimer(signal.ITIMER_REAL, 0.001 + number % 40 / 2000)
            self.turn("main", number)
            signal.setitimer(signal.ITIMER_REAL, 0)
            if number % 50 == 0:
                self.fork()

    def fork(self) -> None:
        # With the application's lock: or the collector, already in the child's hooks, waits in `__del__` for a thread of the parent's.
        with self.module.LOCK:
            pid = os.fork()
        if not pid:
            self.module.work(2)
            os._exit(0)
        self.forks += 1
        assert os.waitpid(pid, 0)[1] == 0, "a child stood still"

    def watch(self) -> None:
        while True:
            time.sleep(0.5)
            last = max((when for _, when in self.beats.values()), default=self.until)
            if time.monotonic() - last > STILL_SECONDS and time.monotonic() < self.until + STILL_SECONDS:
                faulthandler.dump_traceback(all_threads=True)
                os._exit(3)

    def run(self) -> bool:
        gc.set_threshold(1, 3, 3)
        sys.setswitchinterval(1e-6)
        threading.Thread(target=self.watch, daemon=True).start()
        threads = [threading.Thread(target=self.work, args=(name,), daemon=True) for name in range(WORKERS)]
        for thread in threads:
            thread.start()
        self.work_struck()
        for thread in threads:
            thread.join(STILL_SECONDS)
        return all(not thread.is_alive() for thread in threads)


def main(seconds: float) -> None:
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory).resolve()
        (place / "measured_app.py").write_text(SOURCE)
        (place / "cov.ini").write_text(f"[run]\nsource = {place}\n")
        os.environ.update(
            ENABLE_PROFILE_COVERAGE="1",
            PROFILE_COVERAGE_DIR=str(place / "data"),
            PROFILE_COVERAGE_CONFIG=str(place / "cov.ini"),
            PROFILE_COVERAGE_MIN_FREE_BYTES="0",
        )
        sys.path.insert(0, str(place))
        import measured_app

        import profcov

        logging.getLogger("app").addHandler(logging.NullHandler())
        hang = Hang(measured_app, profcov.trace, seconds)
        came_home = hang.run()
        rounds = {str(name): number for name, (number, _) in hang.beats.items()}
        print(
            json.dumps({"rounds": rounds, "struck": hang.struck, "forks": hang.forks, "came_home": came_home}),
            flush=True,
        )
        gc.set_threshold(700, 10, 10)
        os.chdir("/")
    os._exit(0 if came_home else 3)


if __name__ == "__main__":
    main(float(sys.argv[1]))
