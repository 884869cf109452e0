"""A nightly job: puts tests that keep failing on main into quarantine, and lets the mended out.

CURRENTS_API_KEY=… python quarantine_job.py PROJECT_ID [--apply]
"""

import asyncio
import sys
from datetime import timedelta

from currents_async import Currents, QuarantinePolicy

POLICY = QuarantinePolicy(
    name="nightly",
    branches=["main"],
    failure_rate=0.3,
    flakiness_rate=0.2,
    max_tests=20,
    expires_after=timedelta(days=30),
)


async def main(project_id: str, *, apply: bool) -> int:
    """Print the plan and its evidence; carry it out if `apply` is set. Return the exit code."""
    async with Currents() as currents:
        plan = await currents.quarantine.plan(project_id, POLICY)
        print(plan)
        for decision in plan.to_quarantine:
            verdicts = ", ".join(str(result.status) for result in decision.test.results)
            print(f"    {decision.label}: {verdicts}")
        if not apply or plan.is_empty:
            return 0
        result = await plan.apply()
    print(f"created {len(result.created)}, lifted {len(result.lifted)}")
    for failure in result.failed:
        print(f"{failure.decision.label}: {failure.error}", file=sys.stderr)
    return 1 if result.failed else 0


if __name__ == "__main__":
    arguments = [one for one in sys.argv[1:] if one != "--apply"]
    sys.exit(asyncio.run(main(*arguments, apply="--apply" in sys.argv)))
