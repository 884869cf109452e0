"""The same code gets the same responses, and nothing else."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import msgspec
import pytest
from yarl import URL

from currents_async import (
    BadRequestError,
    Currents,
    InvalidArgumentError,
    MisuseError,
    ServerError,
    UnauthorizedError,
)
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from currents_async.testing._cassettes.people import mask_aliases, rename_people, replace_addresses
from currents_async.testing._cassettes.scrubbing import hide_secrets
from currents_async.testing._cassettes.tape import read_content
from currents_async.testing.cassettes import CassettePlayer, CassetteRecorder, cassette
from tests.cassettes.conftest import Connect, Record
from tests.support import KEY, client


@pytest.fixture
def run(project: WorldProject) -> WorldRun:
    return project.run(specs=12, failures=4)


def got(path: str, query: Mapping[str, Sequence[str]] | None = None, **content: Any) -> Any:
    """Return the exchange of a GET."""
    request = {"method": "GET", "path": path, "query": query or {}, **content}
    return {"request": request, "response": {"status": 200, "json": {"data": f"of {path}"}}}


def put(tape: Path, content: bytes) -> None:
    tape.parent.mkdir(exist_ok=True)
    tape.write_bytes(content)


def write(tape: Path, *exchanges: Any) -> None:
    put(tape, msgspec.json.encode({"exchanges": exchanges, "version": 1}))


def raw(server: CassetteRecorder | CassettePlayer) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.api_key}"})


async def status(server: CassettePlayer, method: str, path: str, **options: Any) -> int:
    url = URL(server.url + path, encoded=True)
    async with raw(server) as session, session.request(method, url, **options) as response:
        return response.status


async def refused(tape: Path, method: str, path: str, **options: Any) -> int:
    """Send a request that is not in a cassette, and return the status of the response."""
    statuses: list[int] = []
    with pytest.raises(AssertionError, match="requested, but not in it"):
        async with CassettePlayer(tape, allow_unused=True) as server:
            statuses.append(await status(server, method, path, **options))
    return statuses[0]


def without_secrets(models: object) -> str:
    json = rename_people(msgspec.json.decode(msgspec.json.encode(models)), lambda _: "somebody")
    text = hide_secrets(msgspec.json.encode(json, order="sorted").decode())
    return mask_aliases(replace_addresses(text, lambda _: "user1"), "user1")


async def ask(currents: Currents, run: WorldRun, *, concurrency: int = 16) -> list[object]:
    """Do what a bot might do, writes included."""
    project_id = run.project_id
    asked: list[object] = [
        await currents.runs.get(run.run_id),
        await currents.runs.get_instances(run.run_id, concurrency=concurrency),
        await currents.runs.list(project_id, branches=["main", "dev"]),
        await currents.context.markdown(run_id=run.run_id),
        hook := await currents.webhooks.create(
            "https://bot.example/hook", project_id=project_id, headers={"X-Secret": "s"}
        ),
        await currents.webhooks.update(hook.hook_id, label="bot"),
        await currents.webhooks.get(hook.hook_id),
    ]
    return asked


class TestTheSame:
    async def test_models(
        self, record: Record, upstream: FakeCurrents, connect: Connect, run: WorldRun, tape: Path
    ) -> None:
        async with record() as server, connect(server) as currents:
            recorded = await ask(currents, run)
            operations = Counter(one.operation for one in server.requests)
        sent = len(upstream.requests)
        assert (sent, operations["getInstance"]) == (operations.total(), 12)
        async with CassettePlayer(tape) as player, connect(player) as currents:
            replayed = await ask(currents, run, concurrency=2)
            assert Counter(one.operation for one in player.requests) == operations
        assert len(upstream.requests) == sent
        hidden = without_secrets(recorded).replace(r"{\"X-Secret\":\"s\"}", "[headers]")
        shown = without_secrets(replayed).replace(r"{\"X-Secret\":\"[secret]\"}", "[headers]")
        assert shown == hidden
        assert shown.count("[headers]") == 3
        assert "fs.currents.dev" in shown

    async def test_in_another_order(
        self, record: Record, connect: Connect, run: WorldRun, tape: Path
    ) -> None:
        async with record() as server, connect(server) as currents:
            recorded = await currents.runs.get_instances(run.run_id)
        ids = [spec.instance_id or "" for spec in reversed(run.specs)]
        async with CassettePlayer(tape) as player, connect(player) as currents:
            replayed = [await currents.instances.get(one) for one in ids]
            await currents.runs.get(run.run_id)
        assert without_secrets(replayed[::-1]) == without_secrets(recorded)

    async def test_one_after_the_other(
        self, record: Record, connect: Connect, project: WorldProject, tape: Path
    ) -> None:
        run = project.run(specs=3, running=True)
        async with record() as server, connect(server) as currents:
            before = await currents.runs.get(run.run_id)
            await currents.runs.cancel(run.run_id)
            after = await currents.runs.get(run.run_id)
        async with CassettePlayer(tape) as player, connect(player) as currents:
            states = [(await currents.runs.get(run.run_id)).completion_state for _ in range(2)]
            await currents.runs.cancel(run.run_id)
        assert states == [before.completion_state, after.completion_state]
        assert states[0] != states[1]

    async def test_failures(
        self, record: Record, upstream: FakeCurrents, connect: Connect, run: WorldRun, tape: Path
    ) -> None:
        upstream.fail("getRun", 429, headers={"Retry-After": "7", "X-RateLimit-Limit": "60"})
        upstream.fail("getRun", 502, body=b"<html>\xff")
        upstream.fail("getRun", 500, times=3, after=1)
        for server in (record(), CassettePlayer(tape)):
            async with server, connect(server) as currents:
                await currents.runs.get(run.run_id)
                assert currents.rate_limit is not None
                with pytest.raises(ServerError):
                    await currents.runs.get(run.run_id)
                assert [one.status for one in server.requests] == [429, 502, 200, 500, 500, 500]

    @pytest.mark.parametrize("coding", ["gzip", "identity"])
    async def test_coding(self, record: Record, run: WorldRun, tape: Path, coding: str) -> None:
        bodies: list[object] = []
        for server in (record(), CassettePlayer(tape)):
            async with server, raw(server) as session:
                url = f"{server.url}/instances/{run.specs[0].instance_id}"
                async with session.get(url, headers={"Accept-Encoding": coding}) as response:
                    assert response.headers.get("Content-Encoding", "identity") == coding
                    assert response.headers["X-Request-Id"] == "fake-00000001"
                    bodies.append(without_secrets(await response.json()))
        assert bodies[0] == bodies[1]

    @pytest.mark.parametrize(
        "body", [b"", b"null", b"<p>\xc3\xa9", b"\xff\x00", b'"\\ud800"', b"1e999"]
    )
    async def test_any_body(self, tape: Path, body: bytes) -> None:
        content = msgspec.to_builtins(read_content(body))
        write(
            tape,
            {"request": {"method": "GET", "path": "/x"}, "response": {"status": 200, **content}},
        )
        async with CassettePlayer(tape) as server, raw(server) as session:
            response = await session.get(f"{server.url}/x")
            assert await response.read() == body


class TestStrict:
    async def test_what_is_not_in_it(self, tape: Path, connect: Connect) -> None:
        write(tape, got("/runs/r"))
        complaint = f"""\
cassette {tape}
requested, but not in it (any more):
  GET /runs/other
  PUT /runs/r/reset {{"machineId":["m"]}}
  GET /runs/r"""
        with pytest.raises(AssertionError, match=f"^{re.escape(complaint)}$"):
            async with CassettePlayer(tape) as server, connect(server) as currents:
                with pytest.raises(BadRequestError, match="not in the cassette: GET /runs/other"):
                    await currents.runs.get("other")
                with pytest.raises(BadRequestError, match="PUT"):
                    await currents.runs.reset("r", ["m"])
                assert await currents.request("GET", "/runs/r", type=str) == "of /runs/r"
                with pytest.raises(BadRequestError, match="GET"):
                    await currents.runs.get("r")
                assert len(server.requests) == 4

    async def test_exchanges_that_were_not_requested(self, tape: Path, connect: Connect) -> None:
        write(tape, got("/runs/r"), got("/runs/r"), got("/a", {"x": ["1", "é"]}))
        complaint = f"""\
cassette {tape}
in it, but not requested:
  GET /runs/r
  GET /a?x=1&x=%C3%A9"""
        with pytest.raises(AssertionError, match=f"^{re.escape(complaint)}$"):
            async with CassettePlayer(tape) as server, connect(server) as currents:
                await currents.request("GET", "/runs/r")
        async with CassettePlayer(tape, allow_unused=True) as server, connect(server) as currents:
            await currents.request("GET", "/runs/r")

    @pytest.mark.parametrize("query", ["a=1&b=2&a=3", "b=2&a=1&a=3", "a=1&a=3&b=%32"])
    async def test_the_same_query(self, tape: Path, query: str) -> None:
        write(tape, got("/runs", {"a": ["1", "3"], "b": ["2"]}))
        async with CassettePlayer(tape) as server:
            assert await status(server, "GET", f"/runs?{query}") == 200

    @pytest.mark.parametrize(
        "query", ["", "a=1&b=2", "a=3&b=2&a=1", "a=1&b=2&a=1&a=3", "a=1&b=2&a=3&c=", "a=1,3&b=2"]
    )
    async def test_another_query(self, tape: Path, query: str) -> None:
        write(tape, got("/runs", {"a": ["1", "3"], "b": ["2"]}))
        assert await refused(tape, "GET", f"/runs?{query}") == 400

    BODY: ClassVar[Any] = {"a": [1, 2], "b": {"c": None, "d": True}}

    async def test_the_same_body(self, tape: Path) -> None:
        write(tape, got("/x", json=self.BODY))
        async with CassettePlayer(tape) as server:
            body = b'{"b": {"d": true, "c": null}, "a": [1, 2]}'
            assert await status(server, "GET", "/x", data=body) == 200

    @pytest.mark.parametrize(
        "body",
        [
            b'{"a":[2,1],"b":{"c":null,"d":true}}',
            b'{"a":[1,2],"b":{"c":null,"d":1}}',
            b'{"a":[1,2],"b":{"d":true}}',
            b"",
            b"{",
            b"\xff",
        ],
    )
    async def test_another_body(self, tape: Path, body: bytes) -> None:
        write(tape, got("/x", json=self.BODY))
        assert await refused(tape, "GET", "/x", data=body) == 400

    @pytest.mark.parametrize(
        ("method", "path"), [("PUT", "/runs/a%2Fb"), ("GET", "/runs/a/b"), ("GET", "/runs/a%252Fb")]
    )
    async def test_another_path(self, tape: Path, method: str, path: str) -> None:
        write(tape, got("/runs/a%2Fb"))
        async with CassettePlayer(tape) as server:
            assert await status(server, "GET", "/runs/a%2fb") == 200
        assert await refused(tape, method, path) == 400

    async def test_the_key(self, tape: Path) -> None:
        write(tape, got("/runs/r"))
        async with (
            CassettePlayer(tape, allow_unused=True) as server,
            client(server.url) as currents,
        ):
            with pytest.raises(UnauthorizedError):
                await currents.runs.get("r")

    async def test_an_error_of_the_test_comes_first(self, tape: Path, connect: Connect) -> None:
        write(tape, got("/runs/r"))

        async def fail(path: str) -> None:
            async with CassettePlayer(tape) as server, connect(server) as currents:
                with suppress(BadRequestError):
                    await currents.request("GET", path)
                raise KeyError("its own")

        with pytest.raises(KeyError) as caught:
            await fail("/other")
        [note] = caught.value.__notes__
        assert note.endswith("requested, but not in it (any more):\n  GET /other")
        with pytest.raises(KeyError) as caught:
            await fail("/runs/r")
        assert not hasattr(caught.value, "__notes__")


class TestAddresses:
    """A test may know addresses that the cassette does not."""

    ONE: ClassVar[Any] = got("/x", {"authors": ["user1@scrubbed.example"]})
    TWO: ClassVar[Any] = got("/x", {"authors": ["user2@scrubbed.example"]})

    @pytest.mark.parametrize("author", ["ada@corp.com", "user1@scrubbed.example"])
    async def test_both_names(self, tape: Path, author: str) -> None:
        write(tape, self.ONE)
        async with CassettePlayer(tape) as server:
            assert await status(server, "GET", "/x", params={"authors": author}) == 200

    @pytest.mark.parametrize("author", ["ada@corp.com", "user3@scrubbed.example"])
    async def test_nothing_is_guessed(self, tape: Path, author: str) -> None:
        write(tape, self.ONE, self.TWO)
        assert await refused(tape, "GET", "/x", params={"authors": author}) == 400

    async def test_the_names_it_knows(self, tape: Path) -> None:
        write(tape, self.ONE, self.TWO)
        async with CassettePlayer(tape) as server:
            for author in ("user2@scrubbed.example", "user1@scrubbed.example"):
                assert await status(server, "GET", "/x", params={"authors": author}) == 200

    async def test_in_a_body(self, tape: Path) -> None:
        write(tape, got("/x", json={"who": ["user4@scrubbed.example"]}))
        async with CassettePlayer(tape) as server:
            assert await status(server, "GET", "/x", json={"who": ["a@corp.com"]}) == 200


async def test_another_signature_is_the_same(tape: Path) -> None:
    write(tape, got("/x", {"of": ["https://a.example/1.png?[signature]"]}))
    async with CassettePlayer(tape) as server:
        url = "https://a.example/1.png?Expires=1&Signature=abc"
        assert await status(server, "GET", "/x", params={"of": url}) == 200


async def test_another_secret_of_a_webhook_is_the_same(
    record: Record, connect: Connect, project: WorldProject, tape: Path
) -> None:
    for server, secret in ((record(), "old"), (CassettePlayer(tape), "new")):
        async with server, connect(server) as currents:
            hook = await currents.webhooks.create(
                "https://bot.example/", project_id=project.project_id, headers={"X-Secret": secret}
            )
    assert hook.headers == {"X-Secret": "[secret]"}


class TestFile:
    async def test_there_is_none(self, tape: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"there is no cassette .*tape\.json"):
            async with CassettePlayer(tape):
                pass

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "truncated"),
            (b"\xff", "."),
            (b'"\xff"', "."),
            (b"<html>", "malformed"),
            (b"[]", "array"),
            (b"{}", "exchanges"),
            (b'{"exchanges": [], "version": 2}', "version"),
            (b'{"exchanges": [{}]}', r"request.*\$.exchanges"),
            (b'{"exchanges": [], "more": 1}', "more"),
        ],
    )
    async def test_broken(self, tape: Path, content: bytes, words: str) -> None:
        put(tape, content)
        with pytest.raises(InvalidArgumentError, match=rf"tape\.json is not a cassette: .*{words}"):
            async with CassettePlayer(tape):
                pass


class TestEither:
    async def test_recorded_once_then_replayed(
        self, upstream: FakeCurrents, connect: Connect, run: WorldRun, tape: Path
    ) -> None:
        for key in (KEY, KEY, None):
            async with (
                cassette(tape, base_url=upstream.url, api_key=key) as server,
                connect(server) as currents,
            ):
                assert (await currents.runs.get(run.run_id)).run_id == run.run_id
        assert len(upstream.requests) == 1

    async def test_neither(self, tape: Path) -> None:
        with pytest.raises(FileNotFoundError, match="record it first"):
            async with cassette(tape):
                pass

    async def test_strict(self, tape: Path) -> None:
        write(tape, got("/x"))
        with pytest.raises(AssertionError, match="not requested"):
            async with cassette(tape):
                pass
        async with cassette(tape, allow_unused=True):
            pass


async def test_there_is_a_url_only_inside(tape: Path) -> None:
    write(tape)
    player = CassettePlayer(tape)
    with pytest.raises(MisuseError, match="only inside"):
        _ = player.url
    async with player:
        assert player.url.startswith("http://127.0.0.1:")
    with pytest.raises(MisuseError, match="only inside"):
        _ = player.url
