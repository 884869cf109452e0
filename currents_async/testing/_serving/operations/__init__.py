"""What each operation does to a world: one module a group, and the route table of them all."""

from currents_async.testing._serving.operations import (
    actions,
    affected,
    context,
    errors,
    insights,
    jira,
    projects,
    pull_requests,
    runs,
    spec_files,
    terms,
    test_results,
    tests,
    webhooks,
)

ROUTES = (
    *runs.ROUTES,
    *projects.ROUTES,
    *insights.ROUTES,
    *pull_requests.ROUTES,
    *terms.ROUTES,
    *spec_files.ROUTES,
    *tests.ROUTES,
    *test_results.ROUTES,
    *errors.ROUTES,
    # Before the actions: `/actions/tests` is not the action `tests`.
    *affected.ROUTES,
    *actions.ROUTES,
    *webhooks.ROUTES,
    *context.ROUTES,
    *jira.ROUTES,
)
