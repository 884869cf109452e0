"""What each operation does to a world: one module a group, and the route table of them all."""

from currents_async.testing._serving.operations import (
    account,
    actions,
    affected,
    attachments,
    context,
    explorers,
    jira,
    project_runs,
    projects,
    runs,
    sharing,
    test_results,
    webhooks,
)

ROUTES = (
    *runs.ROUTES,
    *projects.ROUTES,
    *project_runs.ROUTES,
    *explorers.ROUTES,
    *test_results.ROUTES,
    # Before the actions: `/actions/tests` is not the action `tests`.
    *affected.ROUTES,
    *actions.ROUTES,
    *webhooks.ROUTES,
    *context.ROUTES,
    *jira.ROUTES,
    *sharing.ROUTES,
    *attachments.ROUTES,
    *account.ROUTES,
)
