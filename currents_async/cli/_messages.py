"""Errors of the library in the words of the command line: options, and what a person can do."""

import re
from collections.abc import Callable, Collection

from currents_async import errors
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
    r"(?<![-\w])([A-Z][A-Za-z]+\.)?([a-z]+(?:_[a-z]+)*)(?:\[\d+\])?"
    r"(=|(?= must| needs| cannot| is|:))?"
)
"""A word that names an argument if it is in a class or has an underscore, or as its place says."""
_PHRASES = {
    " to the call or the client": "",
    "within Timeouts.connect": "in time",
    "within Timeouts.read": "for too long",
    "Timeouts.attempt": "the time for one attempt",
    "Timeouts.total": "the time for all attempts",
}
_OF_REQUESTS = (
    errors.TransportError,
    errors.AmbiguousError,
    errors.DecodeError,
    errors.ResponseTooLargeError,
)
_ADVICE = {
    401: "check the API key with `currents-async auth status`",
    404: "check the ID, and whether the API key is of the same organization",
    429: "wait, and try again",
}


def explain(error: errors.CurrentsError, options: Options) -> None:
    """Print an error on stderr: what is wrong, where, and what can be done."""
    if isinstance(error, errors.InvalidArgumentError):
        complain(in_options(str(error), options()))
    elif isinstance(error, errors.APIError):
        complain(_refused(error))
    elif isinstance(error, _OF_REQUESTS):
        complain(f"{_plain(str(error.args[0]))} ({error.method} {error.url})")
    else:
        complain(_plain(str(error)))


def in_options(message: str, options: Collection[str]) -> str:
    """Return a message in which the arguments of a method are the options of a command."""
    message = _plain(message)

    def name(found: re.Match[str]) -> str:
        owner, argument, sign = found.groups()
        before = message[: found.start()]
        is_placed = before.endswith((" or ", "pass ")) or (sign is not None and not before)
        is_named = owner or sign or "_" in argument or is_placed
        return (is_named and _option(argument, options)) or found[0]

    return _ARGUMENT.sub(name, message)


def _option(argument: str, options: Collection[str]) -> str | None:
    name = argument.replace("_", "-")
    stems = (name, *(name.removesuffix(end) for end in ("-id", "es", "s")))
    forms = (_NAMES.get(argument, ""), *(f"--{stem}" for stem in stems), argument.upper())
    return next((form for form in forms if form in options), None)


def _refused(error: errors.APIError) -> str:
    where = f"HTTP {error.status}, {error.method} {error.url}"
    request = f", request {error.request_id}" if error.request_id else ""
    is_passing = isinstance(error, errors.ServerError)
    advice = error.hint or ("try again later" if is_passing else _ADVICE.get(error.status))
    code = f" ({error.code})" if error.code else ""
    return f"{error.message}{code} ({where}{request})" + (f": {advice}" if advice else "")


def _plain(message: str) -> str:
    for phrase, words in _PHRASES.items():
        message = message.replace(phrase, words)
    return message
