"""What `quarantine` takes."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from currents_async.cli._options import (
    CONNECTION,
    OUTPUT,
    Branches,
    Connection,
    Count,
    Flag,
    Output,
    Yes,
)

quarantine = App(
    name="quarantine", help="Put tests that fail too often into quarantine, and let them out."
)

Share = Annotated[float, Parameter(validator=Number(gt=0, lte=1))]


@Parameter(name="*", group="Policy")
@dataclass(frozen=True, kw_only=True)
class Policy:
    """Which tests belong in quarantine."""

    name: str = "default"
    """Policies of other names look after actions of their own."""
    branches: Branches = ()
    """Only results of this branch count; several can be given."""
    window: str = "14d"
    """How far back results count."""
    min_executions: Count = 10
    """A test with fewer executions is not judged."""
    failure_rate: Share = 0.2
    """The share of failures from which on a test is put into quarantine."""
    flakiness_rate: Share = 0.2
    """The share of flaky passes from which on a test is put into quarantine."""
    last_results: Count = 20
    """How many of the newest results of a test have to confirm it."""
    lift_after: Count = 10
    """How many clean passes in a row let a test out."""
    most: Annotated[int, Parameter(validator=Number(gte=0))] = 20
    """How many tests may be in quarantine at once; with 0, tests are only let out."""
    expires_after: str | None = None
    """How long an action applies that is created, for example 30d; by default for ever."""


POLICY = Policy()


@quarantine.command
def plan(
    *,
    project: str | None = None,
    everything: Annotated[Flag, Parameter(name="--all")] = False,
    fail_on: Literal["changes"] | None = None,
    policy: Policy = POLICY,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Print which tests to put into quarantine and which to let out, and do nothing.

    Parameters
    ----------
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.
    everything
        Print also what stays as it is, and why.
    fail_on
        With `changes`, the exit code is 6 when there is something to do.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._quarantine import work  # noqa: PLC0415

    return answer(
        connection,
        partial(
            work.plan,
            project=project,
            policy=policy,
            everything=everything,
            fail_on_changes=fail_on is not None,
            output=output,
        ),
    )


@quarantine.command
def apply(
    *,
    project: str | None = None,
    yes: Yes = False,
    policy: Policy = POLICY,
    connection: Connection = CONNECTION,
    output: Output = OUTPUT,
) -> int:
    """Print the plan on stderr, ask, and carry it out; where there is no terminal it needs --yes.

    What was done is printed. The exit code is 5 when some of it failed.

    Parameters
    ----------
    project
        The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.
    yes
        Do not ask.

    """
    from currents_async.cli._answer import answer  # noqa: PLC0415
    from currents_async.cli._quarantine import work  # noqa: PLC0415

    return answer(
        connection,
        partial(work.apply, project=project, policy=policy, yes=yes, output=output),
    )
