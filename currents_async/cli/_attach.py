"""`attach`: files for people who look at a run or a session."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from cyclopts import Parameter

from currents_async.cli._attachments import (
    ATTACHED,
    FILES,
    Attach,
    Attached,
    Files,
    attach_all,
    code_of,
)
from currents_async.cli._options import COMMON, CommonOptions, Index, Project
from currents_async.errors import InvalidArgumentError


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Target:
    """What the files of a run belong to."""

    instance: str | None = None
    """Attach to this instance of the run."""
    spec: str | None = None
    """Attach to the spec file with this path, instead of --instance."""
    group: str | None = None
    """The group in which the spec file ran, if there are several."""
    test: str | None = None
    """Attach to the test with this ID, of the instance or the spec file."""
    test_title: str | None = None
    """Attach to the test with this title, as 'suite > test', instead of --test."""
    attempt: Index | None = None
    """Attach to this attempt at the test, counting from 0."""
    machine: str | None = None
    """The machine that the files come from."""

    def arguments(self) -> dict[str, Any]:
        """Return what is given of these as arguments of a method."""
        every = {
            "instance_id": self.instance,
            "spec": self.spec,
            "group_id": self.group,
            "test_id": self.test,
            "test_title": self.test_title,
            "attempt": self.attempt,
            "machine_id": self.machine,
        }
        return {name: value for name, value in every.items() if value is not None}


_TARGET = Target()


async def attach(
    path: Annotated[tuple[str, ...], Parameter(negative="")],
    /,
    *,
    run: str | None = None,
    ci_build: str | None = None,
    session: str | None = None,
    target: Target = _TARGET,
    files: Files = FILES,
    project: Project | None = None,
    common: CommonOptions = COMMON,
) -> int:
    """Attach files to a run, to a part of it or to a session.

    Parameters
    ----------
    path
        The files.
    run
        The ID of the run.
    ci_build
        The CI build ID of the run in the project, instead of --run.
    session
        The ID of a session, instead of --run.

    """
    if project is not None and ci_build is None:
        raise InvalidArgumentError("--project is for --ci-build")
    given, part = files.of(path), target.arguments()
    async with common.open(Attached, ATTACHED) as (currents, printer):
        match run, ci_build, session:
            case str(), None, None:
                attaching: Attach = partial(currents.runs.attach, run, given, **part)
            case None, str(), None:
                attaching = partial(
                    currents.runs.attach_by_ci,
                    given,
                    project_id=project,
                    ci_build_id=ci_build,
                    **part,
                )
            case None, None, str() if not part:
                attaching = partial(currents.sessions.attach, session, given)
            case _:
                raise InvalidArgumentError(
                    "pass --run or --ci-build, perhaps with what of the run, or --session alone"
                )
        attached = await attach_all(currents, attaching, files)
        printer.all(attached)
    return code_of(attached)
