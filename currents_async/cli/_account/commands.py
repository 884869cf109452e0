"""What `auth` and `api` take."""

from functools import partial
from typing import Annotated, Literal

from cyclopts import App, Parameter

from currents_async.cli._options import CONNECTION, OUTPUT, Connection, File, Flag, Output, Texts

auth = App(name="auth", help="The API key.")


@auth.command
def check(*, connection: Connection = CONNECTION, output: Output = OUTPUT) -> int:
    """Say where the API key comes from, and whether the service takes it.

    The key itself is never printed. The exit code is 4 when the service refuses it.
    """
    from currents_async.cli._account.checking import check_key  # noqa: PLC0415
    from currents_async.cli._execute import execute  # noqa: PLC0415

    return execute(check_key(connection, output))


def api(
    method: Literal["GET", "POST", "PUT", "DELETE"],
    path: str,
    /,
    *,
    query: Annotated[Texts, Parameter(alias="-q")] = (),
    body: File | None = None,
    paginate: Flag = False,
    connection: Connection = CONNECTION,
) -> int:
    """Send any request, and print the JSON of the answer as it came.

    Parameters
    ----------
    method
        The method of the request.
    path
        The path below the base URL, percent-encoded, as in /projects.
    query
        NAME=VALUE; several can be given, also of one name.
    body
        A file with the JSON to send; - is stdin.
    paginate
        Turn all pages of a list, and print each item on a line of its own.

    """
    from currents_async.cli._account.requesting import send  # noqa: PLC0415
    from currents_async.cli._answer import answer  # noqa: PLC0415

    return answer(
        connection,
        partial(send, method=method, path=path, query=query, body=body, paginate=paginate),
    )
