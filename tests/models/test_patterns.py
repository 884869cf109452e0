"""Patterns mean what they mean to the reporter: Node 20 and safe-regex2 5.1.1 agree."""

import pytest

from currents_async import InvalidArgumentError
from currents_async.models import Condition, when
from currents_async.models._patterns import check_pattern, search
from currents_async.models.matchers import ConditionOperator, ConditionType

FOUND: list[tuple[str, str]] = [
    ("", ""),
    ("pays", "cart > pays"),
    ("^cart", "cart > pays"),
    ("pays$", "cart > pays"),
    ("a|z", "cart"),
    ("(?:a|b)+c", "ababc"),
    ("(?<name>a)b", "ab"),
    ("a(?=b)", "ab"),
    ("a(?!b)", "ac"),
    ("a{2}", "aa"),
    ("a{", "a{"),
    ("a{,2}", "a{,2}"),
    ("}]", "}]"),
    ("a+?b", "aab"),
    ("(a+b*)*?c", "aabc"),
    (r"\d\D\w\W\s\S", "1aa- x"),
    (r"\bcart\b", "a cart."),
    (r"\B", ""),
    (r"\s", "\ufeff"),
    (r"[^\S]", "\u00a0"),
    (r"[\w-]", "-"),
    (r"[\d-x]", "-"),
    (r"[a-c\-]", "-"),
    ("[^]", "\n"),
    ("[[a]", "["),
    ("[&&--~~]", "&"),
    (r"\x41\u0042\cA\0\t\v\/", "AB\x01\0\t\v/"),
    (r"\x4\A\Z\p", "x4AZp"),
    (r"\u{2}", "uu"),
    ("^..$", "🛒"),
    (r"\ud83d", "🛒"),
    ("#.-", "#a-"),
]
NOT_FOUND: list[tuple[str, str]] = [
    ("Pays", "pays"),
    ("pays$", "pays\n"),
    ("a.b", "a\u2028b"),
    (r"\d", "\u0661"),
    (r"\w", "é"),
    (r"\s", "\x85"),
    ("[]", "a"),
    ("^.$", "🛒"),
    (r"\A", "a"),
]
NEVER: list[tuple[str, str]] = [
    ("(", r"a '\(' without its '\)'"),
    (")", r"a '\)' without its '\('"),
    ("[a", r"a '\[' without its '\]'"),
    ("a\\", r"a '\\' at the end"),
    ("*a", "nothing to repeat"),
    ("a**", "nothing to repeat"),
    ("a++", "nothing to repeat"),
    ("^*", "nothing to repeat"),
    ("{1}", "nothing to repeat"),
    ("a{2,1}", "numbers out of order"),
    ("[c-a]", "a range out of order"),
    ("(?<=a)b", "a group of an unknown kind"),
    ("(?<!a)b", "a group of an unknown kind"),
    ("(?i)a", "a group of an unknown kind"),
    ("(?i:a)", "a group of an unknown kind"),
    ("(?P<n>a)", "a group of an unknown kind"),
    ("(a*)*", "a repetition inside another"),
    ("(a?b){2}", "a repetition inside another"),
    ("(?=(a+)b)*", "a repetition inside another"),
    ("a?" * 26, "more than 25 repetitions"),
]


@pytest.mark.parametrize(("pattern", "text"), FOUND)
def test_what_is_found(pattern: str, text: str) -> None:
    assert check_pattern("pattern", pattern) == pattern
    assert search(pattern, text) is True


@pytest.mark.parametrize(("pattern", "text"), NOT_FOUND)
def test_what_is_not_found(pattern: str, text: str) -> None:
    check_pattern("pattern", pattern)
    assert search(pattern, text) is False


@pytest.mark.parametrize(("pattern", "why"), NEVER)
def test_what_would_never_match_is_refused(pattern: str, why: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"pattern would never match: {why} in "):
        check_pattern("pattern", pattern)
    assert search(pattern, pattern) is False


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", r"\12", r"[\1]", r"\c", r"(?<n>a)\k<n>", "(?<n>a)|(?<n>b)", "(" * 999]
)
def test_what_cannot_be_translated_is_not_known(pattern: str) -> None:
    assert search(pattern, "a") in {None, False}


@pytest.mark.parametrize("pattern", [r"(a)\1", r"\c", "a{1}" * 25, f"a{{{10**30}}}"])
def test_it_may_still_be_sent(pattern: str) -> None:
    assert check_pattern("pattern", pattern) == pattern


class TestConditions:
    def test_of_one_value(self) -> None:
        pattern: dict[str, object] = {"type": "RegexPattern", "pattern": "^pays"}
        assert when.title.regex("^pays") == Condition(
            type=ConditionType.TITLE, op=ConditionOperator.IN, value=(pattern,)
        )
        assert when.file.not_regex(["a", "b"]).op == "notIn"
        assert len(when.file.not_regex(["a", "b"]).value or ()) == 2

    def test_of_several_values(self) -> None:
        assert when.title_path.regex("a").op == "inc"
        assert when.error_message.not_regex("a").op == "notInc"

    def test_what_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"patterns\[1\] would never match: nothing"):
            when.title.regex(["a", "*"])
        with pytest.raises(InvalidArgumentError, match="patterns must have at least 1 item"):
            when.title.regex([])
        for trait in (when.test_id, when.tag):
            with pytest.raises(InvalidArgumentError, match="takes no patterns"):
                trait.regex("a")
