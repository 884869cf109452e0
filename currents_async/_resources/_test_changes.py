"""Changes of tests since the last time: what to fetch, and what to remember until the next."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from operator import attrgetter

import msgspec

from currents_async._checks import check_text
from currents_async._fanout.pool import OnProgress, for_each, outcome_of
from currents_async._pagination import CursorPager, PagePager
from currents_async._pagination.tokens import hash_text
from currents_async.analysis.changes import ChangeRules, MissingChanges, TestChanges, TestHealth
from currents_async.analysis.health import Following, follow
from currents_async.errors import CurrentsError, InvalidArgumentError
from currents_async.models.test_results import TestResult
from currents_async.models.tests import ExploredTest, TestOrder

LATE = timedelta(days=1)
"""How long after its date a result may first be seen."""
_PREFIX = "changes.v1."
_MAX_LENGTH = 4 * 1024 * 1024
_MAX_RESULTS = 500
"""Of each test: the newest."""


class Memory(msgspec.Struct, frozen=True, array_like=True):
    """What has been told, until the next time."""

    question: int
    """A hash of the project, the branches and the rules."""
    until: datetime
    unhealthy: dict[str, TestHealth] = {}
    """By signature."""
    owed: dict[str, datetime] = {}
    """Since when the changes of tests are missing, by signature: they could not be fetched."""


def identify_question(project_id: str, branches: Sequence[str], rules: ChangeRules) -> int:
    """Return a hash of what was asked, which a resume token must agree with."""
    return hash_text(msgspec.json.encode([project_id, sorted(branches), rules]).decode())


def write_memory(memory: Memory) -> str:
    """Return a memory as a string of characters that need no quoting."""
    return _PREFIX + urlsafe_b64encode(msgspec.json.encode(memory)).decode().rstrip("=")


def read_memory(token: str, question: int) -> Memory:
    """Read a resume token; raise `InvalidArgumentError` for another's, or what is none."""
    text = check_text("since", token, max_length=_MAX_LENGTH).removeprefix(_PREFIX)
    try:
        decoded = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        memory = msgspec.json.decode(decoded, type=Memory)
    except (msgspec.DecodeError, ValueError, RecursionError):
        memory = None
    if memory is None or not token.startswith(_PREFIX) or memory.until.tzinfo is None:
        raise InvalidArgumentError(
            "since must be a datetime, a date or a resume token of `tests.changes`"
        )
    if memory.question != question:
        raise InvalidArgumentError(
            "since is the resume token of another project, or of other branches or rules"
        )
    return memory


_COUNTED: dict[TestOrder, Callable[[ExploredTest], Iterable[float | None]]] = {
    "failures": attrgetter("metrics.failures", "metrics.failure_rate"),
    "flakiness": attrgetter("metrics.flaky", "metrics.flakiness_rate"),
}
"""What the explorer counts, by which tests are found that may have changed."""


class Changes:
    """Finds the changes of the tests of a project since the last time."""

    def __init__(
        self,
        list_tests: Callable[..., PagePager[ExploredTest]],
        list_results: Callable[..., CursorPager[TestResult]],
        memory: Memory,
        *,
        is_remembered: bool,
        until: datetime,
        branches: Sequence[str],
        rules: ChangeRules,
        lookback: timedelta,
    ) -> None:
        try:
            start = min([memory.until, *memory.owed.values()]) - lookback
        except OverflowError:
            raise InvalidArgumentError("since is too long ago") from None
        span = {"date_start": start, "date_end": until, "branches": branches}
        self._list_tests = partial(list_tests, **span, dir="desc")
        self._list_results = partial(list_results, **span)
        self._memory = memory
        self._is_remembered = is_remembered
        self._until = until
        self._rules = rules

    async def find(self, concurrency: int, on_progress: OnProgress | None) -> TestChanges:
        """Fetch what may have changed, and tell what did."""
        listed = await for_each(_COUNTED, self._worst, concurrency=len(_COUNTED))
        signatures = dict.fromkeys(chain(*listed, self._memory.unhealthy, self._memory.owed))
        outcomes = await for_each(
            signatures,
            lambda signature: outcome_of(self._follow(signature)),
            concurrency=concurrency,
            on_progress=on_progress,
        )
        found = dict(zip(signatures, outcomes, strict=True))
        failed = {one: error for one, error in found.items() if isinstance(error, CurrentsError)}
        followed = {one: done for one, done in found.items() if isinstance(done, Following)}
        changes = chain.from_iterable(one.changes for one in followed.values())
        return TestChanges(
            changes=tuple(sorted(changes, key=attrgetter("at", "signature"))),
            until=self._until,
            resume_token=write_memory(self._remember(followed, failed)),
            missing=tuple(
                MissingChanges(signature=one, error=str(error)) for one, error in failed.items()
            ),
        )

    def _remember(self, followed: dict[str, Following], failed: Iterable[str]) -> Memory:
        known = self._memory.unhealthy
        unhealthy: dict[str, TestHealth] = {one: known[one] for one in failed if one in known}
        for signature, following in followed.items():
            if following.health in {"flaky", "broken"}:
                unhealthy[signature] = following.health
        return Memory(
            question=self._memory.question,
            until=self._until,
            unhealthy=unhealthy,
            owed={one: self._since(one) for one in failed},
        )

    def _since(self, signature: str) -> datetime:
        return self._memory.owed.get(signature, self._memory.until)

    async def _worst(self, order: TestOrder) -> list[str]:
        """List the tests that failed or were flaky, and have run since."""
        listed: list[str] = []
        async for test in self._list_tests(order=order):
            if not any(_COUNTED[order](test)):
                break
            has_run = test.last_seen is None or test.last_seen > self._memory.until - LATE
            if test.signature and has_run:
                listed.append(test.signature)
        return listed

    async def _follow(self, signature: str) -> Following:
        results = self._list_results(signature).limit(_MAX_RESULTS)
        fetched = [result async for result in results]
        since = self._since(signature)
        known: TestHealth = self._memory.unhealthy.get(signature, "healthy")
        if not fetched:
            return Following((), None)  # it is forgotten
        return follow(
            [msgspec.structs.replace(one, signature=signature) for one in fetched],
            self._rules,
            since=since,
            known=known if self._is_remembered else None,
            late_after=since - LATE if self._is_remembered else None,
        )
