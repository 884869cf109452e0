"""Find the event loop that a test runs in, and open fixtures in it.

PYTEST_DONT_REWRITE: there are no assertions in here.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from importlib.util import find_spec
from inspect import iscoroutinefunction
from typing import Literal, NoReturn, TypeVar

import pytest

T = TypeVar("T")


@pytest.fixture(name="_currents_loop_of_anyio")
async def of_anyio() -> asyncio.AbstractEventLoop:
    """Return the loop of a test that anyio runs."""
    return asyncio.get_running_loop()


if find_spec("pytest_asyncio"):
    import pytest_asyncio

    def _loop_of(scope: Literal["function", "class", "module", "package", "session"]) -> object:
        @pytest_asyncio.fixture(name=f"_currents_loop_of_{scope}", loop_scope=scope)
        async def find() -> asyncio.AbstractEventLoop:
            return asyncio.get_running_loop()

        return find

    of_function = _loop_of("function")
    of_class = _loop_of("class")
    of_module = _loop_of("module")
    of_package = _loop_of("package")
    of_session = _loop_of("session")


@contextmanager
def opened(request: pytest.FixtureRequest, manager: AbstractAsyncContextManager[T]) -> Generator[T]:
    """Enter an `async with` in the loop of the test that requests a fixture, and leave it there.

    An async fixture would belong to pytest-asyncio or to anyio, and not to both.
    """
    loop: asyncio.AbstractEventLoop = request.getfixturevalue(_name_loop(request))
    # The loop does not run while fixtures are set up and torn down.
    value = loop.run_until_complete(manager.__aenter__())
    try:
        yield value
    finally:
        loop.run_until_complete(manager.__aexit__(None, None, None))


def _name_loop(request: pytest.FixtureRequest) -> str:
    """Return the name of the fixture that finds the loop which a test will run in."""
    scope = _asyncio_scope(request)
    by_anyio = "anyio_backend" in request.fixturenames
    if not (scope or by_anyio) or not _is_coroutine_function(request.function):
        _fail(
            f"{request.fixturename} lives in the event loop of a test, and {request.node.name} has "
            "none: make it an `async def`, and mark it with @pytest.mark.asyncio (or set "
            "asyncio_mode = auto), or with @pytest.mark.anyio"
        )
    if scope and by_anyio:
        _fail(
            f"{request.node.name} is for anyio, and pytest-asyncio runs it too: set asyncio_mode = "
            "strict, or do not use anyio in it"
        )
    if scope:
        return f"_currents_loop_of_{scope}"
    backend: str | tuple[str, object] = request.getfixturevalue("anyio_backend")
    if (backend if isinstance(backend, str) else backend[0]) != "asyncio":
        _fail(
            "currents_async runs on asyncio only: define a fixture anyio_backend that returns "
            '"asyncio"'
        )
    return "_currents_loop_of_anyio"


def _asyncio_scope(request: pytest.FixtureRequest) -> str | None:
    """Return the scope of the loop in which pytest-asyncio runs a test; None if it does not."""
    mark: pytest.Mark | None = request.node.get_closest_marker("asyncio")
    # In its auto mode, pytest-asyncio marks the tests itself.
    if mark is None or not request.config.pluginmanager.has_plugin("asyncio"):
        return None
    default: str = request.config.getini("asyncio_default_test_loop_scope")
    scope: str = mark.kwargs.get("loop_scope", default)
    return scope


def _fail(reason: str) -> NoReturn:
    pytest.fail(reason, pytrace=False)


def _is_coroutine_function(test: Callable[..., object]) -> bool:
    hypothesis = getattr(test, "hypothesis", None)
    return iscoroutinefunction(getattr(hypothesis, "inner_test", test))
