"""`context`: why tests failed."""

from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from currents_async.cli._options import CONNECTION, Connection, Flag, Index
from currents_async.cli._output.writers import ObjectWriter
from currents_async.cli._streams import write_text
from currents_async.errors import InvalidArgumentError
from currents_async.models import ContextDetail


async def context(
    run_id: str | None = None,
    /,
    *,
    instance: str | None = None,
    test: str | None = None,
    attempt: Index | None = None,
    detail: ContextDetail | None = None,
    include_flaky: Flag = False,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=50))] | None = None,
    page: Index | None = None,
    max_length: Annotated[int, Parameter(validator=Number(gte=1, lte=50_000))] | None = None,
    as_json: Annotated[Flag, Parameter(name="--json")] = False,
    connection: Connection = CONNECTION,
) -> None:
    """Print the failures of a run, a spec file or a test as Markdown, for people and agents.

    Parameters
    ----------
    run_id
        The run whose failures to print.
    instance
        Only those of this instance of the run; or with --test alone, that of the test.
    test
        Only this test of --instance, without a run ID.
    attempt
        The attempt at the test, counting from 0; by default the last.
    detail
        How much to print of each failure.
    include_flaky
        Print the flaky tests of a run too.
    limit
        Print at most this many failures, 1 to 50.
    page
        Go on where as many pages of --limit end.
    max_length
        Print at most this many characters, 1 to 50000.
    as_json
        Print JSON instead, which may have signed URLs in it.

    """
    if as_json and max_length is not None:
        raise InvalidArgumentError("--max-length is for Markdown: leave --json out")
    subject: dict[str, Any] = {
        "run_id": run_id,
        "instance_id": instance,
        "test_id": test,
        "attempt": attempt,
        "detail": detail,
        "include_flaky": include_flaky or None,
        "limit": limit,
        "page": page,
    }
    async with connection.open() as currents:
        if as_json:
            ObjectWriter(None).add(await currents.context.get(**subject))
        else:
            write_text(await currents.context.markdown(**subject, max_length=max_length))
