"""What must not be in a file that is kept, taken out of what is recorded."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET

from currents_async._redaction import hide_signatures
from currents_async.testing._cassettes.tape import Content, Exchange, Request

Change: TypeAlias = Callable[[str], str]
"""Returns a text as it may be kept."""

_Json: TypeAlias = bool | float | str | list["_Json"] | dict[str, "_Json"] | None

_SECRET = "[secret]"  # noqa: S105 - it stands for one
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


def hide_secrets(text: str) -> str:
    """Return a text without the passwords and signatures of its URLs.

    Also of those that are an argument of another URL, such as of one that shows a trace.
    """
    return _SIGNATURE.sub(r"\1[signature]", hide_signatures(_USER.sub("", text)))


def scrub(exchange: Exchange, change: Change) -> Exchange:
    """Return an exchange all of whose texts are changed."""
    response = exchange.response
    headers = {name: change(value) for name, value in response.headers.items()}
    content = _scrub_content(response, change, webhook=_is_of_webhook(exchange.request))
    return Exchange(
        request=scrub_request(exchange.request, change),
        response=msgspec.structs.replace(response, headers=headers, **content),
    )


def scrub_request(request: Request, change: Change) -> Request:
    """Return a request all of whose texts are changed."""
    return msgspec.structs.replace(
        request,
        path=change(request.path),
        query={
            change(name): [change(value) for value in values]
            for name, values in request.query.items()
        },
        **_scrub_content(request, change, webhook=_is_of_webhook(request)),
    )


def _is_of_webhook(request: Request) -> bool:
    return request.path.partition("/")[2].partition("/")[0] == "webhooks"


def _scrub_content(content: Content, change: Change, *, webhook: bool) -> dict[str, Any]:
    if content.json is not UNSET:
        json = _hide_headers(content.json) if webhook else content.json
        return {"json": _map(json, change)}
    if content.text is not None:
        return {"text": change(content.text)}
    if content.base64 is not None:
        # In which every byte is a character.
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


def _hide_headers(json: _Json) -> _Json:
    """Hide the values of the headers that a webhook's owner set: they are a shared secret."""
    if isinstance(json, list):
        return [_hide_headers(item) for item in json]
    if isinstance(json, dict):
        return {
            name: _hide_values(value) if name == "headers" else _hide_headers(value)
            for name, value in json.items()
        }
    return json


def _hide_values(headers: Any) -> str | None:
    if headers is None:
        return None
    try:
        names = msgspec.json.decode(headers, type=dict[str, str])
    except (msgspec.DecodeError, TypeError):
        return _SECRET
    return msgspec.json.encode(dict.fromkeys(names, _SECRET), order="sorted").decode()
