"""What a harvest finds of a window, and what it is asked for."""

from collections.abc import Callable, Mapping

import msgspec

from currents_async.errors import CurrentsError
from currents_async.export._windows import Window
from currents_async.models import Instance, Run


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what a harvest hands out."""

    window: Window


class RunFound(Found, frozen=True, kw_only=True):
    """A run with all its specs; without them where they could not, or should not be fetched."""

    run: Run
    digest: str = ""
    """Of what the list said about it."""
    is_whole: bool = True
    """Whether all has come that was asked for; else it is as the list has it."""


class RunUnchanged(Found, frozen=True, kw_only=True):
    """A run that was not fetched: the list says of it what it said when it was fetched before."""

    run_id: str


class InstanceFound(Found, frozen=True, kw_only=True):
    """An instance of a run."""

    run_id: str
    instance: Instance


class NotFetched(Found, frozen=True, kw_only=True):
    """What could not be fetched: an instance; the specs of a run, and so all its instances; a list.

    Without a `run_id` it is the list of runs of the window, or some of it.
    """

    run_id: str = ""
    instance_id: str = ""
    spec: str = ""
    error: CurrentsError


class WindowEnded(Found, frozen=True, kw_only=True):
    """The end of a window: nothing more comes of it."""

    is_listed: bool = True
    """Whether all of its runs have been listed."""


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask for of a window: by default all there is."""

    lists: bool = True
    """Whether to list its runs; else only `instances` are asked for."""
    done: Mapping[str, str] = {}
    """Runs to pass over while the list says the same of them: its digests by their IDs."""
    waiting: frozenset[str] = frozenset()
    """Runs that are not to be fetched yet."""
    instances: Mapping[str, Mapping[str, str]] = {}
    """Instances to be asked for of runs that are passed over: their specs, by run and ID."""


ErrandOf = Callable[[Window], Errand]


def everything_of(_: Window) -> Errand:
    """Ask for all there is of any window."""
    return Errand()
