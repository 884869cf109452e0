"""Cassettes: what the real service answered, recorded once, and replayed without a network.

async with CassetteRecorder("tests/cassettes/bot.json", api_key=key) as server:
    async with Currents(server.api_key, base_url=server.url) as currents:
        await currents.runs.get(run_id)

async with CassettePlayer("tests/cassettes/bot.json") as server:
    ...  # the same code, the same answers
"""

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

from currents_async._config import resolve_base_url
from currents_async._threads import in_thread
from currents_async._transport import find_credential
from currents_async.errors import InvalidArgumentError
from currents_async.testing._cassettes.addresses import Aliases, replace_addresses
from currents_async.testing._cassettes.forwarding import Forwarder
from currents_async.testing._cassettes.people import People
from currents_async.testing._cassettes.replaying import Replayer, show
from currents_async.testing._cassettes.scrubbing import make_hiding
from currents_async.testing._cassettes.scrubbing import scrub as scrub_exchange
from currents_async.testing._cassettes.serving import CassetteServer
from currents_async.testing._cassettes.tape import Tape, TapedRequest, read_tape, write_tape

__all__ = ["CassettePlayer", "CassetteRecorder", "cassette"]

Scrub: TypeAlias = Sequence[str | re.Pattern[str]]
"""Regular expressions of what must not be in a cassette."""


class CassetteRecorder(CassetteServer):
    """A server that passes requests on to the real service, and records the answers.

    The client needs its `url` and `api_key`, which is made up; the real key stays in here. When
    the `async with` ends, also by an error, all answers of the service are written to `record_to`,
    decoded, in the order in which they were asked for. What was answered with a failure is
    recorded too, but not what was not answered at all: that is a 502 for the client.

    The file is to be kept, so it lacks the API key, the signatures of URLs, and their users and
    passwords, the values of webhooks' headers, and what is secret in the URLs of Slack, Discord,
    Teams and others that anybody can post to. The same e-mail address becomes the same
    `user1@scrubbed.example` everywhere, in commit messages as in queries, and the same name, such
    as that of an author, the same `Person 1`; a name of one word does so where the service says
    that it is one. What one of the regular expressions `scrub` matches becomes `[scrubbed]`: pass
    them to the player too.

    `base_url` and `api_key` are those of `Currents`, which also says where they come from by
    default. Raises `InvalidArgumentError` for those that cannot be used.
    """

    def __init__(
        self,
        record_to: str | Path,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        scrub: Scrub = (),
    ) -> None:
        credential = find_credential(api_key)
        del api_key  # a traceback with locals from here on has no key to show
        if isinstance(credential, InvalidArgumentError):
            raise credential
        self._path = Path(record_to)
        self._redact = credential.redact
        self._hide = make_hiding(scrub)
        self._forwarder = Forwarder(resolve_base_url(base_url), credential)
        super().__init__(self._forwarder)

    @asynccontextmanager
    async def _cassette(self) -> AsyncGenerator[None]:
        await in_thread(partial(self._path.parent.mkdir, parents=True, exist_ok=True))
        try:
            async with self._forwarder.connected():
                yield
        finally:
            await in_thread(self._write)

    def _write(self) -> None:
        name, people = Aliases(), People()

        @cache  # the names of fields are most of all texts
        def change(text: str) -> str:
            return replace_addresses(people.hide(self._redact(self._hide(text))), name)

        exchanges = self._forwarder.exchanges
        for one in exchanges:  # to know a name before the first text that has it
            scrub_exchange(one, people.hide, people)
        kept = [scrub_exchange(one, change, people) for one in exchanges]
        write_tape(self._path, Tape(exchanges=kept))


class CassettePlayer(CassetteServer):
    """A server that answers what was recorded, and nothing else.

    A request is known by its method, path, query and body; the order of a query's names and of
    JSON fields does not matter. Each recorded exchange is answered once, equal ones in their order,
    and different ones in any. A test may ask for a person by the real address or name, as long as
    only one recorded request can be meant. `scrub` is what it was for the recorder.

    Everything else is answered with a 400, and makes the `async with` end in an `AssertionError`.
    So do exchanges that were never asked for, but with `allow_unused`.

    Entering raises `FileNotFoundError` when there is no such file, and `ValueError` when it is no
    cassette.
    """

    def __init__(self, path: str | Path, *, allow_unused: bool = False, scrub: Scrub = ()) -> None:
        self._path = Path(path)
        self._allow_unused = allow_unused
        self._replayer = Replayer(make_hiding(scrub))
        super().__init__(self._replayer)

    @asynccontextmanager
    async def _cassette(self) -> AsyncGenerator[None]:
        tape = await in_thread(partial(read_tape, self._path))
        self._replayer.load(tape.exchanges)
        try:
            yield
        except BaseException as error:
            if self._replayer.unexpected:
                error.add_note(self._complain(unused=[]))
            raise
        unused = [] if self._allow_unused else self._replayer.unused
        if unused or self._replayer.unexpected:
            raise AssertionError(self._complain(unused))

    def _complain(self, unused: Sequence[TapedRequest]) -> str:
        lines = [f"cassette {self._path}"]
        for title, requests in (
            ("asked for, and not in it (any more):", self._replayer.unexpected),
            ("in it, and not asked for:", unused),
        ):
            if requests:
                lines += [title, *(f"  {show(one)}" for one in requests)]
        return "\n".join(lines)


@asynccontextmanager
async def cassette(
    path: str | Path,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    allow_unused: bool = False,
    scrub: Scrub = (),
) -> AsyncGenerator[CassettePlayer | CassetteRecorder]:
    """Replay a cassette; when there is none and a key is given, record it.

        key = os.environ.get("CURRENTS_API_KEY")
        async with cassette("tests/cassettes/bot.json", api_key=key) as server:
            async with Currents(server.api_key, base_url=server.url) as currents:
                ...

    To record it again, delete the file.
    """
    path = Path(path)
    if api_key is None or await in_thread(path.exists):
        async with CassettePlayer(path, allow_unused=allow_unused, scrub=scrub) as player:
            yield player
    else:
        async with CassetteRecorder(
            path, base_url=base_url, api_key=api_key, scrub=scrub
        ) as recorder:
            yield recorder
