"""Bodies that declare attachments: every limit checked before anything is sent.

Source: `docs/api/operations.md`, "Attachments and sessions".
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, get_args

import msgspec

from currents_async._checks import (
    check_choice,
    check_int,
    check_prose,
    check_several,
    check_text,
    check_type,
)
from currents_async._wire.fields import Fields, given
from currents_async.errors import InvalidArgumentError
from currents_async.models.attachments import (
    AttachmentTarget,
    AttachmentType,
    CIBuild,
    NewAttachment,
)

MAX_FILES = 50
"""Attachments of one request."""
MAX_BYTES = 1024**3
"""Bytes of one file."""

_TYPES: Mapping[str, tuple[str, ...]] = {
    "run": ("attachment",),
    "instance": ("attachment", "video", "screenshot"),
    "test": ("attachment",),
    "attempt": get_args(AttachmentType),
    "session": get_args(AttachmentType),
}
"""By level, the types that it takes."""
_CONTENT_TYPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "trace": (re.compile("application/zip"), "application/zip"),
    "screenshot": (re.compile("image/(png|jpeg|webp|gif)"), "image/png, jpeg, webp or gif"),
    "video": (re.compile("video/.+"), "video/*"),
    "attachment": (re.compile(".+"), "any"),
}
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_MEDIA_TYPE = re.compile(
    rf'({_WORD}/{_WORD})(?:[ \t]*;[ \t]*{_WORD}=(?:{_WORD}|"[^"\\]*"))*', re.ASCII
)
_META_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_MAX_PAIRS = 20
_MAX_META_BYTES = 2048

_check_id = partial(check_text, max_length=255)
_check_long = partial(check_text, max_length=2048)
_check_name = partial(check_text, max_length=1024)


def level_of(target: AttachmentTarget) -> str:
    """Return what the attachments of a run belong to; raise `InvalidArgumentError` if it is odd."""
    known = AttachmentTarget.__annotations__
    for name in target:
        if name not in known:
            raise InvalidArgumentError(f"{name} is not one of {', '.join(known)}")
    named = {name for name, value in target.items() if value is not None}
    spec, test = named & {"instance_id", "spec"}, named & {"test_id", "test_title"}
    if len(spec) > 1:
        raise InvalidArgumentError("pass either instance_id or spec, not both")
    if len(test) > 1:
        raise InvalidArgumentError("pass either test_id or test_title, not both")
    if test and not spec:
        raise InvalidArgumentError("a test needs instance_id or spec beside it")
    if "attempt" in named and not test:
        raise InvalidArgumentError("attempt needs test_id or test_title beside it")
    if test:
        return "attempt" if "attempt" in named else "test"
    return "instance" if spec else "run"


def target_fields(target: AttachmentTarget) -> Fields:
    """Return the fields of a body that say what the attachments of a run belong to."""
    return (
        Fields()
        .put("instance_id", given(target.get("instance_id")), _check_id, wire="instanceId")
        .put("spec", given(target.get("spec")), _check_long)
        .put("group_id", given(target.get("group_id")), _check_id, wire="groupId")
        .put("test_id", given(target.get("test_id")), _check_name, wire="testId")
        .put("test_title", given(target.get("test_title")), _check_title, wire="testTitle")
        .put(
            "attempt", given(target.get("attempt")), partial(check_int, min_value=0, max_value=1000)
        )
        .put("machine_id", given(target.get("machine_id")), _check_id, wire="machineId")
    )


def _check_title(name: str, title: str) -> str:
    """Return the title of a test, which may have several lines."""
    if not check_prose(name, title, max_length=2048).strip():
        raise InvalidArgumentError(f"{name} must not be empty")
    return title


def declarations(
    name: str, attachments: Iterable[NewAttachment], level: str, *, new_session: bool = False
) -> list[dict[str, Any]]:
    """Return the attachments of a body; in that of a new session there may be none."""
    several = check_several(name, attachments, NewAttachment)
    least = 0 if new_session else 1
    if not least <= len(several) <= MAX_FILES:
        raise InvalidArgumentError(
            f"{name} must have {least} to {MAX_FILES} items, not {len(several)}"
        )
    encoded = [
        _declaration(f"{name}[{index}]", one, level, sized=not new_session)
        for index, one in enumerate(several)
    ]
    check_traces(name, several)
    return encoded


def check_traces(name: str, attachments: Sequence[NewAttachment]) -> None:
    """Raise `InvalidArgumentError` if two traces have the same name."""
    names = Counter(one.name for one in attachments if one.type == "trace")
    for trace, count in names.items():
        if count > 1:
            raise InvalidArgumentError(f"{name}: {count} traces have the name {trace!r}")


def _declaration(name: str, one: NewAttachment, level: str, *, sized: bool) -> dict[str, Any]:
    check_type(name, one, NewAttachment)
    check_attachment(name, one, level)
    size = given(one.size_bytes) if not sized else one.size_bytes
    return (
        Fields()
        .put(f"{name}.name", one.name, _check_name, wire="name")
        .put(f"{name}.type", one.type, check_text, wire="type")
        .put(f"{name}.content_type", one.content_type, check_text, wire="contentType")
        .put(f"{name}.size_bytes", size, check_size, wire="sizeBytes")
        .put(f"{name}.caption", given(one.caption), check_prose, wire="caption")
        .put(f"{name}.meta", given(dict(one.meta) or None), lambda _, meta: meta, wire="meta")
        .body
    )


def check_attachment(name: str, one: NewAttachment, level: str) -> None:
    """Check all of an attachment but its size, or raise `InvalidArgumentError`."""
    _check_name(f"{name}.name", one.name)
    kind = check_choice(f"{name}.type", one.type, get_args(AttachmentType))
    if kind not in _TYPES[level]:
        raise InvalidArgumentError(
            f"{name}.type must be {' or '.join(_TYPES[level])} at the level {level}, not {kind}"
        )
    _check_content_type(f"{name}.content_type", one.content_type, kind)
    if one.caption is not None:
        check_prose(f"{name}.caption", one.caption, max_length=1000)
    _check_meta(f"{name}.meta", one.meta)


def check_size(name: str, size: Any) -> int:
    """Return a size that can be declared."""
    if size == 0:
        raise InvalidArgumentError(f"{name}: the file is empty, which the API does not take")
    return check_int(name, size, max_value=MAX_BYTES)


def _check_content_type(name: str, value: str, kind: str) -> None:
    check_text(name, value, max_length=255)
    media_type = _MEDIA_TYPE.fullmatch(value)
    if media_type is None:
        raise InvalidArgumentError(f"{name} must be a media type such as text/plain, not {value!r}")
    pattern, expected = _CONTENT_TYPES[kind]
    if pattern.fullmatch(media_type[1].lower()) is None:
        raise InvalidArgumentError(f"{name} of a {kind} must be {expected}, not {value!r}")


def _check_meta(name: str, meta: Mapping[str, str]) -> None:
    _check_mapping(name, meta)
    if len(meta) > _MAX_PAIRS:
        raise InvalidArgumentError(f"{name} must have at most {_MAX_PAIRS} pairs, not {len(meta)}")
    for key, value in meta.items():
        if not isinstance(key, str) or _META_KEY.fullmatch(key) is None:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                f"{name}: a key must be 1 to 64 letters, digits, '_' or '-', not {key!r}"
            )
        check_prose(f"{name}[{key!r}]", value, max_length=256)
    if len(msgspec.json.encode(dict(meta))) > _MAX_META_BYTES:
        raise InvalidArgumentError(f"{name} must have at most {_MAX_META_BYTES} bytes as JSON")


def encode_ci(name: str, ci: CIBuild) -> dict[str, Any]:
    """Return a CI build as it is sent."""
    check_type(name, ci, CIBuild)
    if ci.provider is not None:
        check_text(f"{name}.provider", ci.provider)
    _check_mapping(f"{name}.params", ci.params)
    params = dict(ci.params)
    try:
        msgspec.json.encode(params)
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise InvalidArgumentError(f"{name}.params cannot be sent as JSON: {error}") from None
    return {"provider": ci.provider, "params": params}


def _check_mapping(name: str, value: object) -> None:
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"{name} must be a mapping, not {type(value).__name__}")
