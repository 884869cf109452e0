"""`tests changes`: which tests became flaky, broke or recovered since the last time."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from currents_async.analysis import ChangeRules, TestChange
from currents_async.cli import _exit
from currents_async.cli._moments import read_moment, read_span
from currents_async.cli._options import COMMON, CommonOptions, Count, Project, Several, Since
from currents_async.cli._parts import CHANGES
from currents_async.cli._private_file import write_private
from currents_async.cli._progress import progress_bar
from currents_async.cli._report_files import in_thread
from currents_async.cli._streams import note
from currents_async.errors import InvalidArgumentError


@Parameter(name="*", group="Rules")
@dataclass(frozen=True, kw_only=True)
class Rules:
    """How much evidence a change takes."""

    flaky_after: Count = 1
    """How often a test must have been flaky: passed on a retry, or not always on the same
    commit."""
    broken_after: Annotated[int, Parameter(validator=Number(gte=2))] = 3
    """In how many runs in a row it must have failed."""
    recovered_after: Count = 5
    """In how many runs in a row it must have passed at the first attempt."""

    def read(self) -> ChangeRules:
        """Return the rules as the library takes them."""
        return ChangeRules(
            flaky_after=self.flaky_after,
            broken_after=self.broken_after,
            recovered_after=self.recovered_after,
        )


RULES = Rules()


async def changes(
    *,
    project: Project | None = None,
    since: Since = "1d",
    state: Path | None = None,
    branch: Several[str] = (),
    lookback: str = "14d",
    rules: Rules = RULES,
    common: CommonOptions = COMMON,
) -> int:
    """Print which tests became flaky, broke or recovered, the latest last.

    The exit code is 5 when the results of some tests could not be fetched.

    currents-async tests changes --since yesterday --branch main

    currents-async tests changes --branch main --state changes.txt -o ndjson

    Parameters
    ----------
    state
        A file that remembers what has been printed: each change is printed once, however often
        the command runs. --since is for the first time.
    branch
        Only results of this branch; several can be given. Of all branches, they make one history.
    lookback
        How far before --since, or the last time, results count as evidence.

    """
    async with common.open(TestChange, CHANGES, nothing="no changes") as (currents, printer):
        saved = None if state is None else await in_thread(partial(_read_state, state))
        with progress_bar("tests", currents) as work, _naming(state if saved else None):
            found = await currents.tests.changes(
                project,
                since=saved or read_moment("--since", since),
                branches=branch,
                rules=rules.read(),
                lookback=read_span("--lookback", lookback),
                on_progress=work.report,
            )
    printer.all(found.changes)
    for one in found.missing:
        note(f"{one.signature}: {one.error}")
    if state is not None:
        await in_thread(partial(write_private, state, f"{found.resume_token}\n".encode()))
    return _exit.PARTIAL if found.missing else _exit.OK


@contextmanager
def _naming(state: Path | None) -> Generator[None]:
    """Say of a file what the library says of the resume token in it."""
    try:
        yield
    except InvalidArgumentError as error:
        words = str(error)
        if state is None or not words.startswith("since "):
            raise
        raise InvalidArgumentError(f"--state {state} {words.removeprefix('since ')}") from None


def _read_state(path: Path) -> str | None:
    """Return the resume token in a file; None before there is one."""
    try:
        return path.read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise InvalidArgumentError(
            f"--state {path} must be a file that `tests changes` has written"
        ) from None
