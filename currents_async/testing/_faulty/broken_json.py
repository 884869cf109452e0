"""Bodies that are broken JSON, or JSON that is not a valid response."""

from collections.abc import Mapping
from types import MappingProxyType

_DEEP = 100_000
_RUN = b'"runId":"r","projectId":"p","completionState":"COMPLETE","status":"PASSED"'
_GOOD = b'{"status":"OK","data":{' + _RUN + b"}}"


def _with(field: bytes) -> bytes:
    """Return a valid response with one more field in its data."""
    return _GOOD[:-2] + b"," + field + b"}}"


BROKEN_JSON: Mapping[str, bytes] = MappingProxyType({
    # Not JSON
    "empty": b"",
    "whitespace": b" \t\r\n",
    "truncated": _GOOD[:-5],
    "truncated in a string": _GOOD[:30],
    "trailing comma": _GOOD[:-2] + b",}}",
    "missing comma": _with(b'"tags":[]"specs":[]'),
    "single quotes": _GOOD.replace(b'"', b"'"),
    "comment": b"/* a run */" + _GOOD,
    "NaN": _with(b'"durationMs":NaN'),
    "Infinity": _with(b'"durationMs":-Infinity'),
    "leading zero": _with(b'"durationMs":007'),
    "bare word": b"undefined",
    "text": b"Internal Server Error",
    "HTML": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "XML": b'<?xml version="1.0"?><error>Forbidden</error>',
    "two documents": _GOOD + _GOOD,
    "two lines": _GOOD + b"\n" + _GOOD,
    "garbage at the end": _GOOD + b"\0\0\0",
    "JSONP": b"callback(" + _GOOD + b");",
    "control character in a string": _with(b'"note":"a\nb"'),
    "bad escape": _with(b'"note":"\\x41"'),
    # Not UTF-8
    "BOM": b"\xef\xbb\xbf" + _GOOD,
    "UTF-16": _GOOD.decode().encode("utf-16"),
    "UTF-32": _GOOD.decode().encode("utf-32"),
    "invalid UTF-8 in a string": _with(b'"note":"\xff\xfe"'),
    "truncated UTF-8 in a string": _with(b'"note":"\xe2\x82"'),
    "invalid UTF-8 in the project": _GOOD.replace(b'"p"', b'"\xc3\x28"'),
    "lone surrogate escape": _GOOD.replace(b'"p"', b'"\\ud800"'),
    "encoded surrogate": _with(b'"note":"\xed\xa0\x80"'),
    # Too large or too deep. Valid JSON, except for the unclosed ones.
    "deep arrays": _with(b'"note":' + b"[" * _DEEP + b"]" * _DEEP),
    "deep objects": _with(b'"note":' + b'{"a":' * _DEEP + b"1" + b"}" * _DEEP),
    "deep arrays, unclosed": b"[" * _DEEP,
    "deep objects, unclosed": b'{"a":' * _DEEP,
    "number of 10,000 digits": _with(b'"durationMs":' + b"9" * 10_000),
    "number of 10,000 digits, unread": _with(b'"note":' + b"9" * 10_000),
    "number that is too large": _with(b'"durationMs":1e999'),
    # Valid JSON, but odd
    "duplicate keys": _with(b'"runId":"another"'),
    "duplicate data": _GOOD[:-1] + b',"data":null}',
    # Valid JSON, but not an envelope
    "null": b"null",
    "true": b"true",
    "a number": b"1",
    "a string": b'"OK"',
    "a list": b"[" + _GOOD + b"]",
    "an empty object": b"{}",
    "no envelope": b"{" + _RUN + b"}",
    "no data": b'{"status":"OK"}',
    "no status": b'{"data":{' + _RUN + b"}}",
    "another status": _GOOD.replace(b'"OK"', b'"PENDING"'),
    "status of a wrong type": _GOOD.replace(b'"OK"', b"200"),
    "status FAILED": b'{"status":"FAILED","error":"Something went wrong"}',
    "status FAILED without a message": b'{"status":"FAILED"}',
    "status FAILED with data": _GOOD.replace(b'"OK"', b'"FAILED"'),
    "error of a wrong type": b'{"status":"FAILED","error":{"code":7}}',
    # An envelope with wrong data
    "data null": b'{"status":"OK","data":null}',
    "data a string": b'{"status":"OK","data":"r"}',
    "data a number": b'{"status":"OK","data":0}',
    "data an empty object": b'{"status":"OK","data":{}}',
    "data an empty list": b'{"status":"OK","data":[]}',
    "wrong type": _GOOD.replace(b'"r"', b"5"),
    "null where a string belongs": _GOOD.replace(b'"r"', b"null"),
    "an object where a list belongs": _with(b'"specs":{}'),
    "wrong type in a list": _with(b'"specs":[{"spec":"a"},7]'),
    "wrong type deep inside": _with(
        b'"specs":[{"spec":"a"},{"spec":"b","results":{"stats":{"tests":"many"}}}]'
    ),
    "invalid date": _with(b'"createdAt":"yesterday"'),
})
"""Bodies by what is wrong with them, for responses of status 200 with correct framing.

Most cannot be decoded. A few are valid JSON that a tolerant client may accept: duplicate keys, or
what is odd only in `data.note`, which no response has.
"""
