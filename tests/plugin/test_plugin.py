"""The plugin in suites as others have them: pytest inside of pytest."""

import sys
from collections.abc import Callable
from importlib.metadata import distribution, entry_points

import pytest

# Known before the inner pytest loads it, as when a conftest.py imports it.
from currents_async.testing import plugin
from tests.documentation import fenced, source_with

pytest_plugins = ["pytester"]

BOT, EXAMPLE = source_with("failure_bot"), source_with("test_failures_are_posted")
[CONFIGURATION] = fenced("toml")

SCOPED = "-oasyncio_default_fixture_loop_scope=session"  # of their async fixtures, not of ours
STRICT = ("-oasyncio_mode=strict", SCOPED)
AUTO = ("-oasyncio_mode=auto", SCOPED)
ALONE = ("-pno:asyncio",)
MODES = {
    "strict": ("asyncio", STRICT),
    "auto": (None, AUTO),
    "anyio": ("anyio", STRICT),
    "anyio-auto": (None, ("-oanyio_mode=auto", *STRICT)),
    "anyio-alone": ("anyio", ALONE),
}
NO_OTHERS = [
    f"-pno:{plugin.name}"
    for plugin in entry_points(group="pytest11")
    if plugin.name not in {"anyio", "asyncio", "hypothesispytest"}
]
"""Against what else is installed: suites have plugins that we do not know."""
CONFTEST = """
import pytest

pytest_plugins = ["currents_async.testing.plugin"]


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"
"""
TESTS = """
import asyncio
import pytest
from aiohttp import web
from currents_async import ForbiddenError
from currents_async.testing import World


async def test_world(currents_world):
    assert isinstance(currents_world, World)
    assert (currents_world.seed, currents_world.projects) == (1, [])


async def test_all_in_the_loop_of_the_test(
    currents_world, currents_server, currents, currents_webhooks
):
    loops = []

    async def hook(request):
        loops.append(asyncio.get_running_loop())
        return web.json_response(await request.json())

    async def look(_):
        loops.append(asyncio.get_running_loop())

    currents_server.before_response = look
    run = currents_world.project().run(specs=2, failures=1)
    app = web.Application()
    app.router.add_post("/hook", hook)
    await currents_webhooks.serve(app, "/hook")
    [delivery] = await currents_webhooks.emit(run, "RUN_FINISH")
    assert delivery.status == 200
    assert len(await currents.runs.get_instances(run.run_id)) == 2
    assert loops == [asyncio.get_running_loop()] * 4


async def test_time(currents_world, currents_server, currents, tmp_path):
    run = currents_world.project().run(specs=1, tests=1, failures=1)
    currents_server.fail("getRun", 503, times=2, headers={"Retry-After": "40"})
    await currents.runs.get(run.run_id)
    assert currents_server.clock.waited == [40, 40]
    instance = await currents.instances.get(run.specs[0].instance_id)
    screenshot = instance.results.screenshots[0]
    await currents.assets.download(screenshot, to=tmp_path)
    currents_server.clock.advance(days=3)
    with pytest.raises(ForbiddenError):
        await currents.assets.download(screenshot, to=tmp_path)


servers = []


async def test_one(currents_server, currents):
    servers.append((currents_server, currents))


async def test_another(currents_server, currents):
    [(server, client)] = servers
    assert server is not currents_server
    assert (repr(client)[-7:], repr(currents)[-5:]) == ("closed>", "open>")
    with pytest.raises(RuntimeError):
        server.url
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Run:
    """Run pytest in a directory with these files, all warnings being errors."""

    def run(*options: str, conftest: str = CONFTEST, **files: str) -> pytest.RunResult:
        pytester.makeini("[pytest]")  # or else one of a directory above would count
        pytester.makepyfile(conftest=conftest, **files)
        always = ("-Werror", "-pno:cacheprovider", "-opythonpath=.", *NO_OTHERS)
        return pytester.runpytest_inprocess(*always, *options)

    return run


def marked(mark: str | None, tests: str) -> str:
    return tests if mark is None else f"import pytest\npytestmark = pytest.mark.{mark}\n{tests}"


@pytest.mark.parametrize("mode", MODES)
def test_modes(run: Run, mode: str) -> None:
    mark, options = MODES[mode]
    run(*options, test_it=marked(mark, TESTS)).assert_outcomes(passed=5)


def test_the_bot_and_its_tests_of_the_readme_as_printed(pytester: pytest.Pytester) -> None:
    """In an empty directory, with nothing but what a newcomer copies into three files."""
    pytester.makepyprojecttoml(CONFIGURATION)
    pytester.makepyfile(bot=BOT, test_bot=EXAMPLE)
    pytester.runpytest_subprocess("-Werror", *NO_OTHERS).assert_outcomes(passed=2)


def test_an_async_fixture_in_another_loop(run: Run) -> None:
    result = run(*AUTO, conftest="", test_bot=EXAMPLE, bot=BOT)
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines("*MisuseError: this runs in another event loop than the test: *")


LOOPS = """
import asyncio

loops = set()


async def test_one(currents, currents_world):
    run = currents_world.project().run(specs=1)
    await currents.runs.get(run.run_id)
    loops.add(asyncio.get_running_loop())


class TestMore:
    test_two = staticmethod(test_one)
    test_three = staticmethod(test_one)


def test_loops():
    assert len(loops) == EXPECTED
"""


SCOPES = {"function": 3, "class": 2, "module": 1, "package": 1, "session": 1}


def test_scopes_of_the_loop(run: Run) -> None:
    files = {
        f"test_{scope}": "import pytest\n"
        + LOOPS.replace("EXPECTED", str(loops)).replace(
            "async def", f"@pytest.mark.asyncio(loop_scope={scope!r})\nasync def"
        )
        for scope, loops in SCOPES.items()
    }
    run(*STRICT, **files).assert_outcomes(passed=4 * len(SCOPES))


@pytest.mark.parametrize("scope", ["class", "session"])
def test_default_scope_of_the_loop(run: Run, scope: str) -> None:
    option = f"-oasyncio_default_test_loop_scope={scope}"
    tests = LOOPS.replace("EXPECTED", str(SCOPES[scope]))
    run(*AUTO, option, test_it=tests).assert_outcomes(passed=4)


class TestRefused:
    @pytest.mark.parametrize("options", [STRICT, AUTO, ALONE], ids=["strict", "auto", "alone"])
    def test_plain_functions(self, run: Run, options: tuple[str, ...]) -> None:
        tests = """
def test_one(currents_server, anyio_backend): ...
def test_two(currents): ...
def test_three(currents_webhooks): ...
"""
        result = run(*options, test_it=tests)
        result.assert_outcomes(errors=3)
        reason = "currents_server lives in the event loop of a test, and test_{} has none: make *"
        result.stdout.fnmatch_lines([reason.format(name) for name in ("one", "two", "three")])
        result.stdout.no_fnmatch_line("*Traceback*")

    def test_neither_plugin_runs_it(self, run: Run) -> None:
        result = run(*STRICT, test_it="async def test_it(currents): ...")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(
            "*mark it with @pytest.mark.asyncio (or set asyncio_mode = auto)*"
        )

    def test_both_plugins_run_it(self, run: Run) -> None:
        result = run(*AUTO, test_it=marked("anyio", "async def test_it(currents): ..."))
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines("test_it* is for anyio, and pytest-asyncio runs it too: set *")

    @pytest.mark.parametrize("backend", ["trio", ("trio", {})], ids=["bare", "with options"])
    def test_trio(self, run: Run, backend: object) -> None:
        conftest = CONFTEST.replace('"asyncio"', repr(backend))
        tests = marked("anyio", "async def test_it(currents): ...")
        result = run(*STRICT, conftest=conftest, test_it=tests)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines("currents_async runs on asyncio only: define a fixture *")


def test_options_of_the_backend(run: Run) -> None:
    conftest = CONFTEST.replace('"asyncio"', '("asyncio", {"debug": True})')
    tests = marked("anyio", "async def test_it(currents): ...")
    run(*STRICT, conftest=conftest, test_it=tests).assert_outcomes(passed=1)


def test_hypothesis(run: Run) -> None:
    tests = """
from hypothesis import HealthCheck, given, settings, strategies as st

@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 3))
async def test_it(currents_world, currents, specs):
    run = currents_world.project().run(specs=specs)
    assert len(await currents.runs.get_instances(run.run_id)) == specs
"""
    for mark, options in MODES.values():
        run("-phypothesispytest", *options, test_it=marked(mark, tests)).assert_outcomes(passed=1)


def test_fixtures_of_theirs_come_first(run: Run) -> None:
    tests = """
import pytest
import pytest_asyncio
from currents_async.testing import FakeCurrents, World

@pytest.fixture
def currents_world():
    world = World(seed=7)
    world.project("Theirs")
    return world

@pytest_asyncio.fixture
async def currents_server(currents_world):
    async with FakeCurrents(currents_world, api_key="theirs") as server:
        yield server

@pytest.mark.asyncio
async def test_it(currents_server, currents, currents_webhooks):
    assert [project.name async for project in currents.projects.list()] == ["Theirs"]
    assert currents_server.api_key == "theirs"
    currents_webhooks.register("http://127.0.0.1:1")
    assert len(currents_server.world.webhooks) == 1
"""
    run(
        "-oasyncio_mode=strict", "-oasyncio_default_fixture_loop_scope=function", test_it=tests
    ).assert_outcomes(passed=1)


def test_apps_are_shut_down_before_the_client(run: Run) -> None:
    tests = """
from aiohttp import web

found = []

async def test_it(currents_webhooks, currents, currents_world):
    async def finish(_):
        found.append([project.name async for project in currents.projects.list()])

    currents_world.project("Web shop")
    app = web.Application()
    app.on_shutdown.append(finish)
    await currents_webhooks.serve(app)
    assert not found

async def test_after_it():
    assert found == [["Web shop"]]
"""
    run(*AUTO, test_it=tests).assert_outcomes(passed=2)


def test_a_conftest_may_import_it(run: Run) -> None:
    assert plugin.__name__ in sys.modules
    conftest = f"from {plugin.__name__} import currents_world\n{CONFTEST}"
    run(*STRICT, conftest=conftest, test_it=marked("asyncio", TESTS)).assert_outcomes(passed=5)


WITHOUT = """
import importlib.machinery, sys

find_spec = importlib.machinery.PathFinder.find_spec

@classmethod
def find(cls, name, *args):
    return None if name.startswith("pytest_asyncio") else find_spec(name, *args)

importlib.machinery.PathFinder.find_spec = find

import pytest
code = pytest.main(["-Werror", "-pno:asyncio", "-pno:cacheprovider", *sys.argv[1:], "test_it.py"])
assert "pytest_asyncio" not in sys.modules
sys.exit(code)
"""


def test_without_pytest_asyncio(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(conftest=CONFTEST, test_it=marked("anyio", TESTS))
    program = pytester.makepyfile(main=WITHOUT)
    pytester.run(sys.executable, program, *NO_OTHERS).assert_outcomes(passed=5)


def test_the_plugin_costs_nothing_unless_it_is_requested(run: Run) -> None:
    assert not distribution("currents-async").entry_points.select(group="pytest11")
    result = run(*AUTO, "--setup-plan", test_it="async def test_it(): ...")
    assert "currents" not in result.stdout.str()


def test_fixtures_have_descriptions(run: Run) -> None:
    run(*STRICT, "--fixtures").stdout.fnmatch_lines([
        "currents_world -- *",
        "    Make the world *",
        "currents_server -- *",
        "    Run *",
    ])
