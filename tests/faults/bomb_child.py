"""Fetches what explodes, sixteen at once, and prints by how many MiB that made the process grow."""

import asyncio
import resource
import sys

from currents_async import Currents, CurrentsError, Limits


async def main(url: str) -> None:
    limits = Limits(concurrency=16)
    async with Currents("key", base_url=url, limits=limits) as currents:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ids = [f"i{number}" for number in range(16)]
        outcomes = await currents.instances.get_many(ids, on_error="collect")
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert all(isinstance(outcome.error, CurrentsError) for outcome in outcomes)
    errors = {type(outcome.error).__name__ for outcome in outcomes}
    kib_or_bytes = 1024 if sys.platform != "darwin" else 1024 * 1024
    sys.stdout.write(" ".join([str((after - before) // kib_or_bytes), *sorted(errors)]))


asyncio.run(main(sys.argv[1]))
