"""Fixtures that yield inside `async with`: plugins may enter and leave them in different tasks."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import asyncio
import pytest

pytest_plugins = ["currents_async.testing.plugin"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def results(currents_world, currents):
    run = currents_world.project().run(specs=40, tests=1)
    async with (
        currents.runs.instances(run.run_id) as results,
        currents.runs.stream(run.run_id) as specs,
    ):
        yield results, specs


async def test_midway(results):
    for one in results:
        await anext(one)
    assert asyncio.current_task().cancelling() == 0
"""
MODES = {
    "pytest-asyncio": ("-oasyncio_mode=auto", "-oasyncio_default_fixture_loop_scope=function"),
    "anyio": ("-pno:asyncio", "-oanyio_mode=auto"),
}


@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
def test_leave_nothing(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    pytester.makepyfile(TESTS)
    # In a process of its own: within this one, anyio makes pytest-asyncio lose a loop, unclosed.
    result = pytester.runpytest_subprocess("-Werror", "-pno:randomly", *options)
    result.assert_outcomes(passed=1)
