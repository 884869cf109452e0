"""Options that several commands have, with their help, and what is made of their values."""

import sys
from codecs import BOM_UTF8
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

import msgspec
from cyclopts import Parameter, Token, convert
from cyclopts.validators import Number

from currents_async.cli._output import OUTPUT, Output, Printer
from currents_async.cli._output.columns import Column
from currents_async.errors import InvalidArgumentError
from currents_async.models import SortDirection
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async import Currents
    from currents_async.cli._profiles import Profile
    from currents_async.cli._settings import Settings

T = TypeVar("T")


def any_case(kind: Any, tokens: Sequence[Token]) -> object:
    """Convert what was typed; words to choose from are taken in any case, with `-` as `_`."""
    choices = {_plain(choice): choice for choice in _choices(kind)}
    return convert(kind, [_known(token, choices) for token in tokens])  # pyright: ignore[reportUnknownVariableType]


def _known(token: Token, choices: Mapping[str, str]) -> Token:
    value = choices.get(_plain(token.value), token.value)
    changed: Token = token.evolve(value=value)  # pyright: ignore[reportUnknownMemberType]
    return changed


def _plain(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")


def _choices(kind: Any) -> Iterator[str]:
    for one in get_args(kind):
        if isinstance(one, str):
            yield one
        else:
            yield from _choices(one)


Count = Annotated[int, Parameter(validator=Number(gte=1))]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
# A hyphen alone is stdin or stdout.
File = Annotated[str, Parameter(allow_leading_hyphen=True)]
Several = Annotated[tuple[T, ...], Parameter(converter=any_case, negative="", show_default=False)]
Choice = Annotated[T, Parameter(converter=any_case)]

Project = Annotated[
    str, Parameter(help="The ID of the project; else CURRENTS_PROJECT_ID, else the profile's.")
]
Since = Annotated[
    str,
    Parameter(
        help="Start of the time span: yesterday, 7d, '2 weeks ago', 2026-01-31 or "
        "2026-01-31T18:00Z; UTC, unless a time says otherwise."
    ),
]
Until = Annotated[str, Parameter(help="End of the time span, exclusive; written like --since.")]
Limit = Annotated[Count, Parameter(help="At most this many; all by default.")]
Yes = Annotated[Flag, Parameter(alias="-y", help="Do not ask.")]
RunID = Annotated[str, Parameter(help="The ID of the run.")]
InstanceID = Annotated[str, Parameter(help="The ID of the instance.")]
TestID = Annotated[str, Parameter(help="The ID of the test.")]
Index = Annotated[int, Parameter(validator=Number(gte=0))]
Sorting = Annotated[T, Parameter(converter=any_case, help="What the list is sorted by.")]
Direction = Annotated[SortDirection, Parameter(converter=any_case, help="Which way it is sorted.")]
RunBranches = Annotated[
    Several[str], Parameter(help="Only runs of this branch; several can be given.")
]
RunTags = Annotated[Several[str], Parameter(help="Only runs with this tag; several can be given.")]
RunAuthors = Annotated[
    Several[str], Parameter(help="Only runs of this author's commits; several can be given.")
]


@Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class Connection:
    """Which service to use, and with which key."""

    profile: str | None = None
    """A profile of the configuration file; else CURRENTS_PROFILE, else the one called `default`."""
    base_url: str | None = None
    """Another service than production, with or without its /v1; else CURRENTS_REST_API_URL, else
    the profile's."""
    proxy: str | None = field(default=None, repr=False)
    """The HTTP proxy; else that of HTTPS_PROXY, but for NO_PROXY. Put a password only there."""
    ca_file: str | None = None
    """A file of certificates (PEM) to trust besides the system's, as those of a company."""
    allow_http: Flag = False
    """Also use http:// to other hosts, as within a cluster, where the network can read the key."""
    cache: Flag = False
    """Keep runs that have ended on the disk, and look there first; else the profile's."""
    verbose: Annotated[
        int, Parameter(name=["--verbose", "-v"], count=True, show_default=False, negative="")
    ] = 0
    """Print a line on stderr for each request; with -vv its headers too, without secrets."""

    @asynccontextmanager
    async def open(
        self, settings: "Settings | None" = None, **options: Any
    ) -> AsyncGenerator["Currents"]:
        """Open a client for as long as the context, and show what it waits for.

        `settings` are what `settings` returns, `options` the client's other arguments.
        """
        # Here, since --help does without a client.
        from currents_async.cli._progress import showing  # noqa: PLC0415
        from currents_async.cli._verbose import logging_requests  # noqa: PLC0415

        settings = settings or await self.settings()
        with logging_requests(self.verbose) as observers:
            async with settings.client(observer=observers, **options) as currents:
                with showing(currents):
                    yield currents

    async def settings(self, entered: "Profile | None" = None) -> "Settings":
        """Gather the settings of a client from these, the environment and the configuration file.

        A key that was `entered` overrides theirs.

        Raises `InvalidArgumentError` for any that cannot work.
        """
        from currents_async.cli import _settings  # noqa: PLC0415 - --help does without aiohttp

        return await _settings.load(
            entered=entered,
            profile=self.profile,
            base_url=self.base_url,
            proxy=self.proxy,
            ca_file=self.ca_file,
            allow_http=self.allow_http,
            cache=self.cache,
        )


CONNECTION = Connection()


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """Which service to use, and how to print its responses."""

    connection: Connection = CONNECTION
    output: Output = OUTPUT

    @asynccontextmanager
    async def open(
        self,
        model: type[Model],
        columns: str | Sequence[Column[Any]],
        *,
        nothing: str = "nothing found",
        **options: Any,
    ) -> AsyncGenerator[tuple["Currents", Printer]]:
        """Open a client; yield it and a printer of items, whose fields are checked first.

        `nothing` is what a table of no items says.
        """
        printer = Printer(model, columns, self.output, nothing=nothing)
        async with self.connection.open(**options) as currents:
            yield currents, printer


COMMON = CommonOptions()


async def read_json(source: str, kind: type[T]) -> T:
    """Read the JSON in a file as a type; `-` is stdin. Raises `InvalidArgumentError`."""
    text = await read_file(source)
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise InvalidArgumentError(f"{source}: {error}") from None


async def read_file(source: str) -> bytes:
    """Read a file, without the byte order mark that it may begin with; `-` is stdin."""
    import asyncio  # noqa: PLC0415 - --help does without an event loop

    return (await asyncio.to_thread(_read, source)).removeprefix(BOM_UTF8)


def _read(source: str) -> bytes:
    return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
