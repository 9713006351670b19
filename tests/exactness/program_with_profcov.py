"""A program that uses profcov: two slugs in threads and in tasks. Run by itself and under ``coverage run``."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import profcov
from subject import branches


def request(slug: str, kind: int) -> None:
    for _ in range(5):
        with profcov.trace(slug) as unit:
            branches.work(kind, 12)
        statuses.add(unit.status)


def in_task(slug: str, kind: int) -> Any:
    return profcov.trace(slug)(branches.work_async)(kind, 4)


async def tasks() -> None:
    await asyncio.gather(in_task("alpha", 0), in_task("beta", 1), branches.work_async(6, 3))


statuses: set[str] = set()
threads = [threading.Thread(target=request, args=each) for each in (("alpha", 0), ("beta", 1))]
threads.append(threading.Thread(target=branches.work, args=(6, 12)))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
asyncio.run(tasks())
print(sorted(statuses))
