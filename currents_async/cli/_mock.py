"""`mock`: stand in for Currents, for programs in any language."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from currents_async.cli._options import Count, Flag

app = App(name="mock")

# Assets are served on the next port, which must be one.
Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65534))]
Seconds = Annotated[float, Parameter(validator=Number(gte=0))]

_MAX_REQUESTS = 200
"""How many requests are remembered by a server that may run for days."""


@app.command
async def serve(
    *,
    seed: int = 1,
    host: str = "127.0.0.1",
    port: Port = 4000,
    api_key: str = "fake-currents-api-key",
    projects: Count = 3,
    runs: Count = 10,
    specs: Count = 40,
    recent: Flag = False,
    assets: Flag = False,
    latency: Seconds = 0,
    rate: str | None = None,
    log: Flag = False,
    as_json: Annotated[Flag, Parameter(name="--json")] = False,
) -> int:
    """Serve a made-up organisation until Ctrl-C: everything that the REST API can do.

    What a client has to know is printed once the server is ready. The same seed gives the same
    organisation.

    Parameters
    ----------
    seed
        Another number makes another organisation.
    host
        The address to listen on; 0.0.0.0 lets other machines in.
    port
        The port to listen on; 0 is any that is free.
    api_key
        The key that clients must send. It is printed: invent one.
    projects
        Projects of the organisation. Every third one is for Cypress, the others for Playwright.
    runs
        Runs of each project. The newest is still in progress, unless it is the only one.
    specs
        Spec files of each run.
    recent
        The newest run began an hour or two ago, instead of in January 2026: for clients that ask
        about the last days.
    assets
        Serve screenshots, videos and traces too, on the port after --port. Their URLs are signed
        for each response, and so never the same.
    latency
        Seconds before each response.
    rate
        Requests per second; more get status 429. Or another limiter: 1000/m,
        window:1000/m,aligned, bucket:50/s,burst=20, log:100/10s, counter:1000/m, concurrent:8,
        shed:8-16, 50/s+1000/m, "100/s until 4s then 30/s". Each takes the options status=503,
        retry-after=date or none, and headers=x-ratelimit-seconds, ratelimit, ratelimit-draft or
        none.
    log
        Write a line on stderr for each request once its response is sent.
    as_json
        Print one line of JSON, for scripts that wait for it.

    """
    # Here, since --help does without a server.
    from currents_async.cli._mock_server import make_organisation, read_limiter, serve_until_stopped  # noqa: PLC0415
    from currents_async.testing import FakeCurrents  # noqa: PLC0415

    server = FakeCurrents(
        make_organisation(seed=seed, projects=projects, runs=runs, specs=specs, recent=recent),
        api_key=api_key,
        host=host,
        port=port,
        assets=assets,
        latency=latency,
        rate_limit=None if rate is None else read_limiter("--rate", rate),
        max_requests=_MAX_REQUESTS,
    )
    return await serve_until_stopped(server, assets=assets, log=log, as_json=as_json)
