"""Matchers: which tests an action applies to, as read from the API and as sent to it.

Source: `docs/api/operations.md`, "Actions" and "Patterns".
"""

from collections.abc import Iterable
from typing import ClassVar

from currents_async._checks import check_texts, check_type
from currents_async.errors import InvalidArgumentError
from currents_async.models._model import OpenEnum, OpenModel
from currents_async.models._patterns import check_pattern

_PATTERN = "RegexPattern"

__all__ = [
    "Condition",
    "ConditionOperator",
    "ConditionType",
    "Conditions",
    "ListedTrait",
    "Matcher",
    "MatcherOperator",
    "Trait",
    "when",
]


class ConditionType(OpenEnum):
    """Which trait of a test a condition looks at."""

    TEST_ID = "testId"
    PROJECT = "project"
    TITLE = "title"
    FILE = "file"
    GIT_BRANCH = "git_branch"
    GIT_AUTHOR_NAME = "git_authorName"
    GIT_AUTHOR_EMAIL = "git_authorEmail"
    GIT_REMOTE_ORIGIN = "git_remoteOrigin"
    GIT_MESSAGE = "git_message"
    ERROR_MESSAGE = "error_message"
    TITLE_PATH = "titlePath"
    ANNOTATION = "annotation"
    TAG = "tag"
    UNKNOWN = "unknown"
    """The server does not say."""


class ConditionOperator(OpenEnum):
    """How a condition compares."""

    EQUAL = "eq"
    NOT_EQUAL = "neq"
    ANY = "any"
    """There is a value."""
    EMPTY = "empty"
    IN = "in"
    NOT_IN = "notIn"
    INCLUDES = "inc"
    NOT_INCLUDES = "notInc"
    INCLUDES_ALL = "incAll"
    NOT_INCLUDES_ALL = "notIncAll"
    UNKNOWN = "unknown"
    """The server does not say."""


WITHOUT_PATTERNS = frozenset({ConditionType.TEST_ID, ConditionType.TAG})


class MatcherOperator(OpenEnum):
    """How the conditions of a matcher are combined."""

    AND = "AND"
    OR = "OR"
    UNKNOWN = "unknown"
    """The server does not say."""


class Condition(OpenModel, frozen=True, gc=False, kw_only=True):
    """One condition of a matcher: made by `when`, as in `when.title.eq("logs in")`."""

    type: ConditionType = ConditionType.UNKNOWN
    op: ConditionOperator = ConditionOperator.UNKNOWN
    value: str | tuple[str | dict[str, object], ...] | None = None
    """The value to compare with, or several; a pattern, as `regex` makes it, is as in the JSON."""

    def _label(self) -> str:
        several = (self.value,) if isinstance(self.value, str) else self.value or ()
        shown = (f"/{pattern_of(one)}/" if pattern_of(one) else repr(one) for one in several)
        return " ".join([self.type, self.op, ", ".join(shown)]).rstrip()


class Matcher(OpenModel, frozen=True, gc=False, kw_only=True):
    """Which tests an action applies to: those that meet all conditions, or any of them.

    ```python
    Matcher.all(when.file.eq("checkout.spec.ts"), when.tag.includes("slow"))
    ```
    """

    op: MatcherOperator = MatcherOperator.UNKNOWN
    cond: tuple[Condition, ...] = ()

    @classmethod
    def all(cls, *conditions: Condition) -> "Matcher":
        """Match tests that meet all of the conditions; at least one is needed."""
        return cls(op=MatcherOperator.AND, cond=_some(conditions))

    @classmethod
    def any(cls, *conditions: Condition) -> "Matcher":
        """Match tests that meet any of the conditions; at least one is needed."""
        return cls(op=MatcherOperator.OR, cond=_some(conditions))


class Trait:
    """A trait of tests with one value, and the conditions that it supports.

    The reporter finds a value in any part of a text, except in those of `test_id`, `project` and
    `tag`. Lists must not be empty, since `not_in` would then match every test. Every method raises
    `InvalidArgumentError`.
    """

    __slots__ = ("_type",)
    _found = ConditionOperator.IN
    _not_found = ConditionOperator.NOT_IN

    def __init__(self, kind: ConditionType) -> None:
        self._type = kind

    def eq(self, value: str) -> Condition:
        """Match if it is the value."""
        return self._condition(ConditionOperator.EQUAL, _text("value", value))

    def neq(self, value: str) -> Condition:
        """Match if it is not the value."""
        return self._condition(ConditionOperator.NOT_EQUAL, _text("value", value))

    def any(self) -> Condition:
        """Match if there is a value."""
        return self._condition(ConditionOperator.ANY, None)

    def empty(self) -> Condition:
        """Match if there is no value."""
        return self._condition(ConditionOperator.EMPTY, None)

    def in_(self, values: Iterable[str]) -> Condition:
        """Match if it is one of the values."""
        return self._condition(ConditionOperator.IN, _texts("values", values))

    def not_in(self, values: Iterable[str]) -> Condition:
        """Match if it is not one of the values."""
        return self._condition(ConditionOperator.NOT_IN, _texts("values", values))

    def regex(self, patterns: str | Iterable[str]) -> Condition:
        r"""Match if a pattern is found anywhere in it, or one of several.

        It is an expression of JavaScript without slashes and flags, such as `"^checkout/.*\.ts$"`,
        and has no lookbehind, no repetition inside another, and at most 25 of them: any other would
        never match. `test_id` and `tag` take none.
        """
        return self._patterns(self._found, patterns)

    def not_regex(self, patterns: str | Iterable[str]) -> Condition:
        """Match if no pattern is found in it; they are as in `regex`."""
        return self._patterns(self._not_found, patterns)

    def _patterns(self, op: ConditionOperator, patterns: str | Iterable[str]) -> Condition:
        if self._type in WITHOUT_PATTERNS:
            raise InvalidArgumentError(f"{self._type} takes no patterns")
        several = [patterns] if isinstance(patterns, str) else patterns
        checked = check_texts("patterns", several, check_pattern, min_items=1)
        return self._condition(op, tuple(map(_pattern, checked)))

    def _condition(
        self, op: ConditionOperator, value: str | tuple[str | dict[str, object], ...] | None
    ) -> Condition:
        return Condition(type=self._type, op=op, value=value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._type}>"


class ListedTrait(Trait):
    """A trait of tests that is a list or a long text, which a condition can search."""

    __slots__ = ()
    _found = ConditionOperator.INCLUDES
    _not_found = ConditionOperator.NOT_INCLUDES

    def includes(self, value: str | Iterable[str]) -> Condition:
        """Match if it includes the value, or one of the values."""
        return self._condition(ConditionOperator.INCLUDES, _one_or_more("value", value))

    def not_includes(self, value: str | Iterable[str]) -> Condition:
        """Match if it does not include the value, or any of the values."""
        return self._condition(ConditionOperator.NOT_INCLUDES, _one_or_more("value", value))

    def includes_all(self, values: Iterable[str]) -> Condition:
        """Match if it includes all of the values."""
        return self._condition(ConditionOperator.INCLUDES_ALL, _texts("values", values))

    def not_includes_all(self, values: Iterable[str]) -> Condition:
        """Match if it does not include all of the values."""
        return self._condition(ConditionOperator.NOT_INCLUDES_ALL, _texts("values", values))


class Conditions:
    """The traits of tests, from which conditions are made: use `when`."""

    __slots__ = ()

    test_id: ClassVar[Trait] = Trait(ConditionType.TEST_ID)
    project: ClassVar[Trait] = Trait(ConditionType.PROJECT)
    title: ClassVar[Trait] = Trait(ConditionType.TITLE)
    file: ClassVar[Trait] = Trait(ConditionType.FILE)
    git_branch: ClassVar[Trait] = Trait(ConditionType.GIT_BRANCH)
    git_author_name: ClassVar[Trait] = Trait(ConditionType.GIT_AUTHOR_NAME)
    git_author_email: ClassVar[Trait] = Trait(ConditionType.GIT_AUTHOR_EMAIL)
    git_remote_origin: ClassVar[Trait] = Trait(ConditionType.GIT_REMOTE_ORIGIN)
    git_message: ClassVar[Trait] = Trait(ConditionType.GIT_MESSAGE)
    error_message: ClassVar[ListedTrait] = ListedTrait(ConditionType.ERROR_MESSAGE)
    title_path: ClassVar[ListedTrait] = ListedTrait(ConditionType.TITLE_PATH)
    """The path of the spec file, the titles of the suites around the test, then its own."""
    annotation: ClassVar[ListedTrait] = ListedTrait(ConditionType.ANNOTATION)
    tag: ClassVar[ListedTrait] = ListedTrait(ConditionType.TAG)


when: Conditions = Conditions()
"""Makes conditions: `when.file.eq("checkout.spec.ts")`."""


def _pattern(text: str) -> dict[str, object]:
    return {"type": _PATTERN, "pattern": text}


def pattern_of(value: str | dict[str, object]) -> str | None:
    """Return the pattern that a value of a condition is; None if it is a text, or unknown."""
    if isinstance(value, str) or value.get("type") != _PATTERN:
        return None
    pattern = value.get("pattern")
    return pattern if isinstance(pattern, str) else None


def _some(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    if not conditions:
        raise InvalidArgumentError("a matcher must have at least 1 condition")
    return conditions


def _text(name: str, value: str) -> str:
    return check_type(name, value, str)


def _texts(name: str, values: Iterable[str]) -> tuple[str, ...]:
    return tuple(check_texts(name, values, _text, min_items=1))


def _one_or_more(name: str, value: str | Iterable[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else _texts(name, value)
