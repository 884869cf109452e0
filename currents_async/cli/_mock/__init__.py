"""`mock`: stand in for Currents, for programs in any language."""

from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from currents_async.cli._options import Choice, Count, Flag, Several
from currents_async.models import HookEventName

app = App(name="mock")

Port = Annotated[int, Parameter(validator=Number(gte=0, lte=65535))]
Seconds = Annotated[float, Parameter(validator=Number(gte=0))]
Speed = Annotated[float, Parameter(validator=Number(gte=0))]

_MAX_REQUESTS = 200
"""How many requests are remembered by a server that may run for days."""


@app.command
async def serve(
    *,
    seed: int = 1,
    host: str = "127.0.0.1",
    port: Port = 4000,
    api_key: str | None = None,
    projects: Count = 3,
    runs: Count = 10,
    specs: Count = 40,
    recent: Flag = False,
    speed: Speed = 1,
    webhook: Several[str] = (),
    secret_header: str | None = None,
    assets: Flag = False,
    asset_port: Port | None = None,
    strict: Flag = False,
    latency: Seconds = 0,
    rate: str | None = None,
    log: Flag = False,
    as_json: Annotated[Flag, Parameter(name="--json")] = False,
) -> int:
    """Serve a made-up organisation until Ctrl-C: everything that the REST API can do.

    What a client has to know is printed once the server is ready. The same seed gives the same
    organisation. Its newest runs are in progress, and go on. Webhooks are called when runs begin
    and end: those that clients create, and those of --webhook. The server is controlled at /_fake/:
    requests and those that matched nothing, clock, faults, rate, events, reset.

    currents-async mock serve --recent --speed 10 --webhook http://127.0.0.1:8080/webhooks/currents

    currents-async mock serve --host 0.0.0.0 --port 4000 --assets --asset-port 4001

    Parameters
    ----------
    seed
        Another number makes another organisation.
    host
        The address to listen on; 0.0.0.0 lets other machines and containers in.
    port
        The port to listen on; 0 is any that is free.
    api_key
        The key that clients must send. It is printed: invent one. By default a known one, or a
        random one with a --host that lets others in.
    projects
        Projects of the organisation. Every third one is for Cypress, the others for Playwright.
    runs
        Runs of each project. The newest is in progress at first, unless it is the only one.
    specs
        Spec files of each run.
    recent
        The runs are of the last hours, and those in progress began minutes ago, instead of in
        January 2026: for clients that ask about the last days.
    speed
        How many times as fast as real ones runs in progress go on; 0 stops them.
    webhook
        A URL to post the events of all runs to; several can be given.
    secret_header
        A header that these posts carry, with the secret that is in CURRENTS_WEBHOOK_SECRET.
    assets
        Serve screenshots, videos and traces too, on a port of their own. Their URLs are signed for
        each response, and so never the same.
    asset_port
        The port for --assets; by default the one after --port.
    strict
        Refuse parameters that an operation does not have, which the service ignores.
    latency
        Seconds before each response.
    rate
        Requests per second; more get status 429. Or another limiter: 1000/m,
        window:1000/m,aligned, bucket:50/s,burst=20, log:100/10s, counter:1000/m, concurrent:8,
        shed:8-16, 50/s+1000/m, "100/s until 4s then 30/s". Each takes the options status=503,
        retry-after=date or none, and headers=x-ratelimit-seconds, ratelimit, ratelimit-draft or
        none.
    log
        Write a line on stderr for each request once its response is sent, and for each post to a
        webhook. Those that fail have a line without this too.
    as_json
        Print one line of JSON, for scripts that wait for it.

    """
    # Here, since --help does without a server.
    from currents_async.cli._mock import organisation, server  # noqa: PLC0415
    from currents_async.cli._webhooks import read_secret  # noqa: PLC0415
    from currents_async.testing import FakeCurrents, World  # noqa: PLC0415
    from currents_async.testing._admin.admin import Admin  # noqa: PLC0415

    headers = read_secret(secret_header)
    organisation.check_urls("--webhook", webhook)

    def make_world() -> World:
        world = organisation.make_organisation(
            seed=seed, projects=projects, runs=runs, specs=specs, recent=recent
        )
        organisation.add_webhooks(world, webhook, headers)
        return world

    fake = FakeCurrents(
        make_world(),
        api_key=server.choose_key(host) if api_key is None else api_key,
        host=host,
        port=port,
        assets=assets,
        asset_port=server.choose_asset_port(port, asset_port) if assets else None,
        speed=speed,
        strict=strict,
        latency=latency,
        rate_limit=None if rate is None else server.read_limiter("--rate", rate),
        max_requests=_MAX_REQUESTS,
    )
    is_open = server.lets_others_in(host)
    fake.mount(Admin(fake, make_world, needs_key=is_open).routes())
    return await server.serve_until_stopped(
        fake, host, is_open=is_open, assets=assets, log=log, as_json=as_json
    )


@app.command
async def emit(
    event: Choice[HookEventName],
    run_id: str | None = None,
    /,
    *,
    group: str | None = None,
    url: str | None = None,
    api_key: str | None = None,
) -> int:
    """Let an event happen in a server of `mock serve`, which posts it to webhooks.

    A run in progress ends by it. The exit code is 1 when a post has failed.

    currents-async mock emit RUN_FINISH

    currents-async mock emit run-start --url http://127.0.0.1:4000

    Parameters
    ----------
    event
        RUN_START makes a new run, unless a run is named.
    run_id
        The ID of the run. By default the newest in progress, or else the newest.
    group
        The ID of a group of the run, to post about only that.
    url
        Where the server is; else CURRENTS_REST_API_URL or CURRENTS_API_URL, else
        http://127.0.0.1:4000.
    api_key
        The key that the server has printed; else CURRENTS_API_KEY, but not with --url.

    """
    from currents_async.cli._mock.emitting import ask  # noqa: PLC0415 - --help needs no client

    return await ask(url, api_key, event=event, run_id=run_id, group_id=group)
