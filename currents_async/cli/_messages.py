"""Errors of the library in the words of the command line: options, and what a person can do."""

import errno
import os
import re
from collections.abc import Callable, Collection

from currents_async import errors
from currents_async._error_words import in_words
from currents_async.cli._streams import complain

Options = Callable[[], Collection[str]]
"""Returns what the command takes, as it is typed: `--project`, `RUN_ID`."""

_NAMES = {
    "action_type": "--effect",
    "completion_state": "--state",
    "date_end": "--until",
    "date_start": "--since",
    "dir": "--direction",
    "hook_events": "--event",
    "max_results": "--most",
    "max_tests": "--most",
    "pr_id": "--pull-request",
    "pr_search": "--title",
    "pw_last_run": "--last-failed",
    "runs_per_pr": "--runs",
    "spec_name_filter": "--search",
    "tags_logical_operator": "--tag-operator",
    "top_n": "--top",
}
"""The options of arguments that have another name in the library."""
_ARGUMENT = re.compile(
    r"(?<![-\w])([A-Z][A-Za-z]+\.)?([a-z]+(?:_[a-z]+)*)(?:\[\d+\](?:\.([a-z_]+))?)?"
    r"(=|(?= must| needs| cannot| is|:))?"
)
"""A word that names an argument if it is in a class or has an underscore, or as its place says."""
_PHRASES = {
    " to the call or the client": "",
    "allow_http=True, or --allow-http,": "--allow-http",
    "private_assets=True, or --private-assets,": "--private-assets",
    "within Timeouts.connect": "in time",
    "within Timeouts.read": "for too long",
    "Timeouts.attempt": "the time for one attempt",
    "Timeouts.total": "the time for all attempts",
}
_ADVICE = {
    401: "check the API key with `currents-async auth status`",
    404: "check the ID, and whether the API key is of the same organization",
    429: "wait, and try again",
}


def explain(error: errors.CurrentsError, options: Options) -> None:
    """Print an error on stderr: what is wrong, where, and what can be done."""
    if isinstance(error, errors.InvalidArgumentError):
        complain(in_options(str(error), options()))
    else:
        advice = _advice(error) if isinstance(error, errors.APIError) else ""
        complain(plain_words(error) + (f": {in_options(advice, options())}" if advice else ""))


def plain_words(error: errors.CurrentsError) -> str:
    """Return what is wrong, and where, as in a note on one of several things."""
    return _plain(in_words(error))


def os_words(error: OSError) -> str:
    """Return what the system refused, and of which file."""
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{os.fspath(error.filename)}: {error.strerror}"


def listening_words(error: OSError, host: str, options: str = "--port") -> str:
    """Return why nothing can listen on an address, and which option to change."""
    # asyncio's text has the address, which may be one of several.
    found = re.search(r"\('([^']*)', (\d+)", str(error))
    where = f"{found[1]}:{found[2]}" if found else host
    why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    is_of_host = found is None or error.errno == errno.EADDRNOTAVAIL
    return f"cannot listen on {where}: {why}: choose another {'--host' if is_of_host else options}"


def in_options(message: str, options: Collection[str]) -> str:
    """Return a message in which the arguments of a method are the options of a command."""
    message = _plain(message)

    def name(found: re.Match[str]) -> str:
        owner, argument, member, sign = found.groups()
        before = message[: found.start()]
        is_placed = before.endswith((" or ", "pass ")) or (sign is not None and not before)
        is_named = owner or sign or "_" in argument or is_placed
        return (is_named and _option(member or argument, options)) or found[0]

    return _ARGUMENT.sub(name, message)


def _option(argument: str, options: Collection[str]) -> str | None:
    name = argument.replace("_", "-")
    stems = (name, *(name.removesuffix(end) for end in ("-id", "-name", "es", "s")))
    forms = (_NAMES.get(argument, ""), *(f"--{stem}" for stem in stems), argument.upper())
    return next((form for form in forms if form in options), None)


def _advice(error: errors.APIError) -> str:
    is_passing = isinstance(error, errors.ServerError)
    return error.hint or ("try again later" if is_passing else _ADVICE.get(error.status, ""))


def _plain(message: str) -> str:
    for phrase, words in _PHRASES.items():
        message = message.replace(phrase, words)
    return message
