"""The client: where the parts are put together, opened and closed."""

import ssl as tls
from types import TracebackType
from typing import NoReturn, Self

import aiohttp

from currents_async._config import Limits, Timeouts, resolve_base_url, resolve_project_id
from currents_async._fanout import load_backend
from currents_async._resources.instances import Instances
from currents_async._resources.runs import Runs
from currents_async._transport import Session, Traffic, Transport, find_credential
from currents_async.errors import InvalidArgumentError


class Currents:
    """A client of the Currents REST API, for one API key.

    ```python
    async with Currents() as currents:
        run = await currents.runs.get(run_id)
    ```

    Open it once with `async with` and share it between all tasks of that event loop: it keeps
    its connections alive, and closes them when the context ends.

    - `api_key`: else `CURRENTS_API_KEY`. One key serves a whole organisation.
    - `base_url`: else `CURRENTS_API_URL` or `CURRENTS_REST_API_URL`, else production. Plain
      `http://` is refused but for loopback addresses.
    - `project_id`: else `CURRENTS_PROJECT_ID`; the project of operations that need one and are not
      told which.
    - `session`: an aiohttp session of yours to use instead of our own; it is never closed here.
      Cookies and connection limits are then yours too.
    - `ssl`: a context to use instead of the system's trust; certificates are always verified by
      the default one. `proxy` and `trust_env` are aiohttp's.

    Raises `InvalidArgumentError` for settings that cannot work. Source: `README.md` of the API's
    facts.
    """

    runs: Runs
    instances: Instances

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        project_id: str | None = None,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        session: aiohttp.ClientSession | None = None,
        ssl: tls.SSLContext | None = None,
        proxy: str | None = None,
        trust_env: bool = False,
    ) -> None:
        credential = find_credential(api_key)
        del api_key  # a traceback with locals from here on has no key to show
        if isinstance(credential, InvalidArgumentError):
            raise credential
        limits = limits or Limits()
        self._transport = Transport(
            Session(session, limits=limits, ssl=ssl, trust_env=trust_env),
            base_url=resolve_base_url(base_url),
            credential=credential,
            timeouts=timeouts or Timeouts(),
            limits=limits,
            proxy=proxy,
        )
        project = resolve_project_id(project_id)
        self.instances = Instances(self._transport, project)
        self.runs = Runs(self._transport, project, self.instances.get)

    @property
    def traffic(self) -> Traffic:
        """What has been sent and received so far."""
        return self._transport.traffic

    async def aclose(self) -> None:
        """Close the client, and its connections unless the session was injected.

        Closing again does nothing; using it afterwards raises `ClientClosedError`.
        """
        await self._transport.session.aclose()

    async def __aenter__(self) -> Self:
        self._transport.session.open()
        await load_backend()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __reduce__(self) -> NoReturn:
        raise TypeError("a client cannot be pickled: it has open connections, and a secret")

    def __repr__(self) -> str:
        if not hasattr(self, "_transport"):
            # A traceback with locals shows the client whose arguments were refused.
            return "<Currents refused>"
        return f"<Currents {self._transport.base_url} {self._transport.session.state}>"
