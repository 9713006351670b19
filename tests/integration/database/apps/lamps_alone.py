"""The oracle: one profile's requests under coverage.py alone; prints its lines."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import coverage
import httpx
import lamps
from profiles import PROFILES


async def main() -> None:
    # Its warning is what we want: the modules were imported before.
    tool = coverage.Coverage(data_file=None, config_file=sys.argv[2])
    tool.set_option("run:disable_warnings", ["module-not-measured"])
    tool.set_option("run:core", "ctrace")
    transport = httpx.ASGITransport(lamps.app)
    async with lamps.lifespan(lamps.app), httpx.AsyncClient(transport=transport, base_url="http://lamps") as client:
        tool.start()
        # In tasks of their own, as a server does it: what awaits here was entered before.
        for method, path in PROFILES[sys.argv[1]]:
            await asyncio.create_task(client.request(method, path))
        tool.stop()
    data = tool.get_data()
    print(json.dumps({Path(file).name: sorted(data.lines(file) or ()) for file in data.measured_files()}))


asyncio.run(main())
