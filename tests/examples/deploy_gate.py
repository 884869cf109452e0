"""A gate before a deploy: waits for a run, and lets only runs pass that break nothing new.

CURRENTS_API_KEY=… python deploy_gate.py RUN_ID
"""

import asyncio
import sys

from currents_async import Currents, CurrentsError, StillRunningError

PATIENCE = 45 * 60


async def objections(currents: Currents, run_id: str) -> list[str]:
    """Wait for the run, and return why it must not be deployed: nothing if it may."""
    try:
        run = await currents.runs.wait(run_id, timeout=PATIENCE)
    except StillRunningError as error:
        return [str(error)]
    if not run.is_complete:
        return [f"the run was not completed: {run.completion_state}"]
    before = await currents.runs.previous(run)
    if before is None:
        failures = [failure.test for failure in await currents.runs.failures(run_id)]
    else:
        diff = await currents.runs.diff(before.run_id, run_id)
        failures = [one.test for one in diff.new_failures]
        unknown = [file.spec for file in diff.incomplete if file.run_id == run_id]
        if unknown:
            return [f"{spec}: not all of its tests are known" for spec in unknown]
    return [f"{test.spec}: {test.full_title}: {test.error}" for test in failures]


async def main(run_id: str) -> int:
    """Print the reasons; return the exit code."""
    async with Currents() as currents:
        try:
            reasons = await objections(currents, run_id)
        except CurrentsError as error:
            reasons = [f"cannot tell: {error}"]  # when in doubt, do not deploy
    print(*reasons or ["fit to be deployed"], sep="\n")
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
