"""What a refusal says besides its message: a code, the scope that is missing, what else was meant.

Any host may send it, so texts are redacted, cut to length, and without control characters.

Source: `docs/api/base.md`, "Errors".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from multidict import MultiMapping

from currents_async.errors import Candidate

_INSUFFICIENT_SCOPE = "insufficient_scope"
_HINTS = {
    _INSUFFICIENT_SCOPE: "this token lacks a scope: use one that has it",
    "insufficient_role": "the role of the token's owner does not allow this, so authorising again "
    "does not help: an administrator can change the role",
    "api_key_required": "no token may do this, whatever its scopes: use an API key",
}

CANDIDATE = {
    "runId": "run_id",
    "ciBuildId": "ci_build_id",
    "instanceId": "instance_id",
    "testId": "test_id",
    "spec": "spec",
    "title": "title",
}
"""The fields of candidates by their names in the JSON."""

# RFC 9110, sections 5.6.2, 5.6.4 and 11.6.1. An element is all up to a comma that is not quoted.
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# They are compiled when they are needed, which is seldom.
_ELEMENT = r'(?s:(?:[^",]|"(?:\\.|[^"\\])*"?)+)'
_PARAMETER = (
    rf"(?s:(?:(?P<scheme>{_WORD})[ \t]+)?(?P<name>{_WORD})[ \t]*=[ \t]*"
    # Also what should have been quoted, such as results:read.
    r'(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<plain>[^\s"=]+)))'
)
_MAX_HEADER = 4_096
_MAX_TEXT = 200
_MAX_CANDIDATES = 100
_MAX_SHOWN = 5


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """What can be decided by, of a response that is not a success."""

    code: str | None = None
    required_scope: str | None = None
    candidates: tuple[Candidate, ...] = ()

    @property
    def hint(self) -> str:
        """Return what it means, and what to do; an empty text if nothing is known."""
        if self.required_scope is not None:
            return f"this token lacks the scope {self.required_scope}: use one that has it"
        if self.candidates:
            return f"name one of them: {_list(self.candidates)}"
        return _HINTS.get(self.code or "", "")


def read_refusal(
    headers: Mapping[str, str], code: object, candidates: object, redact: Callable[[str], str]
) -> Refusal:
    """Read the headers and these fields of the body, whatever they are."""
    scope = _required_scope(headers)
    code = code if isinstance(code, str) else None if scope is None else _INSUFFICIENT_SCOPE
    return Refusal(
        code=_clean(code, redact),
        required_scope=_clean(scope, redact),
        candidates=tuple(_read_candidates(candidates, redact)),
    )


def read_challenges(header: str) -> list[dict[str, str]]:
    """Return the parameters of each challenge in a `WWW-Authenticate` header.

    The commas between challenges are those between the parameters within each.
    """
    challenges: list[dict[str, str]] = []
    elements = (one.strip() for one in re.findall(_ELEMENT, header[:_MAX_HEADER]))
    for element in filter(None, elements):
        found = re.fullmatch(_PARAMETER, element)
        if found is None or found["scheme"] or not challenges:
            challenges.append({})
        if found is not None:
            quoted = found["quoted"]
            value = found["plain"] if quoted is None else re.sub(r"(?s)\\(.)", r"\1", quoted)
            challenges[-1].setdefault(found["name"].lower(), value)
    return challenges


def _required_scope(headers: Mapping[str, str]) -> str | None:
    name = "WWW-Authenticate"
    lines = (
        headers.getall(name, []) if isinstance(headers, MultiMapping) else [headers.get(name, "")]
    )
    for challenge in read_challenges(", ".join(lines)):
        if challenge.get("error") == _INSUFFICIENT_SCOPE:
            return challenge.get("scope")
    return None


def _read_candidates(values: object, redact: Callable[[str], str]) -> Iterator[Candidate]:
    items: list[Any] = values if isinstance(values, list) else []  # pyright: ignore[reportUnknownVariableType]
    for item in items[:_MAX_CANDIDATES]:
        fields: dict[str, Any] = item if isinstance(item, dict) else {}  # pyright: ignore[reportUnknownVariableType]
        texts = {
            name: _clean(text, redact)
            for wire, name in CANDIDATE.items()
            if isinstance(text := fields.get(wire), str)
        }
        if any(texts.values()):
            yield Candidate(**texts)


def _clean(text: str | None, redact: Callable[[str], str]) -> str | None:
    if text is None:
        return None
    shown = "".join(one if one.isprintable() else " " for one in redact(text))
    return shown.strip()[:_MAX_TEXT] or None


def _list(candidates: tuple[Candidate, ...]) -> str:
    more = len(candidates) - _MAX_SHOWN
    shown = [str(one) for one in candidates[:_MAX_SHOWN]]
    return ", ".join([*shown, f"and {more} more"] if more > 0 else shown)
