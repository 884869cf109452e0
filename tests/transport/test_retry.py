"""The retry table, the backoff and the quota, as pure decisions."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async import errors
from currents_async._transport.retry import (
    Quota,
    RetryDecision,
    backoff,
    classify,
    may_have_happened,
)
from currents_async._wire.body_errors import (
    BodyError,
    CorruptBodyError,
    OversizedBodyError,
    RefusedBodyError,
    TruncatedBodyError,
    UnexpectedBodyError,
)
from currents_async._wire.failure import error_for_body, error_for_status
from currents_async.errors import RequestInfo

SENT = RequestInfo(operation="o", method="PUT", url="https://api.currents.dev/v1/x", attempts=1)

RETRY, SLOWLY = RetryDecision.RETRY, RetryDecision.RETRY_THROTTLED
GIVE_UP, AMBIGUOUS = RetryDecision.GIVE_UP, RetryDecision.AMBIGUOUS


def of_status(status: int, message: str = "no") -> errors.CurrentsError:
    body = b'{"status":"FAILED","error":"%s"}' % message.encode()
    return error_for_status(SENT, status, {}, body, retry_after=None, redact=str)


def of_body(fault: BodyError) -> errors.CurrentsError:
    return error_for_body(SENT, 200, {}, fault)


OPEN: list[tuple[str, errors.CurrentsError]] = [
    *((str(status), of_status(status)) for status in (408, 500, 502, 503, 504)),
    # Of Cloudflare and its like, about an origin that is overloaded, out of reach or too slow.
    *((str(status), of_status(status)) for status in (520, 521, 522, 523, 524, 529, 530)),
    ("disconnect", errors.TransportError("the connection was lost", **SENT)),
    ("truncated", of_body(TruncatedBodyError("ends early"))),
    ("timeout", errors.RequestTimeoutError("no answer", **SENT)),
]
FINAL: list[tuple[str, errors.CurrentsError]] = [
    *((str(status), of_status(status)) for status in range(300, 309)),
    *((str(status), of_status(status)) for status in range(400, 452) if status not in {408, 429}),
    *(
        (str(status), of_status(status))
        for status in (501, 505, 506, 507, 508, 510, 511, 519, 525, 526, 527, 531, 599)
    ),
    ("already cancelled", of_status(422, "Run already cancelled")),
    ("refused", of_body(RefusedBodyError("no luck"))),
    ("corrupt", of_body(CorruptBodyError("bad crc"))),
    ("unexpected", of_body(UnexpectedBodyError("Expected `int`", "$.data"))),
    ("oversized", of_body(OversizedBodyError(5))),
    ("argument", errors.InvalidArgumentError("no")),
    ("closed", errors.ClientClosedError("closed")),
    ("loop", errors.WrongLoopError("another loop")),
]
TABLE = [
    ("connect", errors.ConnectError("nobody listens", **SENT), RETRY, RETRY, False),
    ("429", of_status(429), SLOWLY, SLOWLY, False),
    *((name, error, RETRY, AMBIGUOUS, True) for name, error in OPEN),
    *((name, error, GIVE_UP, GIVE_UP, False) for name, error in FINAL),
]


@pytest.mark.parametrize(
    ("error", "idempotent", "once", "ambiguous"),
    [pytest.param(*row, id=name) for name, *row in TABLE],
)
def test_decisions(
    error: errors.CurrentsError, idempotent: RetryDecision, once: RetryDecision, *, ambiguous: bool
) -> None:
    assert classify(error, repeatable=True) is idempotent
    assert classify(error, repeatable=False) is once
    assert may_have_happened(error) is ambiguous


class TestBackoff:
    @pytest.mark.parametrize(
        ("retry", "bound", "bound_throttled"),
        [
            (1, 0.05, 1.0),
            (2, 0.1, 2.0),
            (3, 0.2, 4.0),
            (4, 0.4, 8.0),
            (5, 0.8, 16.0),
            (6, 1.6, 20.0),
            (7, 3.2, 20.0),
            (8, 6.4, 20.0),
            (9, 12.8, 20.0),
            (10, 20.0, 20.0),
            (1_000_000, 20.0, 20.0),
        ],
    )
    @pytest.mark.parametrize("chance", [0.0, 0.25, 0.5, 1 - 2**-53])
    def test_full_jitter(
        self, retry: int, bound: float, bound_throttled: float, chance: float
    ) -> None:
        assert backoff(RETRY, retry, chance) == pytest.approx(chance * bound, rel=1e-15)
        assert backoff(SLOWLY, retry, chance) == pytest.approx(chance * bound_throttled, rel=1e-15)


class TestQuota:
    def test_what_a_retry_costs(self) -> None:
        quota = Quota()
        assert quota.tokens == 500
        assert (quota.take(RETRY), quota.tokens) == (14, 486)
        assert (quota.take(SLOWLY), quota.tokens) == (5, 481)

    @pytest.mark.parametrize(("verdict", "retries", "left"), [(RETRY, 35, 10), (SLOWLY, 100, 0)])
    def test_how_many_there_are(self, verdict: RetryDecision, retries: int, left: int) -> None:
        quota = Quota()
        taken = list(itertools.takewhile(bool, (quota.take(verdict) for _ in range(1000))))
        assert len(taken) == retries
        assert quota.tokens == left
        assert quota.take(verdict) == 0

    def test_a_throttled_retry_is_cheaper_to_the_last(self) -> None:
        quota = Quota()
        quota.tokens = 13
        assert (quota.take(RETRY), quota.take(SLOWLY), quota.take(SLOWLY)) == (0, 5, 5)
        assert (quota.tokens, quota.take(SLOWLY)) == (3, 0)

    @pytest.mark.parametrize(
        ("tokens", "taken", "after"),
        [(472, 28, 500), (100, 14, 114), (0, 0, 1), (499, 0, 500), (500, 0, 500), (495, 14, 500)],
    )
    def test_what_a_success_gives_back(self, tokens: int, taken: int, after: int) -> None:
        quota = Quota()
        quota.tokens = tokens
        quota.give_back(taken)
        assert quota.tokens == after

    @given(
        st.lists(
            st.tuples(st.lists(st.sampled_from([RETRY, SLOWLY]), max_size=4), st.booleans()),
            max_size=200,
        )
    )
    def test_never_negative_and_never_above_its_beginning(
        self, calls: list[tuple[list[RetryDecision], bool]]
    ) -> None:
        quota = Quota()
        for verdicts, succeeds in calls:
            taken = 0
            for verdict in verdicts:
                taken += quota.take(verdict)
                assert 0 <= quota.tokens <= 500
            if succeeds:
                quota.give_back(taken)
                assert 0 <= quota.tokens <= 500

    @given(st.integers(0, 5000), st.integers(2, 10))
    def test_an_outage_is_not_made_worse(self, calls: int, attempts: int) -> None:
        quota = Quota()
        requests = 0
        for _ in range(calls):
            requests += 1
            for _ in range(attempts - 1):
                if not quota.take(RETRY):
                    break
                requests += 1
        assert requests <= calls + 35
