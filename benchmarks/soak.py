"""`python -m benchmarks.soak [SECONDS]`: a client, and a server that goes wrong all the time.

Fails when an instance is lost, handed over twice or is not the right one, when anything but a
`CurrentsError` is raised, and when memory, objects, tasks or file descriptors grow.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from random import Random, randrange
from typing import Any

from benchmarks import growth
from benchmarks.growth import Sample
from benchmarks.processes import Counts, Server, pin
from benchmarks.server import KEY, Unreliable
from currents_async import Currents, CurrentsError, Limits, Retries, Timeouts
from currents_async.models.instances import Instance
from currents_async.testing import WorldRun

_SPECS = (300, 200, 400)
"""Of each run."""
_LIMITS = Limits()
_TIMEOUTS = Timeouts(connect=2, read=0.5, attempt=2, total=60)
_RETRIES = Retries(attempts=8)

_FAN_OUTS = 2
_ASIDE = 10
"""Fan-outs under way at once, and instances that are asked for beside them."""
_MAX_CALLS = 50
"""After which an instance that fails each time is taken for lost."""
_LEFT_EARLY = 0.2
"""Of the fan-outs and streams."""
_STREAMED = 0.3
"""Of the rounds."""

_PRINTED = 20
"""Problems; after that they are only counted."""
_SAMPLES = 60
_LONGEST_SILENCE = 10.0
_ALLOWED = {"memory": 4.0, "objects": 1000, "tasks": 0, "files": _LIMITS.concurrency}
"""Growth from the second quarter to the last: how many connections are open, is chance."""


class Soak:
    """The work of a client, round after round: what it has done, and what went wrong."""

    def __init__(self, currents: Currents, runs: Sequence[WorldRun], seed: int) -> None:
        self.done = Counter[str]()
        self.errors = Counter[str]()
        self.problems: list[str] = []
        self._currents = currents
        self._runs = {run.run_id: [str(spec.instance_id) for spec in run.specs] for run in runs}
        self._tests = {str(spec.instance_id): spec.tests for run in runs for spec in run.specs}
        self._random = Random(seed)  # noqa: S311 - chance for tests, no secrets

    def check(self, problem: str, *, ok: bool = False) -> None:
        """Note a problem, and print it at once."""
        if not ok:
            self.problems.append(problem)
            if len(self.problems) <= _PRINTED:
                _print(f"PROBLEM: {problem}")

    async def round(self) -> None:
        """Fan out over runs, get some instances beside that, and perhaps stream a run."""
        works = [self._fan_out(self._any_run()) for _ in range(_FAN_OUTS)]
        works += [self._get(self._random.choice(list(self._tests))) for _ in range(_ASIDE)]
        if self._random.random() < _STREAMED:
            works.append(self._stream(self._any_run()))
        await asyncio.gather(*(self._guarded(work) for work in works))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something; a `CurrentsError` is what there is to be, everything else is a problem."""
        try:
            await work
        except CurrentsError as error:
            self.errors[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it should not be
            self.check(f"{error!r} was raised")

    async def _fan_out(self, run_id: str) -> None:
        """Fan out, to the end or not; what has failed, is fetched alone."""
        expected = self._runs[run_id]
        leave_after = self._leave_after(len(expected))
        found = Counter[str]()
        failed: list[str] = []
        self.done["fan-outs begun"] += 1
        try:
            async with self._currents.runs.instances(run_id, on_error="collect") as results:
                async for result in results:
                    instance_id = result.instance_id or "nothing"
                    found[instance_id] += 1
                    if result.instance is not None:
                        self._check(instance_id, result.instance)
                    elif result.error is not None:
                        self.errors[type(result.error).__name__] += 1
                        failed.append(instance_id)
                    if found.total() == leave_after:
                        break
                else:
                    self.done["fan-outs ended"] += 1
                    lost = set(expected) - found.keys()
                    self.check(f"{run_id}: lost {sorted(lost)}", ok=not lost)
        finally:
            excess = [name for name, count in found.items() if count > 1 or name not in expected]
            self.check(f"{run_id}: too many of {excess}", ok=not excess)
        for instance_id in failed:
            await self._get(instance_id)

    async def _get(self, instance_id: str) -> None:
        """Get an instance, as often as it takes."""
        for _ in range(_MAX_CALLS):
            try:
                instance = await self._currents.instances.get(instance_id)
            except CurrentsError as error:
                self.errors[type(error).__name__] += 1
            else:
                self._check(instance_id, instance)
                return
        self.check(f"{instance_id}: lost after {_MAX_CALLS} calls")

    async def _stream(self, run_id: str) -> None:
        expected = self._runs[run_id]
        leave_after = self._leave_after(len(expected))
        found = list[str | None]()
        self.done["streams begun"] += 1
        async with self._currents.runs.stream(run_id) as specs:
            async for spec in specs:
                found.append(spec.instance_id)
                if len(found) == leave_after:
                    break
            else:
                self.done["streams ended"] += 1
                self.check(f"{run_id}: other specs", ok=found == expected)

    def _check(self, instance_id: str, instance: Instance) -> None:
        """Count an instance, and see whether it is the right one."""
        self.done["instances"] += 1
        right = instance.instance_id == instance_id
        whole = len(instance.tests) == self._tests.get(instance_id)
        self.check(f"{instance_id}: got {instance.instance_id}", ok=right and whole)

    def _any_run(self) -> str:
        return self._random.choice(list(self._runs))

    def _leave_after(self, count: int) -> int | None:
        chance = self._random.random()
        return self._random.randrange(1, count) if chance < _LEFT_EARLY else None


async def soak(
    url: str, runs: Sequence[WorldRun], seed: int, seconds: float
) -> tuple[Soak, list[Sample]]:
    """Work for some seconds; return what came of it, and what the process looked like."""
    samples: list[Sample] = []
    started = time.monotonic()
    every = min(_LONGEST_SILENCE, seconds / _SAMPLES)
    async with Currents(
        KEY, base_url=url, timeouts=_TIMEOUTS, retries=_RETRIES, limits=_LIMITS
    ) as currents:
        work = Soak(currents, runs, seed)
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: work.check(f"the event loop: {context}")
        )
        printed = started
        while (now := time.monotonic()) < started + seconds:
            await work.round()
            if not samples or now - samples[-1].at >= every:
                samples.append(growth.sample())
            if now - printed >= _LONGEST_SILENCE:
                printed = now
                _print(_line(now - started, work, samples[-1]))
        return work, samples


def _line(elapsed: float, work: Soak, sample: Sample) -> str:
    done = ", ".join(f"{count} {name}" for name, count in work.done.items())
    return f"{elapsed:5.0f} s: {done}, {work.errors.total()} errors; {sample}"


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _summarize(work: Soak, samples: list[Sample], served: Counts) -> bool:
    """Print what there was, and return whether all is well."""
    grown = growth.growth(samples, _ALLOWED)
    total = sum(served.values())
    _print(f"\n{total} responses, of which wrong or odd: {total - served.pop('right', 0)}")
    for counts in (served, work.done, work.errors):
        _print("  " + ", ".join(f"{name}: {count}" for name, count in sorted(counts.items())))
    for one in grown:
        _print(f"second quarter against last, {one}")
    if not grown:
        _print("too short to see whether anything grows")
    is_well = not work.problems and all(one.is_flat for one in grown)
    _print(f"{len(work.problems)} problems: {'ok' if is_well else 'FAILED'}")
    return is_well


def main() -> int:
    """Soak; return 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="nox -s soak --", description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=600.0)
    parser.add_argument("--seed", type=int, default=None, help="of an earlier soak")
    asked = parser.parse_args()
    seed = randrange(1_000_000) if asked.seed is None else asked.seed  # noqa: S311 - no secret
    _print(f"seed {seed}")
    pin("client")
    service = Unreliable(specs=_SPECS, seed=seed)
    with Server() as server:
        url, runs = server.serve(service), service.runs()
        work, samples = asyncio.run(soak(url, runs, seed, asked.seconds))
        served = server.counts()
    return 0 if _summarize(work, samples, served) else 1


if __name__ == "__main__":
    sys.exit(main())
