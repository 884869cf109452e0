import pytest

from currents_async import InvalidArgumentError
from currents_async.testing.limiters import (
    AllOf,
    ChangesAfter,
    ConcurrencyLimit,
    FixedWindow,
    Limiter,
    LoadShedding,
    Says,
    SlidingCounter,
    SlidingLog,
    TokenBucket,
    parse_limiter,
)

SAYS = Says(headers="x-ratelimit")
SECOND = FixedWindow(requests=50, says=SAYS)


@pytest.mark.parametrize(
    ("text", "limiter"),
    [
        ("50", SECOND),
        ("50/s", SECOND),
        ("window:50/1s", SECOND),
        ("1000/m", FixedWindow(requests=1_000, per=60, says=SAYS)),
        ("7/0.25s", FixedWindow(requests=7, per=0.25, says=SAYS)),
        ("window:9/5m,aligned", FixedWindow(requests=9, per=300, aligned=True, says=SAYS)),
        ("bucket:50/s", TokenBucket(rate=50, burst=50, says=SAYS)),
        ("bucket:50/s,burst=20", TokenBucket(rate=50, burst=20, says=SAYS)),
        ("bucket:30/m,burst=1", TokenBucket(rate=0.5, burst=1, says=SAYS)),
        ("bucket:3600/h", TokenBucket(rate=1, burst=3_600, says=SAYS)),
        (
            "bucket:50,status=503,retry-after=none,headers=none",
            TokenBucket(rate=50, burst=50, says=Says(status=503, retry_after=None)),
        ),
        (
            "log:100/10s,retry-after=date,headers=ratelimit",
            SlidingLog(requests=100, per=10, says=Says(retry_after="date", headers="ratelimit")),
        ),
        ("counter:1000/m", SlidingCounter(requests=1_000, per=60, says=SAYS)),
        ("concurrent:8", ConcurrencyLimit(requests=8, says=SAYS)),
        ("shed:8-16", LoadShedding(starts_at=8, all_at=16)),
        (
            "shed:8-16,seed=3,status=529",
            LoadShedding(starts_at=8, all_at=16, seed=3, says=Says(status=529, retry_after=None)),
        ),
        (
            "50/s+1000/m",
            AllOf(limiters=[SECOND, FixedWindow(requests=1_000, per=60, says=SAYS)]),
        ),
        (
            "50/s until 4s then bucket:30/s until 1m then 50/s",
            ChangesAfter(
                first=SECOND,
                seconds=4,
                then=ChangesAfter(
                    first=TokenBucket(rate=30, burst=30, says=SAYS), seconds=60, then=SECOND
                ),
            ),
        ),
    ],
)
def test_a_limiter(text: str, limiter: Limiter) -> None:
    assert parse_limiter(text) == limiter


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' must begin like 50/s"),
        ("fast", "'fast' must begin like 50/s"),
        ("-1", "'-1' must begin like 50/s"),
        ("1.5/s", "must begin like 50/s"),
        ("50/", "must begin like 50/s"),
        ("50/d", "must begin like 50/s"),
        ("50/s/s", "must begin like 50/s"),
        ("\u0665/s", "must begin like 50/s"),
        (":50/s", "must begin with one of window:, bucket:, log:, counter:, concurrent:, shed:$"),
        ("gcra:50/s", "must begin with one of"),
        ("bucket:", "'bucket:' must begin like bucket:50/s"),
        ("concurrent:8/s", "must begin like concurrent:8"),
        ("shed:8", "must begin like shed:8-16"),
        ("0", "'0' cannot work: FixedWindow.requests must be a positive integer, not 0"),
        ("5/0s", "FixedWindow.per must be a positive number"),
        ("bucket:0/s", "TokenBucket.rate must be"),
        ("bucket:5/s,burst=0", "TokenBucket.burst must be a positive integer, not 0"),
        ("bucket:5/s,burst", "TokenBucket.burst must be a positive integer, not True"),
        ("bucket:5/s,burst=many", "TokenBucket.burst must be"),
        ("window:5/s,aligned=1", "FixedWindow.aligned must be a bool"),
        ("shed:16-8", "LoadShedding.all_at must be at least"),
        ("5/s,burst=2", "'5/s,burst=2' has an unknown option, 'burst'"),
        ("5/s,", "has an unknown option, ''"),
        ("5/s,says=1", "has an unknown option, 'says'"),
        ("5/s,status=503,status=503", "has the option 'status' twice"),
        ("5/s,status=200", "Says.status must be an integer from 400 to 599, not 200"),
        ("5/s,status=none", "Says.status must be"),
        ("5/s,headers=X-RateLimit", "Says.headers must be one of x-ratelimit, "),
        ("5/s,retry-after=1", "Says.retry_after must be"),
        ("5/s+", "'' must begin like 50/s"),
        ("5/s until 4 then 5/s", "must begin like 50/s"),
        ("5/s until s then 5/s", "must begin like 50/s"),
        ("5/s until 0s then 5/s", "ChangesAfter.seconds must be"),
    ],
)
def test_other_text(text: str, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        parse_limiter(text)
