"""Units in asyncio tasks of one event loop."""

import asyncio

from cases import case
from harness import KINDS
from subject import branches


@case("alpha", "beta")
def two_tasks(side):
    """Two slugs, interleaved at every await."""

    async def requests(slug):
        for _ in range(20):
            await side.wait(slug, branches.work_async(KINDS[slug], 4))

    async def main():
        await asyncio.gather(*(requests(slug) for slug in side.slugs))

    asyncio.run(main())
