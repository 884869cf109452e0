"""Actions of others that quarantine or skip a test already, as by a pattern of titles."""

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async.models._matching import Verdict, all_of, matches
from currents_async.models.actions import Action, EffectOperation
from currents_async.models.matchers import ConditionType


class Cover(msgspec.Struct, frozen=True):
    """An action that silences the failures of a test, or may do so."""

    action: Action
    is_certain: bool
    """Whether it does in any run: not only on some branches, or in some Playwright projects."""


def cover_of(test: ExaminedTest, actions: Iterable[Action]) -> Cover | None:
    """Return the first active action that covers a test, else one that may cover it."""
    verdicts = [(action, _covers(action, test)) for action in actions if _silences(action)]
    for wanted in (True, None):
        for action, verdict in verdicts:
            if verdict is wanted:
                return Cover(action, is_certain=verdict is True)
    return None


def _silences(action: Action) -> bool:
    return action.is_active and any(
        effect.op in {EffectOperation.QUARANTINE, EffectOperation.SKIP} for effect in action.action
    )


def _covers(action: Action, test: ExaminedTest) -> Verdict:
    """Return whether an action matches the test wherever it failed or was flaky."""
    failures = [result for result in test.results if result.failed or result.flaky]
    return all_of(
        matches(action.matcher, partial(_values, test, result))
        for result in failures or test.results
    )


def _values(
    test: ExaminedTest, result: ExaminedResult, kind: ConditionType
) -> Sequence[str] | None:
    """Return what a test always has; what differs between runs, such as branches, is not known."""
    match kind:
        case ConditionType.TEST_ID:
            return [result.test_id] if result.test_id else None
        case ConditionType.FILE:
            return [test.spec]
        case ConditionType.TITLE:
            return test.title[-1:]
        case ConditionType.TITLE_PATH:
            return [test.spec, *test.title]
        case ConditionType.TAG:
            return result.tags
        case _:
            return None
