"""What is left to fetch of an asset, and whether a response goes on with it."""

import pytest

from currents_async._wire.body_errors import TruncatedBodyError
from currents_async._wire.ranges import Progress


class TestProgress:
    def test_body_longer_than_announced(self) -> None:
        progress = Progress()
        progress.start_anew({"Content-Length": "10", "ETag": '"a"'})
        progress.received = 4
        assert progress.conditions() == {"Range": "bytes=4-", "If-Range": '"a"'}
        with pytest.raises(TruncatedBodyError, match="longer"):
            progress.check_end(11)
        assert progress.conditions() == {}

    def test_length_of_a_chunked_body_is_ignored(self) -> None:
        progress = Progress()
        progress.start_anew({"Content-Length": "10", "Transfer-Encoding": "chunked"})
        progress.check_end(11)
        assert progress.total is None

    def test_total_from_a_later_response(self) -> None:
        progress = Progress()
        progress.start_anew({"ETag": '"a"'})
        progress.received = 4
        assert progress.goes_on({"Content-Range": "bytes 4-8/*"})
        assert progress.total is None
        assert progress.goes_on({"Content-Range": "bytes 4-8/9"})
        assert progress.total == 9
        with pytest.raises(TruncatedBodyError, match="ends early"):
            progress.check_end(8)
        progress.check_end(9)
