"""What `example_tests.txt` tests: a bot that posts the failures of each run that has finished."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from currents_async import Currents
from currents_async._clock import Clock
from currents_async.answers import failures_of
from currents_async.receiver import Receiver, Router, RunFinished, Verifier
from currents_async.receiver.web import setup_webhooks


def failure_bot(
    currents: Currents,
    post: Callable[[str], Awaitable[object]],
    *,
    secret: Mapping[str, str],
    clock: Clock | None = None,
) -> web.Application:
    router = Router()

    @router.on(RunFinished)
    async def tell(event: RunFinished) -> None:
        instances = await currents.runs.get_instances(event.run_id, only=lambda spec: spec.failed)
        failures = failures_of(instances)
        if failures:
            titles = [f"- {failure.test.full_title}" for failure in failures]
            await post("\n".join([f"{len(failures)} failed: {event.run_url}", *titles]))

    app = web.Application()
    setup_webhooks(app, Receiver(Verifier(secret, clock=clock), router))
    return app
