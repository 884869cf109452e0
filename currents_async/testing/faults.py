"""Ready-made faults for `FaultyServer`: one for each way in which a response can go wrong.

    async with FaultyServer([faults.reset(), faults.response()]) as server: ...

A fault with a body sends `BODY` by default, which is valid for a run and for an instance. With
`gzip=False` it is not compressed.
"""

from currents_async.testing._faulty.bombs import gzip_bomb
from currents_async.testing._faulty.broken_json import BROKEN_JSON
from currents_async.testing._faulty.content import (
    BODY,
    html,
    json_response,
    plain,
    raw,
    redirect,
    redirect_loop,
    response,
)
from currents_async.testing._faulty.encoding import (
    bad_crc,
    corrupt_gzip,
    encoding_without_gzip,
    many_members,
    trailing_garbage,
    truncated_gzip,
    wrong_encoding,
)
from currents_async.testing._faulty.framing import (
    bad_chunk,
    endless_body,
    endless_trailers,
    length_and_chunked,
    long_length,
    short_length,
    truncated_chunks,
    two_lengths,
)
from currents_async.testing._faulty.hanging import (
    SECOND_BODY,
    close,
    close_midway,
    drip,
    drip_headers,
    early_close,
    reset,
    reset_midway,
    second_response,
    stall,
    stall_midway,
)
from currents_async.testing._faulty.heads import (
    bad_status_line,
    endless_headers,
    endless_informational,
    garbage,
    http09,
    huge_header,
    many_headers,
)

__all__ = [
    "BODY",
    "BROKEN_JSON",
    "SECOND_BODY",
    "bad_chunk",
    "bad_crc",
    "bad_status_line",
    "close",
    "close_midway",
    "corrupt_gzip",
    "drip",
    "drip_headers",
    "early_close",
    "encoding_without_gzip",
    "endless_body",
    "endless_headers",
    "endless_informational",
    "endless_trailers",
    "garbage",
    "gzip_bomb",
    "html",
    "http09",
    "huge_header",
    "json_response",
    "length_and_chunked",
    "long_length",
    "many_headers",
    "many_members",
    "plain",
    "raw",
    "redirect",
    "redirect_loop",
    "reset",
    "reset_midway",
    "response",
    "second_response",
    "short_length",
    "stall",
    "stall_midway",
    "trailing_garbage",
    "truncated_chunks",
    "truncated_gzip",
    "two_lengths",
    "wrong_encoding",
]
