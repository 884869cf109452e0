"""The client: puts the parts together, opens and closes them."""

import logging
import ssl as tls
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, overload
from urllib.parse import urlsplit

import aiohttp

from currents_async._cache.keeper import Keeper
from currents_async._cache.settings import Cache
from currents_async._checks import check_type
from currents_async._clock import Clock, SystemClock
from currents_async._config import (
    Limits,
    Retries,
    Timeouts,
    is_exposed,
    resolve_base_url,
    resolve_project_id,
)
from currents_async._resources._lazy_group import lazy_group, load
from currents_async._transport import (
    CallOptions,
    Channel,
    Observers,
    RateInUse,
    RawResponse,
    Reach,
    Session,
    Tracing,
    Traffic,
    Transport,
    find_key,
    find_proxy,
)
from currents_async._wire.endpoint import build_request
from currents_async._wire.rate_limits import RateLimit
from currents_async.errors import InvalidArgumentError
from currents_async.models.common import HTTPMethod

if TYPE_CHECKING:
    from currents_async._quarantine.group import Quarantine
    from currents_async._resources.account import Accounts
    from currents_async._resources.actions import Actions
    from currents_async._resources.assets import Assets
    from currents_async._resources.context import Context
    from currents_async._resources.errors import Errors
    from currents_async._resources.instances import Instances
    from currents_async._resources.jira import Jira
    from currents_async._resources.projects import Projects
    from currents_async._resources.reports import Reports
    from currents_async._resources.runs import Runs
    from currents_async._resources.sessions import Sessions
    from currents_async._resources.shares import Shares
    from currents_async._resources.signatures import Signatures
    from currents_async._resources.spec_files import SpecFiles
    from currents_async._resources.test_results import TestResults
    from currents_async._resources.tests import Tests
    from currents_async._resources.traces import Traces
    from currents_async._resources.webhooks import Webhooks
    from currents_async.models.instances import Instance

__all__: list[str] = ["Currents", "Limits", "Retries", "Timeouts"]

T = TypeVar("T")

_logger = logging.getLogger("currents_async")


class Currents:
    """A client of the Currents REST API.

    ```python
    async with Currents() as currents:
        run = await currents.runs.get(run_id)
    ```

    Open it once with `async with` and share it between all tasks of that event loop: it keeps
    its connections alive, and closes them when the context ends. Where there is no block to enter,
    as in a notebook, `await currents.open()` and `await currents.aclose()` do the same.

    - `api_key`: an API key or a token, by default `CURRENTS_API_KEY`. One API key serves a whole
      organisation. Or a function without arguments, async or not, that returns the one to use now:
      it is asked before each attempt, and once more after a 401, so it should keep a token for as
      long as that is valid. A function that is not async is called in a thread. One call serves all
      that are waiting, so it must not depend on the task; for several users see `with_options`.
    - `base_url`: by default `CURRENTS_REST_API_URL`, with `/v1` added if it is missing; else
      `CURRENTS_API_URL` if it ends in `/v1` (otherwise it is the recorder's address); else
      production. Plain `http://` is refused except for loopback addresses: see `allow_http`.
    - `project_id`: by default `CURRENTS_PROJECT_ID`; the default project of operations that need
      one.
    - `timeouts`, `retries`, `limits`: how long to wait, how often to try, how much to do at once.
      `with_options` returns a view with other timeouts or retries.
    - `session`: your own aiohttp session, which is never closed here. Cookies, connection limits
      and the reuse of connections are then up to you.
    - `ssl`: a context to use instead of the default one, which trusts what the system trusts and
      always verifies certificates.
    - `proxy`: the HTTP proxy, for example `http://user:password@proxy:3128`; with `trust_env` it is
      that of `HTTPS_PROXY`, except for the hosts of `NO_PROXY`. Plain `http://` uses no proxy, or
      one on this machine.
    - `private_assets`: whether assets may also be fetched from private and loopback addresses; by
      default only if the API's own host has such an address.
    - `allow_http`: whether the API and assets may also be at plain `http://` URLs that are not
      loopback ones, as within a cluster. The network can then read the key and all else; a warning
      of the logger `currents_async` says so.
    - `keep_extra`: whether models keep in `extra` what the server sends beyond their fields, which
      takes about ten times as long to decode. `runs.stream` then has its specs at the end.
    - `cache`: where to keep runs that have ended, and their instances; by default nowhere.
    - `observer`: a function that is called with each `RequestAttempt` that has ended, an
      `Observer`, or several of these.
    - `clock`: the time that backoff, pacing and deadlines go by; for tests.

    Raises `InvalidArgumentError` for invalid settings. Every method of a group, such as `runs`,
    raises `InvalidArgumentError` before anything is sent, an `APIError` by status,
    `TransportError`, `DecodeError` and `ResponseTooLargeError`, unless it says otherwise, and
    `CredentialError` where the function passed as `api_key` fails. Source: `docs/api/base.md`,
    "Addresses", "Credentials" and "Rate limits".
    """

    runs: "Runs" = lazy_group("_resources.runs:Runs", lambda self: (self._fetch(),))
    instances: "Instances" = lazy_group("_resources.instances:Instances")
    projects: "Projects" = lazy_group("_resources.projects:Projects")
    spec_files: "SpecFiles" = lazy_group("_resources.spec_files:SpecFiles")
    tests: "Tests" = lazy_group("_resources.tests:Tests", lambda self: (self.test_results.list,))
    test_results: "TestResults" = lazy_group("_resources.test_results:TestResults")
    errors: "Errors" = lazy_group("_resources.errors:Errors")
    signatures: "Signatures" = lazy_group("_resources.signatures:Signatures")
    actions: "Actions" = lazy_group("_resources.actions:Actions")
    webhooks: "Webhooks" = lazy_group("_resources.webhooks:Webhooks")
    context: "Context" = lazy_group("_resources.context:Context")
    jira: "Jira" = lazy_group("_resources.jira:Jira")
    assets: "Assets" = lazy_group(
        "_resources.assets:Assets", lambda self: (self._fetch(), self.runs.stream)
    )
    sessions: "Sessions" = lazy_group("_resources.sessions:Sessions")
    shares: "Shares" = lazy_group("_resources.shares:Shares")
    traces: "Traces" = lazy_group("_resources.traces:Traces")
    account: "Accounts" = lazy_group("_resources.account:Accounts")
    quarantine: "Quarantine" = lazy_group(
        "_quarantine.group:Quarantine",
        lambda self: (self.tests, self.test_results, self.actions, self.jira),
    )
    reports: "Reports" = lazy_group(
        "_resources.reports:Reports", lambda self: (self.runs.instances,)
    )

    def __init__(
        self,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
        *,
        base_url: str | None = None,
        project_id: str | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
        limits: Limits | None = None,
        session: aiohttp.ClientSession | None = None,
        ssl: tls.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
        private_assets: bool = False,
        allow_http: bool = False,
        keep_extra: bool = False,
        cache: Cache | None = None,
        observer: Observers | None = None,
        clock: Clock | None = None,
    ) -> None:
        key = find_key(api_key)
        reveal_proxy = find_proxy(proxy, trust_env=trust_env and session is None)
        del api_key, proxy  # from here on, a traceback with locals shows no secret
        if isinstance(key, InvalidArgumentError):
            raise key
        if isinstance(reveal_proxy, InvalidArgumentError):
            raise reveal_proxy
        limits = limits or Limits()
        base_url = resolve_base_url(base_url, allow_http=allow_http)
        if allow_http:
            _warn_of_http(base_url)
        channel = Channel(
            Session(
                session,
                limits=limits,
                ssl=ssl,
                trust_env=trust_env,
                reach=Reach(base_url, private=private_assets, http=allow_http),
            ),
            key,
            base_url=base_url,
            limits=limits,
            clock=clock or SystemClock(),
            tracing=Tracing(observer),
            proxy=reveal_proxy,
            keeper=None if cache is None else Keeper(check_type("cache", cache, Cache)),
        )
        self._channel = channel
        self._project_id = resolve_project_id(project_id)
        self._groups: dict[str, Any] = {}
        """Those that have been used."""
        self._transport = Transport(
            channel,
            timeouts=timeouts or Timeouts(),
            retries=retries or Retries(),
            keep_extra=keep_extra,
        )

    def _fetch(self) -> Callable[[str, CallOptions], Awaitable["Instance"]]:
        """Return what fetches an instance as part of a larger call."""
        return partial(load("_resources.instances:fetch_instance"), self._transport)

    def with_options(
        self,
        *,
        api_key: str | Callable[[], str | Awaitable[str]] | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> Self:
        """Return a view of this client with another key, other timeouts or retries.

        It shares the connections and `limits`, and is open as long as this client. With a key of
        its own, for example that of a user on whose behalf a server acts, it also has a rate and a
        retry quota of its own: keep it for as long as you need the key, since it remembers the
        limit that the service sets to it. It can be used in `async with` too, which closes the view
        alone. A view that is dropped leaves nothing behind. Raises `InvalidArgumentError` for a
        key that cannot be sent.
        """
        key = None if api_key is None else find_key(api_key)
        del api_key
        if isinstance(key, InvalidArgumentError):
            raise key
        view = type(self).__new__(type(self))  # `copy` refuses clients, as `pickle` does
        vars(view).update(vars(self), _groups={})
        transport = self._transport.with_options(key, timeouts, retries)
        view._channel = transport.channel  # noqa: SLF001 - our own copy
        view._transport = transport  # noqa: SLF001
        return view

    @overload
    async def request(
        self,
        method: HTTPMethod,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: object = None,
        type: type[T],
        retry_ambiguous: bool = False,
    ) -> T: ...

    @overload
    async def request(
        self,
        method: HTTPMethod,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: object = None,
        type: None = None,
        retry_ambiguous: bool = False,
    ) -> RawResponse: ...

    async def request(
        self,
        method: HTTPMethod,
        path: str,
        *,
        query: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        body: object = None,
        type: Any = None,  # noqa: A002 - the name it has everywhere
        retry_ambiguous: bool = False,
    ) -> Any:
        """Send a request for which there is no method, in the same way as all others.

        ```python
        await currents.request("GET", "/projects/p/new-thing", query={"limit": "5"}, type=NewThing)
        ```

        `path` is relative to the base URL and percent-encoded, `body` becomes JSON. Returns the
        `data` of the envelope as `type`, which is any type that msgspec decodes, or without a
        `type` the `RawResponse`. If it is unknown whether a write was carried out, it is only
        repeated with `retry_ambiguous`. Raises as the methods of all groups do.
        """
        request = build_request(method, path, query, body, type)
        options = self._transport.options(repeat_writes=retry_ambiguous)
        if type is None:
            return await self._transport.call_raw(request, options)
        return await self._transport.call(request, options)

    @property
    def limits(self) -> Limits:
        """How much this client does at once."""
        return self._channel.limits

    @property
    def timeouts(self) -> Timeouts:
        """How long this client waits."""
        return self._transport.timeouts

    @property
    def retries(self) -> Retries:
        """How often this client tries again."""
        return self._transport.retries

    @property
    def cache(self) -> Cache | None:
        """Where this client keeps responses; None for nowhere."""
        return None if self._channel.keeper is None else self._channel.keeper.cache

    @property
    def clock(self) -> Clock:
        """The clock of this client."""
        return self._channel.clock

    @property
    def rate_limit(self) -> RateLimit | None:
        """The rate limit as the server last reported it; None before it has."""
        return self._channel.gate.last_known

    @property
    def rate(self) -> RateInUse:
        """How fast the client sends at the moment, and what keeps it from sending faster."""
        return self._channel.gate.rate

    @property
    def traffic(self) -> Traffic:
        """The requests and bytes that have been sent and received so far."""
        return self._channel.traffic

    async def open(self) -> Self:
        """Open the client where there is no block to enter, and return it; `aclose` closes it.

        For the cells of a notebook, or the start of a service whose end is elsewhere. Raises
        `ClientClosedError` if it is open, or has been closed.
        """
        self._channel.open()
        return self

    async def aclose(self) -> None:
        """Close the client, its views, and its connections unless the session was injected.

        Closing it again does nothing; using it afterwards raises `ClientClosedError`.
        """
        await self._channel.aclose()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client cannot be pickled: it has open connections and a secret")

    def __repr__(self) -> str:
        if not hasattr(self, "_channel"):
            # A traceback with locals shows the client whose arguments were refused.
            return "<Currents refused>"
        return f"<Currents {self._channel.base_url} {self._channel.state.value}>"


def _warn_of_http(base_url: str) -> None:
    parts = urlsplit(base_url)
    if is_exposed(parts.scheme, parts.hostname or ""):
        what = f"the network can read all that is sent to {base_url}, the API key too"
    else:
        what = "the network can read assets, and their signatures, that are at http:// URLs"
    _logger.warning("http:// is allowed: %s", what)
