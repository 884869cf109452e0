"""Quarantine: actions that are created and lifted on the evidence of results.

Source: `docs/api/operations.md`, "Spec files, tests, results, errors" and "Actions".
"""

from datetime import UTC, datetime

from currents_async._checks import check_type
from currents_async._fanout.pool import OnProgress
from currents_async._quarantine.action_store import ActionStore
from currents_async._quarantine.decide import decide
from currents_async._quarantine.examine import Examiner
from currents_async._quarantine.plan import QuarantinePlan
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import own_actions
from currents_async._resources._group import Group, compound
from currents_async._resources.actions import Actions
from currents_async._resources.jira import Jira
from currents_async._resources.test_results import TestResults
from currents_async._resources.tests import Tests
from currents_async._transport import Transport


class Quarantine(Group):
    """Tests that fail too often, whose failures are ignored until they are fixed.

    ```python
    plan = await currents.quarantine.plan()
    print(plan)
    result = await plan.apply()
    ```

    Actions apply to Playwright only. Actions that others have made are never touched, and a test
    that one of them covers in any run is left to it: ours have a marker line in their description.
    One of ours that a person disables stays disabled, and keeps
    its test out of quarantine. Remove that line from an action to manage it yourself.
    """

    __slots__ = ("_actions", "_jira", "_test_results", "_tests")

    def __init__(
        self,
        transport: Transport,
        project_id: str | None,
        tests: Tests,
        test_results: TestResults,
        actions: Actions,
        jira: Jira,
    ) -> None:
        super().__init__(transport, project_id)
        self._tests = tests
        self._test_results = test_results
        self._actions = actions
        self._jira = jira

    @compound
    async def plan(
        self,
        project_id: str | None = None,
        policy: QuarantinePolicy | None = None,
        *,
        on_progress: OnProgress | None = None,
    ) -> QuarantinePlan:
        """Decide which tests to put into quarantine and which to let out, and change nothing yet.

        `project_id` defaults to the client's. Reads the tests explorer, worst first, and the last
        results of each test that is over the policy's rates or already in quarantine; at most
        `Limits.concurrency` requests are in flight. `on_progress` is called with a `Progress` after
        the results of each test.
        """
        policy = QuarantinePolicy() if policy is None else policy
        check_type("policy", policy, QuarantinePolicy)
        project_id = self._project(project_id)
        clock = self._transport.channel.clock
        store = ActionStore(
            self._actions, self._jira, project_id=project_id, policy=policy, clock=clock
        )
        examiner = Examiner(
            self._tests,
            self._test_results,
            project_id=project_id,
            policy=policy,
            clock=clock,
            concurrency=self._concurrency(None),
        )
        actions = await store.read()
        examined = await examiner.examine(own_actions(actions, policy.name), on_progress)
        now = datetime.fromtimestamp(clock.wall(), UTC)
        decisions = decide(examined.tests, actions, policy, project_ran=examined.has_run, now=now)
        return QuarantinePlan(decisions, store)
