"""`api`: requests that no other command sends."""

from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import cyclopts

from currents_async.cli._api.fields import Query, as_json, as_query, read_fields
from currents_async.cli._api.output import ApiOutput
from currents_async.cli._api.pages import Fetch, Pages, pages_of
from currents_async.cli._moments import read_span
from currents_async.cli._options import (
    Choice,
    Connection,
    File,
    Flag,
    Several,
    read_json,
)
from currents_async.errors import APIError, InvalidArgumentError
from currents_async.models import HTTPMethod

if TYPE_CHECKING:
    from currents_async import RawResponse
    from currents_async.cli._settings import Settings


@cyclopts.Parameter(name="*", group="Connection")
@dataclass(frozen=True, kw_only=True)
class ApiConnection(Connection):
    """A connection without `--cache`, which means something else here."""

    cache: Annotated[bool, cyclopts.Parameter(parse=False)] = False


_CONNECTION = ApiConnection()


async def api(
    method: Choice[HTTPMethod],
    path: str,
    /,
    *,
    raw_field: Annotated[Several[str], cyclopts.Parameter(alias="-f")] = (),
    field: Annotated[Several[str], cyclopts.Parameter(alias="-F")] = (),
    source: Annotated[File | None, cyclopts.Parameter(name="--input")] = None,
    query: Annotated[str | None, cyclopts.Parameter(alias="-q")] = None,
    include: Annotated[Flag, cyclopts.Parameter(alias="-i")] = False,
    paginate: Flag = False,
    cache: str | None = None,
    connection: ApiConnection = _CONNECTION,
) -> None:
    """Send any request, and print the JSON of the response as it came.

    Parameters
    ----------
    method
        The method of the request.
    path
        The path below the base URL, percent-encoded, as in /projects.
    raw_field
        NAME=VALUE, a text; several can be given, in a query also of one name. In JSON,
        NAME[KEY]=VALUE is a field of an object, NAME[]=VALUE an item of a list, and NAME[] an empty
        list.
    field
        Like --raw-field, but in JSON true, false, null and integers are no texts, and @FILE is the
        text in a file; @- is stdin.
    source
        A file with the JSON to send; - is stdin. Fields then go into the query.
    query
        A JMESPath expression: print what it selects from the response, a text without quotes.
    include
        Print the status and the headers of the response too, cookies without their values.
    paginate
        Fetch all pages of a list, and print each item on a line of its own. With --query, print
        what it selects from each page; if that is a list, each of its items.
    cache
        Print a response that was kept, unless it is older than this: 60s, 10m, 12h or 7d. For GET;
        the files are in the user's cache directory, for nobody else to read, without the API key.

    """
    for option, given in (("--paginate", paginate), ("--cache", cache is not None)):
        if given and (method != "GET" or source is not None):
            raise InvalidArgumentError(f"{option} is for GET without --input")
    max_age = None if cache is None else read_span("--cache", cache)
    output = ApiOutput(query, include=include)
    fields = await read_fields(raw_field, field, source)
    in_query = method in {"GET", "DELETE"} or source is not None
    pairs = as_query(fields) if in_query else []
    body: object = None if in_query else as_json(fields)
    if source is not None:
        body = await read_json(source, object)
    settings = await connection.settings()
    async with connection.open(settings) as currents:

        def fetch(query: Query) -> Awaitable["RawResponse"]:
            return currents.request(method, path, query=query, body=body)

        kept = fetch if max_age is None else _kept(settings, path, max_age, fetch)
        try:
            if paginate:
                await _print_pages(output, pages_of(kept, path, pairs))
            else:
                output.response(await kept(pairs))
        except APIError as error:
            output.failure(error)
            raise


async def _print_pages(output: ApiOutput, pages: Pages) -> None:
    async with aclosing(pages):
        async for response, items in pages:
            output.page(response, items)


def _kept(settings: "Settings", path: str, max_age: timedelta, fetch: Fetch) -> Fetch:
    # Here, since few requests need it.
    from currents_async.cli._api.cache import ResponseCache  # noqa: PLC0415

    return ResponseCache(settings, path, max_age, fetch).fetch
