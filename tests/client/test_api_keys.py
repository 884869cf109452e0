"""Keys that change while a client runs: a function returns the one to use now."""

import asyncio
import functools
import gc
import pickle
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from currents_async import (
    ClientClosedError,
    CredentialError,
    Currents,
    InvalidArgumentError,
    RequestTimeoutError,
    Timeouts,
    UnauthorizedError,
)
from currents_async.testing import FakeCurrents, ManualClock, World, WorldProject
from tests.support import shown_of

SECRET = "client-secret-of-the-application"


class Tokens:
    """Returns a token until it has been refused, as one that does not know when it ends."""

    def __init__(self, server: FakeCurrents, *, expires_in: float = 2.0) -> None:
        self.server = server
        self.expires_in = expires_in
        self.was_asked = asyncio.Event()
        self.issued: list[str] = []
        self.ends_at = 0.0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> str:
        self.was_asked.set()
        if not self.issued or self.server.clock.now() >= self.ends_at:
            await self.gate.wait()
            await asyncio.sleep(0)  # where others could come in between
            self.issued.append(self.server.issue_token(expires_in=self.expires_in))
            self.ends_at = self.server.clock.now() + self.expires_in
        return self.issued[-1]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def server(world: World, clock: ManualClock, no_task_is_left: None) -> AsyncIterator[Any]:
    async with FakeCurrents(world, clock=clock) as server:
        yield server


async def test_a_token_that_ends_during_a_fan_out(
    server: FakeCurrents, clock: ManualClock, project: WorldProject
) -> None:
    """300 instances while time passes: 6 s, in which the token ends twice."""
    run = project.run(specs=300)
    tokens = Tokens(server)

    async def pass_time(_: object) -> None:
        clock.advance(0.02)

    server.before_response = pass_time
    async with Currents(tokens, base_url=server.url, clock=clock) as currents:
        instances = await currents.runs.get_instances(run.run_id)
    assert len({instance.instance_id for instance in instances}) == len(instances) == 300
    refused = server.requests.of(status=401)
    assert refused
    assert len(tokens.issued) == 1 + int(clock.now() / 2.0) >= 3
    sent = Counter((request.path, request.api_key) for request in server.requests)
    assert set(sent.values()) == {1}
    fetched = server.requests.of("getInstance", status=200)
    assert len({request.path for request in fetched}) == len(fetched) == 300


@pytest.mark.parametrize("number", [1, 40])
async def test_all_that_wait_share_one_call(
    server: FakeCurrents, project: WorldProject, number: int
) -> None:
    run, tokens = project.run(specs=1), Tokens(server)
    tokens.gate.clear()
    async with Currents(tokens, base_url=server.url) as currents:
        calls = [asyncio.create_task(currents.runs.get(run.run_id)) for _ in range(number)]
        await tokens.was_asked.wait()
        calls[0].cancel()
        await asyncio.wait([calls[0]])
        tokens.gate.set()
        await asyncio.gather(*calls[1:])
        await currents.runs.get(run.run_id)
    assert len(tokens.issued) == 1
    assert {request.api_key for request in server.requests} == set(tokens.issued)


async def test_sync_functions_run_in_a_thread(server: FakeCurrents, project: WorldProject) -> None:
    threads = list[threading.Thread]()

    def read_key() -> str:
        threads.append(threading.current_thread())
        return server.api_key

    async def fetch() -> str:
        return server.api_key

    run, coroutine = project.run(specs=1), fetch()
    for function in (read_key, functools.partial(read_key), lambda: coroutine):
        async with Currents(function, base_url=server.url) as currents:
            await currents.runs.get(run.run_id)
    assert len(threads) == 2
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("others", [[], ["another-bad-key"]], ids=["the same", "another"])
async def test_a_refused_key_is_replaced_once(server: FakeCurrents, others: list[str]) -> None:
    keys = ["bad-key", *others]
    asked = 0

    async def ask() -> str:
        nonlocal asked
        asked += 1
        return keys.pop(0) if len(keys) > 1 else keys[0]

    async with Currents(ask, base_url=server.url) as currents:
        with pytest.raises(UnauthorizedError) as caught:
            await currents.runs.get("r")
    assert caught.value.attempts == len(server.requests) == 1 + len(others)
    assert asked == 2 + len(others)


async def test_a_fixed_key_that_is_refused(server: FakeCurrents) -> None:
    async with Currents("bad-key", base_url=server.url) as currents:
        with pytest.raises(UnauthorizedError):
            await currents.runs.get("r")
    assert len(server.requests) == 1


async def test_a_write_is_repeated_with_another_key(
    server: FakeCurrents, project: WorldProject
) -> None:
    """It was refused, so it has not been carried out."""
    keys = iter(["expired", server.api_key])
    key = next(keys)

    async def ask() -> str:
        nonlocal key
        key, now = next(keys, key), key
        return now

    async with Currents(ask, base_url=server.url) as currents:
        await currents.webhooks.create("https://hooks.example.com/h", project_id=project.project_id)
    assert [request.status for request in server.requests] == [401, 201]


def fail() -> str:
    raise LookupError("the token endpoint is down")


BAD: dict[str, tuple[Callable[[], object], str]] = {
    "raises": (fail, "the function passed as api_key raised LookupError"),
    "has no more keys": (lambda: next(iter(())), "raised RuntimeError"),
    "None": (lambda: None, "what the function passed as api_key returned must be a str"),
    "bytes": (lambda: b"key", "must be a str"),
    "empty": (lambda: "", "is empty"),
    "header injection": (lambda: f"{SECRET}\r\nX-Admin: 1", "contains spaces, control"),
    "with a secret": (functools.partial(lambda _: fail(), SECRET), "raised LookupError"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_functions_that_fail(server: FakeCurrents, case: str, kind: str) -> None:
    function, message = BAD[case]

    async def ask() -> object:
        return function()

    api_key: Any = function if kind == "sync" else ask
    async with Currents(api_key, base_url=server.url, timeouts=Timeouts(total=5)) as currents:
        failed = await asyncio.gather(
            *(currents.runs.get("r") for _ in range(2)), return_exceptions=True
        )
        errors = [error for error in failed if isinstance(error, CredentialError)]
    assert len(errors) == 2
    assert errors[0] is not errors[1]
    for error in errors:
        assert message in str(error)
        assert isinstance(error.__cause__, LookupError) is ("raised LookupError" in message)
        assert type(pickle.loads(pickle.dumps(error))) is CredentialError
        assert SECRET not in shown_of(error, without=__file__)
    assert server.requests == []


async def test_a_function_that_does_not_return(server: FakeCurrents, clock: ManualClock) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def ask() -> str:
        began.set()
        try:
            return await asyncio.Event().wait() and ""
        finally:
            cancelled.set()

    hurried = Timeouts(total=0.01)
    async with Currents(ask, base_url=server.url, timeouts=hurried) as currents:
        with pytest.raises(RequestTimeoutError, match=r"api_key had not returned when Timeouts\."):
            await currents.runs.get("r")
        calling = asyncio.create_task(currents.with_options(timeouts=Timeouts()).runs.get("r"))
        await began.wait()
        assert not cancelled.is_set()
        await asyncio.sleep(0)
    with pytest.raises(ClientClosedError):
        await calling
    assert cancelled.is_set()


async def test_the_key_is_not_shown(server: FakeCurrents, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token = server.issue_token()
    function = functools.partial(lambda _, key: key, SECRET, token)
    async with Currents(function, base_url=server.url) as currents:
        with pytest.raises(Exception, match="404") as caught:
            await currents.runs.get("r")
        shown = [shown_of(caught.value, without=__file__), caplog.text]
        channel = currents._channel
        shown += [repr(vars(currents)), repr(vars(channel)), repr(channel.key)]
        shown += [repr(part) for part in gc.get_referrers(channel.key) if isinstance(part, dict)]
    for secret in (token, SECRET):
        assert secret not in "".join(shown)


@pytest.mark.parametrize("key", [b"key", 1, "a\nb", ""])
def test_what_is_neither_a_key_nor_a_function(key: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="api_key"):
        Currents(key)


async def test_the_key_after_one_that_was_to_be_revoked_is_not_revoked(
    server: FakeCurrents, clock: ManualClock
) -> None:
    keys = iter([server.issue_token(expires_in=1), "the next one"])
    clock.advance(2)
    async with Currents(lambda: next(keys), base_url=server.url) as currents:
        with pytest.raises(UnauthorizedError):
            await currents.account.revoke_credential()
    assert [*keys] == ["the next one"]
