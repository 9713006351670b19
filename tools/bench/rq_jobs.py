"""What a measured RQ job costs: forked jobs that run one function, on RQ's worker and on ours, in one run.

``make bench`` runs it. The workers wait side by side, each for a queue of its own, and get jobs in turn; what is compared is
the time from the first job of a batch to the last, for each job. Prints a table and writes ``artifacts/bench/jobs.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from redis import Redis
from rich.console import Console
from rich.table import Table
from rq import Queue
from rq.job import Job

from profcov.demo.valkey import start_server
from profcov.wire.carrier import JOB_META_KEY

TRACED_GOAL_MS, UNTRACED_GOAL_MS = 10.0, 1.0
OURS = "profcov.queues.rq.CoverageWorker"
KINDS = {"RQ's worker": ("rq.Worker", ""), "untraced": (OURS, ""), "traced": (OURS, "bench")}
"""The worker's class and the job's slug, by what it is called."""


def main() -> int:
    """Measure, print, and return 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=20, help="in a batch")
    parser.add_argument("--rounds", type=int, default=25, help="batches of each kind")
    parser.add_argument("--out", type=Path, default=Path("artifacts/bench/jobs.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        times, cpu = measure(Path(place), options.jobs, options.rounds)
    plain = times["RQ's worker"]
    added = {
        name: sorted(one - other for one, other in zip(times[name], plain, strict=True))
        for name in ("untraced", "traced")
    }
    show(times, added, cpu)
    facts = {"python": platform.python_version(), "rq": version("rq"), "coverage": version("coverage")}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps({**facts, "jobs": options.jobs, "ms": times, "cpu_ms": cpu}, indent=2) + "\n")
    goals = [
        (
            f"a traced job costs {TRACED_GOAL_MS:g} ms more at most",
            statistics.median(added["traced"]) <= TRACED_GOAL_MS,
        ),
        (f"an untraced one {UNTRACED_GOAL_MS:g} ms", statistics.median(added["untraced"]) <= UNTRACED_GOAL_MS),
    ]
    for text, is_met in goals:
        print(f"{'met   ' if is_met else 'MISSED'}  {text}")
    return int(not all(is_met for _, is_met in goals))


def measure(place: Path, jobs: int, rounds: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return milliseconds a job for each kind and round, and those of CPU time for each kind: worker and horses."""
    (place / "work.py").write_text("def work():\n    return 1\n", encoding="utf-8")
    (place / "bench.ini").write_text(f"[run]\nsource = {place}\n", encoding="utf-8")
    (place / "redis").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with start_server(port, place / "redis") as url, Redis.from_url(url) as redis:
        environ = {
            **os.environ,
            "ENABLE_PROFILE_COVERAGE": "1",
            "PROFILE_COVERAGE_DIR": str(place / "data"),
            "PROFILE_COVERAGE_CONFIG": str(place / "bench.ini"),
            "PYTHONPATH": str(place),
        }
        workers = {name: start_worker(name, kind[0], url, environ) for name, kind in KINDS.items()}
        try:
            for name in KINDS:
                run_batch(redis, name, jobs)  # the first has to read what the others find in the cache
            before = {name: read_cpu(worker.pid) for name, worker in workers.items()}
            times: dict[str, list[float]] = {name: [] for name in KINDS}
            for _ in range(rounds):
                for name in KINDS:
                    times[name].append(run_batch(redis, name, jobs))
            cpu = {name: (read_cpu(workers[name].pid) - before[name]) / rounds / jobs * 1000 for name in KINDS}
        finally:
            for worker in workers.values():
                worker.terminate()
                worker.wait()
    return times, cpu


def read_cpu(pid: int) -> float:
    """Return the seconds of CPU time of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def start_worker(queue: str, worker_class: str, url: str, environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a worker for one queue."""
    words = [sys.executable, "-m", "rq.cli", "worker", queue, "--quiet", "--url", url, "--worker-class", worker_class]
    return subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_batch(redis: Redis, name: str, jobs: int) -> float:
    """Have a worker run a batch of jobs; return milliseconds for each.

    Raises:
        RuntimeError: a job failed, or took half a minute.
    """
    slug = KINDS[name][1]
    queue = Queue(name, connection=redis)
    meta = {JOB_META_KEY: slug} if slug else None
    began = time.perf_counter()
    batch = [queue.enqueue("work.work", meta=meta) for _ in range(jobs)]
    last = batch[-1].key
    while redis.hget(last, "status") != b"finished":
        if time.perf_counter() - began > 30:
            raise RuntimeError(f"{name}: the batch does not end")
        time.sleep(0.0005)
    took = time.perf_counter() - began
    if not all(job is not None and job.is_finished for job in Job.fetch_many([job.id for job in batch], redis)):
        raise RuntimeError(f"{name}: a job has failed")
    return took / jobs * 1000


def show(times: dict[str, list[float]], added: dict[str, list[float]], cpu: dict[str, float]) -> None:
    """Print the table: medians, and what is added with its quartiles."""
    title = f"a forked job, Python {platform.python_version()}, rq {version('rq')}"
    table = Table(title=title, title_justify="left")
    for column in ("", "ms a job, median", "added", "quartiles", "CPU ms a job"):
        table.add_column(column, justify="right" if column else "left")
    for name, found in times.items():
        extra = added.get(name)
        cells = ("", "")
        if extra:
            low, middle, high = statistics.quantiles(extra, n=4)
            cells = (f"{middle:+.2f}", f"{low:+.2f} to {high:+.2f}")
        table.add_row(name, f"{statistics.median(found):.2f}", *cells, f"{cpu[name]:.2f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
