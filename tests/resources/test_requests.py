"""What each operation sends, to the byte."""

import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import aiohttp
import msgspec
import pytest
from aiohttp.abc import AbstractStreamWriter
from aioresponses import aioresponses
from yarl import URL

from currents_async import Currents
from tests.rows.row import Row

BASE = "https://api.currents.dev/v1"
# Each module has the `ROWS` of one group.
FILES = (Path(__file__).parents[1] / "rows").glob("*.py")
MODULES = sorted({path.stem for path in FILES} - {"row"})
ROWS: list[Row] = [
    row for name in MODULES for row in importlib.import_module(f"tests.rows.{name}").ROWS
]


class Response(aiohttp.ClientResponse):
    """aioresponses 0.7.9 does not know the argument that aiohttp 3.14 requires."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        writer = Mock(spec=AbstractStreamWriter, output_size=0)
        super().__init__(*args, stream_writer=writer, **kwargs)


@pytest.fixture
async def client() -> AsyncIterator[Currents]:
    async with Currents("the-key", project_id="default") as client:
        yield client


@pytest.fixture
def urls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs as they are handed to aiohttp: aioresponses sorts queries and decodes them."""
    urls: list[str] = []
    request = aiohttp.ClientSession.request

    def spy(self: aiohttp.ClientSession, method: str, url: URL, **kwargs: Any) -> Any:
        urls.append(str(url))
        return request(self, method, url, **kwargs)

    monkeypatch.setattr(aiohttp.ClientSession, "request", spy)
    return urls


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{row.operation} {row.target}") for row in ROWS]
)
async def test_request(client: Currents, urls: list[str], row: Row) -> None:
    body = msgspec.json.encode({"status": "OK", "data": row.data})
    with aioresponses() as mock:
        mock.add(
            URL(BASE + row.target, encoded=True),
            row.method,
            status=row.status,
            body=body if row.content is None else row.content,
            response_class=Response,
        )
        await row.call(client)
        [((sent_method, _), [sent])] = mock.requests.items()

    assert urls == [BASE + row.target]
    assert sent_method == row.method
    assert sent.kwargs["data"] == row.body
    headers = dict(sent.kwargs["headers"])  # the key comes later: `tests/client/test_secrets.py`
    assert headers.pop("User-Agent").startswith("currents-async/")
    expected = {
        "Accept": "application/json" if row.content is None else "text/markdown",
        "Accept-Encoding": "gzip",
    }
    if row.body is not None:
        expected["Content-Type"] = "application/json"
    assert headers == expected
    assert sent.kwargs["allow_redirects"] is False
