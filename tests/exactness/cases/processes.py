"""Child processes of a unit; the oracle runs their functions in its own process."""

import multiprocessing
import os
import runpy
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cases import case
from cases.threads import in_threads
from harness import HERE, KINDS
from subject import propagated

PROGRAM = str(Path(HERE) / "subject" / "program.py")


def requests(side, function, rounds=2):
    def body(slug):
        for _ in range(rounds):
            with side.unit(slug):
                function(KINDS[slug])

    in_threads(side, body)


def start_process(method):
    def make(function, *args):
        process = multiprocessing.get_context(method).Process(target=function, args=args)
        process.start()
        process.join()
        assert process.exitcode == 0

    return make


@case("alpha", "beta")
def forked(side):
    requests(side, lambda kind: side.process(start_process("fork"), propagated.task, kind, 3))


@case("alpha", "beta")
def spawned(side):
    requests(side, lambda kind: side.process(start_process("spawn"), propagated.task, kind, 3), rounds=1)


@case("alpha", "beta")
def served_by_a_fork_server(side):
    requests(side, lambda kind: side.process(start_process("forkserver"), propagated.task, kind, 3), rounds=1)


@case("alpha", "beta")
def forked_by_hand(side):
    def fork(function, *args):
        pid = os.fork()
        if pid == 0:
            function(*args)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0

    requests(side, lambda kind: side.process(fork, propagated.task, kind, 3))


@case("alpha", "beta")
def process_pool_executor(side):
    """One pool for all, started by the first unit that uses it."""
    if len(side.slugs) == 1:
        return requests(side, lambda kind: propagated.task(kind, 3))
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        requests(side, lambda kind: pool.submit(propagated.task, kind, 3).result())


@case("alpha", "beta")
def multiprocessing_pool(side):
    if len(side.slugs) == 1:
        return requests(side, lambda kind: propagated.task_of((kind, 3)))
    with side.unit(side.slugs[0]):
        pool = multiprocessing.get_context("fork").Pool(2)
    requests(side, lambda kind: pool.map(propagated.task_of, [(kind, 3), (kind, 3)]))
    pool.close()
    pool.join()


def run_as_oracle(kind):
    sys.argv[1:] = [str(kind)]
    runpy.run_path(PROGRAM, run_name="__main__")


def program(start):
    def case_of(side):
        def make(function, kind):
            start([sys.executable, PROGRAM, str(kind)])

        requests(side, lambda kind: side.process(make, run_as_oracle, kind), rounds=1)

    return case_of


@case("alpha", "beta")
def python_programs(side):
    program(lambda words: subprocess.run(words, check=True))(side)


@case("alpha", "beta")
def python_programs_with_an_environment_of_their_own(side):
    environment = {"PYTHONPATH": str(HERE), "PATH": os.environ["PATH"]}
    program(lambda words: subprocess.run(words, check=True, env=environment))(side)


@case("alpha", "beta")
def python_programs_by_posix_spawn(side):
    def start(words):
        assert os.waitpid(os.posix_spawn(words[0], words, os.environ), 0)[1] == 0

    program(start)(side)


@case("alpha", "beta")
def python_programs_by_exec(side):
    def start(words):
        pid = os.fork()
        if pid == 0:
            os.execv(words[0], words)
        assert os.waitpid(pid, 0)[1] == 0

    program(start)(side)
