"""`sessions`: records of work with files, and no runs."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from currents_async.cli._attachments import ATTACHED, FILES, Attached, Files, attach_all, code_of
from currents_async.cli._options import COMMON, Choice, CommonOptions, Project, Several
from currents_async.models import Commit, SessionStatus
from currents_async.models._model import Model

if TYPE_CHECKING:
    from currents_async import AttachmentFile

app = App(name="sessions")


class CreatedSession(Model, frozen=True, gc=False, kw_only=True):
    """A session that was created, and what became of its files."""

    session_id: str
    files: tuple[Attached, ...] = ()


@app.command
async def create(
    title: str,
    path: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    /,
    *,
    status: Choice[SessionStatus],
    error: str | None = None,
    duration_ms: Annotated[int, Parameter(validator=Number(gte=0))] | None = None,
    tag: Several[str] = (),
    branch: str | None = None,
    sha: str | None = None,
    message: str | None = None,
    author: str | None = None,
    author_email: str | None = None,
    remote: str | None = None,
    pull_request: str | None = None,
    files: Files = FILES,
    project: Project | None = None,
    common: CommonOptions = COMMON,
) -> int:
    """Create a session, which is a record of work with files and no run; print its ID.

    currents-async sessions create 'Smoke test' report.html --status passed

    currents-async sessions create 'Smoke test' --status failed -o json

    Parameters
    ----------
    title
        What it is called.
    path
        Files to attach to it.
    status
        How it ended.
    error
        Why it failed.
    duration_ms
        How long it took, in milliseconds.
    tag
        A tag; several can be given.
    branch
        The branch that was worked on.
    sha
        The commit that was worked on.
    message
        The message of the commit.
    author
        The name of the commit's author.
    author_email
        The address of the commit's author.
    remote
        The URL of the repository.
    pull_request
        The URL of the pull request.

    """
    given = files.of(path)
    commit = Commit(
        sha=sha,
        branch=branch,
        message=message,
        author_name=author,
        author_email=author_email,
        remote_origin=remote,
    )
    async with common.open(CreatedSession, "sessionId as id") as (
        currents,
        printer,
    ):
        await _check(given, files)
        created = await currents.sessions.create(
            title,
            status,
            project_id=project,
            error=error,
            duration_ms=duration_ms,
            tags=tag,
            commit=None if commit == Commit() else commit,
            pr_link=pull_request,
        )
        attached: list[Attached] = []
        try:
            if given:
                attaching = partial(currents.sessions.attach, created.session_id, given)
                attached = await attach_all(currents, attaching, files)
        finally:  # the session is there, whatever became of its files
            session = CreatedSession(session_id=created.session_id, files=tuple(attached))
            printer.one(session, parts=(ATTACHED, attached) if attached else None)
    return code_of(attached)


async def _check(given: "Sequence[AttachmentFile]", files: Files) -> None:
    """Raise `InvalidArgumentError` for files that a new session cannot have."""
    # Here, since --help does without an event loop.
    import asyncio  # noqa: PLC0415

    from currents_async._uploads.files import find_files  # noqa: PLC0415

    if given:
        await asyncio.to_thread(find_files, given, "session", allow_env=files.allow_env)
