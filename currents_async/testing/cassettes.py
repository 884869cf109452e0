"""Cassettes: responses of the real service, recorded once and replayed without a network.

async with CassetteRecorder("tests/cassettes/bot.json", api_key=key) as server:
    async with Currents(server.api_key, base_url=server.url) as currents:
        await currents.runs.get(run_id)

async with CassettePlayer("tests/cassettes/bot.json") as server:
    ...  # the same code, the same responses
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
from currents_async.testing._cassettes.forwarding import Forwarder
from currents_async.testing._cassettes.people import Aliases, People, replace_addresses
from currents_async.testing._cassettes.replaying import Replayer, show
from currents_async.testing._cassettes.scrubbing import make_hiding
from currents_async.testing._cassettes.scrubbing import scrub as scrub_exchange
from currents_async.testing._cassettes.serving import CassetteServer
from currents_async.testing._cassettes.tape import Tape, TapedRequest, read_tape, write_tape

__all__ = ["CassettePlayer", "CassetteRecorder", "cassette"]

Scrub: TypeAlias = Sequence[str | re.Pattern[str]]
"""Regular expressions for what a cassette must not contain."""


class CassetteRecorder(CassetteServer):
    """A server that forwards requests to the real service, and records the responses.

    Give the client its `url` and its `api_key`, which is made up; the real key stays here. When
    the `async with` ends, also with an error, all responses of the service are written to
    `record_to`, decoded, in the order of their requests. Failures that the service sends are
    recorded too. If no response arrives, the client gets a 502 and nothing is recorded.

    The file is meant to be kept, so it contains neither the API key, nor the signatures, users and
    passwords of URLs, nor the values of webhooks' headers, nor the secrets in URLs of Slack,
    Discord, Teams and others, which anyone who knows them can post to. The same e-mail address
    always becomes the same `user1@scrubbed.example`, in commit messages as in queries, and the same
    name, such as that of an author, the same `Person 1`; a name of one word is replaced only where
    the service says that it is a name. What one of the regular expressions `scrub` matches becomes
    `[scrubbed]`: pass them to the player too.

    `base_url` and `api_key` are those of `Currents`, with the same defaults. Raises
    `InvalidArgumentError` if one of them cannot be used.
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

        @cache  # most texts are the same few names of fields
        def change(text: str) -> str:
            return replace_addresses(people.hide(self._redact(self._hide(text))), name)

        exchanges = self._forwarder.exchanges
        for one in exchanges:  # to know all names before any text is changed
            scrub_exchange(one, people.hide, people)
        kept = [scrub_exchange(one, change, people) for one in exchanges]
        write_tape(self._path, Tape(exchanges=kept))


class CassettePlayer(CassetteServer):
    """A server that sends the recorded responses, and nothing else.

    A request is identified by its method, path, query and body; the order of a query's names and
    of JSON fields does not matter. Each recorded exchange is played once: equal ones in their
    order, different ones in any. A test may use the real address or name of a person, as long as
    only one recorded request can be meant. `scrub` is what the recorder got.

    Any other request gets a 400, and makes the `async with` end in an `AssertionError`. So do
    exchanges that were never requested, unless `allow_unused` is true.

    Entering raises `FileNotFoundError` if there is no such file, and `InvalidArgumentError` if it
    is not a cassette.
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
            ("requested, but not in it (any more):", self._replayer.unexpected),
            ("in it, but not requested:", unused),
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
    """Replay a cassette, or record it if the file does not exist and a key is given.

    ```python
    key = os.environ.get("CURRENTS_API_KEY")
    async with cassette("tests/cassettes/bot.json", api_key=key) as server:
        async with Currents(server.api_key, base_url=server.url) as currents:
            ...
    ```

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
