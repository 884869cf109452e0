"""Whether a condition of an action holds for a test, as the reporter of the service decides it.

Source: `docs/api/operations.md`, "Patterns".
"""

from collections.abc import Callable, Iterable, Sequence

from currents_async.models._patterns import search
from currents_async.models.matchers import (
    Condition,
    ConditionType,
    Matcher,
    MatcherOperator,
    pattern_of,
)
from currents_async.models.matchers import ConditionOperator as _Op

Verdict = bool | None
"""None if it is not known."""
Values = Callable[[ConditionType], Sequence[str] | None]
"""Returns the values that a test has for a trait; None if they are not known."""

_WHOLE = {ConditionType.TEST_ID, ConditionType.PROJECT, ConditionType.TAG}
"""What is compared as a whole: of other texts, a part is enough."""
_NEGATED = {
    _Op.NOT_EQUAL: _Op.EQUAL,
    _Op.NOT_IN: _Op.IN,
    _Op.NOT_INCLUDES: _Op.INCLUDES,
    _Op.NOT_INCLUDES_ALL: _Op.INCLUDES_ALL,
    _Op.EMPTY: _Op.ANY,
}


def matches(matcher: Matcher | None, values: Values) -> Verdict:
    """Return whether a test has what a matcher asks for."""
    if matcher is None or not matcher.cond:
        return False
    verdicts = [_holds(condition, values) for condition in matcher.cond]
    match matcher.op:
        case MatcherOperator.AND:
            return all_of(verdicts)
        case MatcherOperator.OR:
            return any_of(verdicts)
        case _:
            return None


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether all verdicts are true; None if that depends on those that are not known."""
    found = set(verdicts)
    return False if False in found else None if None in found else True


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return whether any verdict is true; None if that depends on those that are not known."""
    found = set(verdicts)
    return True if True in found else None if None in found else False


def _holds(condition: Condition, values: Values) -> Verdict:
    have = values(condition.type)
    if have is None:
        return None
    positive = _NEGATED.get(condition.op)
    if positive is None:
        return _compare(condition, condition.op, have)
    verdict = _compare(condition, positive, have)
    return None if verdict is None else not verdict


def _compare(condition: Condition, op: _Op, have: Sequence[str]) -> Verdict:
    value = condition.value
    wanted = (value,) if isinstance(value, str) else value or ()
    if condition.type == ConditionType.TAG:
        wanted = tuple(one.removeprefix("@") if isinstance(one, str) else one for one in wanted)
        have = [one.removeprefix("@") for one in have]
    is_whole = condition.type in _WHOLE and all(isinstance(one, str) for one in wanted)
    verdicts = (
        any_of(one == text if is_whole else _is_in(one, text) for text in have) for one in wanted
    )
    match op:
        case _Op.ANY:
            return any(have)
        case _Op.EQUAL if is_whole:
            return set(have) == set(wanted)
        case _Op.EQUAL | _Op.INCLUDES_ALL:
            return all_of(verdicts)
        case _Op.IN | _Op.INCLUDES:
            return any_of(verdicts)
        case _:
            return None


def _is_in(wanted: str | dict[str, object], text: str) -> Verdict:
    if isinstance(wanted, str):
        return wanted in text if wanted else not text
    pattern = pattern_of(wanted)
    return None if pattern is None else search(pattern, text)
