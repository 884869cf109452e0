"""Remove from recordings what must not be in a file that is kept."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET

from currents_async._redaction import hide_signatures
from currents_async.errors import InvalidArgumentError
from currents_async.testing._cassettes.people import Rename, rename_people
from currents_async.testing._cassettes.tape import Content, TapedExchange, TapedRequest

Change: TypeAlias = Callable[[str], str]
"""Returns a text as it may be kept."""

_Json: TypeAlias = bool | float | str | list["_Json"] | dict[str, "_Json"] | None
_Hidden: TypeAlias = dict[str, Callable[[Any], str | None]]

_SECRET = "[secret]"  # noqa: S105 - it stands for one
_SCRUBBED = "[scrubbed]"
_USER = re.compile(r"""(?<=://)(?!git@)[^\s/?#"'<>]*@""")
_SIGNATURE = re.compile(
    r"""
    ( (?: [?&;] | %(?:25)*(?:3F|26) )
      (?: signature | policy | key-pair-id | x-(?:amz|goog)-[\w-]+ | \w*token | sig )
      (?: = | %(?:25)*3D ) )
    [^\s"'<>]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SLASH = r"(?: \\?/ | %(?:25)*2F )"
_HOOK = re.compile(
    rf"""
    ( (?: hooks\.slack(?:-gov)?\.com {_SLASH} (?: services | triggers | workflows )
        | discord(?:app)?\.com {_SLASH} api {_SLASH} (?: v\d+ {_SLASH} )? webhooks
        | \.webhook\.office\.com {_SLASH} webhookb2
        | outlook\.office(?:365)?\.com {_SLASH} webhook
        | events\.pagerduty\.com {_SLASH} integration
        | chat\.googleapis\.com {_SLASH} v1 {_SLASH} spaces
        ) {_SLASH}
      | api\.telegram\.org {_SLASH} bot )
    [^\s"'<>]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""URLs that anyone who knows them can post to: what follows the host is the secret."""


def hide_secrets(text: str) -> str:
    """Return a text without the passwords, the signatures and the hooks' secrets of its URLs.

    That includes URLs that are an argument of another URL, such as that of a trace viewer.
    """
    text = _HOOK.sub(rf"\1{_SECRET}", text)
    return _SIGNATURE.sub(r"\1[signature]", hide_signatures(_USER.sub("", text)))


def make_hiding(patterns: Sequence[str | re.Pattern[str]]) -> Change:
    """Return a function that hides what one of the patterns matches, and then secrets.

    Raises `InvalidArgumentError` for a pattern that is not a regular expression for text, or
    matches the empty text.
    """
    if isinstance(patterns, str):
        raise InvalidArgumentError("scrub must be a sequence of patterns, not a single one")
    expressions = [_compile(f"scrub[{index}]", one) for index, one in enumerate(patterns)]

    def hide(text: str) -> str:
        for expression in expressions:
            text = expression.sub(_SCRUBBED, text)
        return hide_secrets(text)

    return hide


def _compile(name: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    # Errors do not show the pattern: it may be the secret itself.
    try:
        expression = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise InvalidArgumentError(f"{name} is not a regular expression: {error}") from None
    if not isinstance(expression.pattern, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidArgumentError(f"{name} must be a regular expression for text, not for bytes")
    if expression.search(""):
        raise InvalidArgumentError(f"{name} must not match the empty text")
    return expression


def scrub(exchange: TapedExchange, change: Change, rename: Rename = str) -> TapedExchange:
    """Return an exchange with all texts changed and all people renamed."""
    response = exchange.response
    headers = {name: change(value) for name, value in response.headers.items()}
    content = _scrub_content(response, change, rename, _hidden_fields(exchange.request))
    return TapedExchange(
        request=scrub_request(exchange.request, change, rename),
        response=msgspec.structs.replace(response, headers=headers, **content),
    )


def scrub_request(request: TapedRequest, change: Change, rename: Rename = str) -> TapedRequest:
    """Return a request with all texts changed and all people renamed."""
    renamed: dict[str, list[str]] = rename_people(request.query, rename)
    return msgspec.structs.replace(
        request,
        path=change(request.path),
        query={
            change(name): [change(value) for value in values] for name, values in renamed.items()
        },
        **_scrub_content(request, change, rename, _hidden_fields(request)),
    )


def _hidden_fields(request: TapedRequest) -> _Hidden:
    """Return the fields that are secrets in all that an operation sends and gets."""
    for path, fields in _HIDDEN:
        if path.fullmatch(request.path):
            return fields
    return {}


def _scrub_content(
    content: Content, change: Change, rename: Rename, hidden: _Hidden
) -> dict[str, Any]:
    if content.json is not UNSET:
        json = _hide(content.json, hidden) if hidden else content.json
        return {"json": _map(rename_people(json, rename), change)}
    if content.text is not None:
        return {"text": change(content.text)}
    if content.base64 is not None:
        # In Latin-1, every byte is a character.
        return {"base64": change(content.base64.decode("latin-1")).encode("latin-1")}
    return {}


def _map(json: _Json, change: Change) -> _Json:
    if isinstance(json, str):
        return change(json)
    if isinstance(json, list):
        return [_map(item, change) for item in json]
    if isinstance(json, dict):
        return {change(name): _map(value, change) for name, value in json.items()}
    return json


def _hide(json: _Json, hidden: _Hidden) -> _Json:
    if isinstance(json, list):
        return [_hide(item, hidden) for item in json]
    if isinstance(json, dict):
        return {
            name: hidden[name](value)
            if value is not None and name in hidden
            else _hide(value, hidden)
            for name, value in json.items()
        }
    return json


def _hide_values(headers: Any) -> str:
    """Hide the values of the headers that a webhook's owner set: they are a shared secret."""
    try:
        names = msgspec.json.decode(headers, type=dict[str, str])
    except (msgspec.DecodeError, TypeError):
        return _SECRET
    return msgspec.json.encode(dict.fromkeys(names, _SECRET), order="sorted").decode()


def _hide_path(url: Any) -> str:
    """Hide all of a URL but its host: whoever knows it can read what is behind it."""
    host = re.match(r"https?://[^\s/?#@]+/", str(url))
    return f"{host[0] if host else ''}{_SECRET}"


_HIDDEN: tuple[tuple[re.Pattern[str], _Hidden], ...] = (
    (re.compile(r"/webhooks(?:/.*)?"), {"headers": _hide_values}),
    (re.compile(r"/share|/.+/trace-link"), {"url": _hide_path, "pageUrl": _hide_path}),
    (re.compile(r"/projects"), {"recordKey": lambda _: _SECRET}),
    (
        re.compile(r"/(?:runs|sessions)(?:/.+)?/attachments|/sessions"),
        {"uploadUrl": _hide_path, "uploadHeaders": lambda _: None},
    ),
)
"""By the path of a request, the fields that are hidden, and how."""
