"""The requests that a fake server got, and assertions about them."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from string import Formatter

import msgspec
from multidict import CIMultiDictProxy

from currents_async.errors import InvalidArgumentError
from currents_async.testing._serving.operations import ROUTES

DOWNLOAD = "downloadAsset"
"""The name of a request for an asset, which is not an operation of the API."""
UPLOAD = "uploadAttachment"
"""The same of an upload of an attachment."""
READ_SHARE = "readShare"
READ_TRACE = "readTrace"
"""The same of what is behind a share, and behind a trace link."""
TOKEN = "token"  # noqa: S105 - the name of it
"""The path argument that is a secret, and is not recorded."""

_Query = Mapping[str, str | Sequence[str]]

_PATH_ARGS = {
    DOWNLOAD: {"org", "file"},
    READ_SHARE: set[str](),
    READ_TRACE: {"view"},
    UPLOAD: {"org", "upload_id"},
    **{
        endpoint.operation: {name for _, name, _, _ in Formatter().parse(endpoint.path) if name}
        for endpoint, _ in ROUTES
    },
}
_ALL_PATH_ARGS = frozenset[str]().union(*_PATH_ARGS.values())
_SLACK = 1e-6
"""Seconds: sums of times are not exact."""
_MAX_LINES = 20


class HiddenKey(str):
    """A key that no repr shows, so that neither a failed assertion nor a report of it does."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'[API key]'"


class RecordedRequest(msgspec.Struct, kw_only=True, eq=False):
    """A request, and the progress of its response.

    The marks are numbers from one sequence that all requests of a server share: of two events, the
    one with the smaller number came first.
    """

    operation: str | None
    """The operationId, for example `getRun`; None if there is no such operation."""
    method: str
    path: str
    """The decoded path, without the base URL's `/v1`."""
    path_args: dict[str, str]
    query: list[tuple[str, str]]
    headers: CIMultiDictProxy[str]
    """All headers but those with a key."""
    api_key: str | None = None
    """The key that the request carried, if the server knows it; its repr does not show it."""
    authorized: bool
    """Whether the request carried a key that is valid, or a project's record key where it may."""
    request_id: str
    """The response's `X-Request-Id`."""
    body: bytes = b""
    at: float
    """When it arrived, in seconds by the server's clock."""
    started: int
    """The mark of the request's arrival."""
    first_byte: int | None = None
    """The mark just before the first byte of the response's body is sent."""
    last_byte: int | None = None
    """The mark just before the last chunk of the response's body is sent."""
    finished: int | None = None
    """The mark of the end, however it came: no longer in flight."""
    status: int | None = None
    """The status of the response; None until it is known."""
    error: str | None = None
    """The message of a refusal by the world."""
    unknown: dict[str, str | None] = {}
    """The parameters that the operation does not have, each with one of a similar name."""
    bytes_sent: int = 0
    """Bytes of the response's body handed to the socket, as they were compressed."""
    fault: str | None = None
    """The `fault` of `FakeCurrents.fail` that was served, or `status` if it was a status; None if
    the response is that of the world."""
    aborted: bool = False
    """Whether the client hung up, or the server was closed, before the response was sent."""


def check_operation(operation: str) -> AbstractSet[str]:
    """Return the names of the path arguments of an operation, which must exist."""
    _check_known("operation", operation, _PATH_ARGS)
    return _PATH_ARGS[operation]


def _check_known(name: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise InvalidArgumentError(f"{name} must be one of {sorted(known)}, not {value!r}")


class Requests(list[RecordedRequest]):
    """Requests in the order in which they arrived: a list with assertions.

        server.requests.assert_sent("getRun", times=1)
        server.requests.of("getInstance").assert_in_flight(max_requests=16)

    The message of an `AssertionError` lists the requests that there were.
    """

    def of(
        self,
        operation: str | None = None,
        *,
        method: str | None = None,
        status: int | None = None,
        query: _Query | None = None,
        **path_args: str,
    ) -> "Requests":
        """Return those of an operation, with path arguments such as `instance_id`.

        None does not filter. `status` is that of the response. `query` has values by their names, a
        list where a name is repeated; other names may have any value. Raises
        `InvalidArgumentError` for an operation or a path argument that does not exist.
        """
        return _find(self, operation, path_args, query, method=method, status=status)

    def assert_count(self, count: int) -> None:
        """Assert how many there are."""
        if len(self) != count:
            raise AssertionError(_report(f"{len(self)} requests, not {count}", self))

    def assert_sent(
        self,
        operation: str,
        *,
        times: int | None = None,
        query: _Query | None = None,
        **path_args: str,
    ) -> None:
        """Assert that `of` finds `times` requests, or at least one."""
        found = len(_find(self, operation, path_args, query))
        if found == 0 if times is None else found != times:
            wanted = {**path_args, **({} if query is None else {"query": query})}
            arguments = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
            expected = "any" if times is None else times
            what = f"{found} requests {operation}({arguments}), not {expected}"
            raise AssertionError(_report(what, self))

    def assert_none(self, operation: str | None = None, **path_args: str) -> None:
        """Assert that `of` finds no request."""
        _find(self, operation, path_args).assert_count(0)

    def assert_in_flight(self, *, max_requests: int) -> None:
        """Assert that no more than `max_requests` were ever in flight at the same time."""
        busiest = _busiest(self)
        if len(busiest) > max_requests:
            what = f"{len(busiest)} requests in flight at once, more than {max_requests}"
            raise AssertionError(_report(what, busiest))

    def assert_rate(self, *, max_requests: int, per: float = 1.0) -> None:
        """Assert that no more than `max_requests` arrived in any `per` seconds.

        The seconds are those of the server's clock.
        """
        first = 0
        for last, request in enumerate(self):
            while request.at - self[first].at > per - _SLACK:
                first += 1
            if last - first >= max_requests:
                what = f"more than {max_requests} requests in {per} s"
                raise AssertionError(_report(what, Requests(self[first : last + 1])))


def _find(
    requests: Requests,
    operation: str | None,
    path_args: Mapping[str, str],
    query: _Query | None = None,
    *,
    method: str | None = None,
    status: int | None = None,
) -> Requests:
    known = _ALL_PATH_ARGS if operation is None else check_operation(operation)
    for name in path_args:
        _check_known("a path argument", name, known)
    return Requests(
        one
        for one in requests
        if operation in {None, one.operation}
        and method in {None, one.method}
        and status in {None, one.status}
        and path_args.items() <= one.path_args.items()
        and _asks(one, query or {})
    )


def _asks(request: RecordedRequest, query: _Query) -> bool:
    return all(
        [value for name, value in request.query if name == wanted]
        == ([values] if isinstance(values, str) else list(values))
        for wanted, values in query.items()
    )


def _busiest(requests: Requests) -> Requests:
    """Return those in flight at the busiest moment, by the marks of start and end."""
    busiest = under_way = Requests()
    for request in requests:
        under_way = Requests(
            one for one in under_way if one.finished is None or one.finished > request.started
        )
        under_way.append(request)
        busiest = max(busiest, under_way, key=len)
    return busiest


def _report(what: str, requests: Requests) -> str:
    """Return a message that says what is wrong, and lists the requests that show it."""
    lines = [f"{what}:", *map(_format_request, requests[:_MAX_LINES])]
    if len(requests) > _MAX_LINES:
        lines.append(f"and {len(requests) - _MAX_LINES} more")
    return "\n  ".join(lines)


def _format_request(request: RecordedRequest) -> str:
    query = "&".join(f"{name}={value}" for name, value in request.query)
    target = f"{request.path}?{query}" if query else request.path
    return f"{request.method} {target}: {request.status or 'no response'}"
