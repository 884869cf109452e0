"""One row of the tables: a request as an official TypeScript client sends it.

The clients were run against `mock serve`, with each operation called with few and with all
arguments, and what they sent was written down. What depends on the organisation is a `$name` in
here, which the test fills in, and the dates are those of its runs.
"""

from typing import NamedTuple

import msgspec

FETCH = {"Accept-Language": "*", "Sec-Fetch-Mode": "cors", "Accept-Encoding": "gzip, deflate"}
"""What the `fetch` of Node.js 20 adds to every request."""
RANGE = "date_start=2026-01-01T00%3A00%3A00.000Z&date_end=2026-02-01T00%3A00%3A00.000Z"
DAYS = "date_start=2026-01-01&date_end=2026-02-01"

CURSORS = ("has_more", "data[].cursor")
PAGE = ("data.list", "data.total", "data.nextPage")
REFUSAL = ("status", "error")


class Row(NamedTuple):
    """A request, and what the client's code reads of the answer."""

    request: str
    """Method and target; path and query percent-encoded as they are sent, without `/v1`."""
    body: str = ""
    status: int = 200
    reads: tuple[str, ...] = ("status", "data")
    """Paths into the answer, where `[]` is each item of a list that has some."""


class Client(msgspec.Struct, frozen=True):
    """A version of a package, and what it sent."""

    name: str
    rows: list[Row]
    headers: dict[str, str]
    write_headers: dict[str, str] = {}
    """What POST and PUT have besides, with a body or without."""
    markdown_headers: dict[str, str] = {}
    """What requests for Markdown have instead."""
