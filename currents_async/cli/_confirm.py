"""Asking before something is done that cannot be undone."""

import sys

from currents_async.cli._execute import note
from currents_async.cli._signals import signals_of_a_prompt
from currents_async.cli._text import one_line
from currents_async.errors import InvalidArgumentError


def check_can_ask(*, yes: bool) -> None:
    """Raise `InvalidArgumentError` where there is nobody to ask and no `--yes`."""
    if not yes and not sys.stdin.isatty():
        raise InvalidArgumentError("there is no terminal to ask on: pass --yes to go ahead")


def confirm(question: str, *, yes: bool) -> bool:
    """Ask on the terminal, unless `--yes` was given; say whether to go ahead."""
    check_can_ask(yes=yes)
    if yes:
        return True
    print(one_line(question), "[y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201 - a prompt
    with signals_of_a_prompt():
        agreed = sys.stdin.readline().strip().lower() in {"y", "yes"}
    if not agreed:
        note("nothing was done")
    return agreed
