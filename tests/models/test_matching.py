"""Conditions hold as in the code of the reporter (2.5.0), `any` and `empty` as documented."""

from typing import Any

import pytest

from currents_async.models import Condition, Matcher, when
from currents_async.models._matching import all_of, any_of, matches
from currents_async.models.matchers import ConditionType

TEST = {
    "testId": ["id1"],
    "project": ["chromium"],
    "title": ["pays by card"],
    "file": ["tests/cart.spec.ts"],
    "titlePath": ["tests/cart.spec.ts", "cart", "pays by card"],
    "tag": ["slow", "nightly"],
    "git_branch": None,
    "error_message": [],
}


def verdict(condition: Condition) -> bool | None:
    return matches(Matcher.all(condition), lambda kind: TEST[kind])


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (when.title.eq("pays"), True),
        (when.title.eq("Pays"), False),
        (when.title.eq(""), False),
        (when.title.neq("pays"), False),
        (when.title.in_(["ships", "card"]), True),
        (when.title.not_in(["ships", "card"]), False),
        (when.title.regex("^pays"), True),
        (when.title.regex(["^ships", "card$"]), True),
        (when.title.not_regex("^pays"), False),
        (when.title.regex(r"(p)\1"), None),
        (when.title.not_regex(r"(p)\1"), None),
        (when.file.eq("cart.spec"), True),
        (when.test_id.eq("id"), False),
        (when.test_id.in_(["id1", "id2"]), True),
        (when.test_id.not_in(["id1"]), False),
        (when.project.eq("chrom"), False),
        (when.project.regex("^chrom"), True),
        (when.title_path.includes("cart"), True),
        (when.title_path.includes(["x", "cart"]), True),
        (when.title_path.includes_all(["x", "cart"]), False),
        (when.title_path.includes_all(["card", "cart"]), True),
        (when.title_path.not_includes_all(["x", "cart"]), True),
        (when.title_path.not_includes("x"), True),
        (when.title_path.regex("^cart$"), True),
        (when.tag.eq("slow"), False),
        (when.tag.eq("@slow"), False),
        (when.tag.includes("@slow"), True),
        (when.tag.includes("slo"), False),
        (when.tag.includes_all(["slow", "nightly"]), True),
        (when.tag.not_includes(["slow"]), False),
        (when.title.any(), True),
        (when.title.empty(), False),
        (when.error_message.includes("x"), False),
        (when.error_message.empty(), True),
        (when.git_branch.eq("main"), None),
        (when.git_branch.neq("main"), None),
        (Condition(type=ConditionType.TITLE, op="like", value="pays"), None),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        (Condition(type=ConditionType.TITLE, op="in", value=({"type": "Other"},)), None),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ],
)
def test_conditions(condition: Condition, holds: bool | None) -> None:  # noqa: FBT001 - of the table
    assert verdict(condition) is holds


def test_matchers() -> None:
    yes, no, unknown = when.title.eq("pays"), when.title.eq("x"), when.git_branch.eq("x")

    def of(matcher: Matcher | None) -> bool | None:
        return matches(matcher, lambda kind: TEST[kind])

    assert of(Matcher.all(yes, unknown)) is None
    assert of(Matcher.all(no, unknown)) is False
    assert of(Matcher.any(yes, unknown)) is True
    assert of(Matcher.any(no, unknown)) is None
    assert of(Matcher.any(no, no)) is False
    assert of(Matcher()) is of(None) is False
    new: Any = "XOR"
    assert of(Matcher(op=new, cond=(yes,))) is None


def test_no_verdicts() -> None:
    assert all_of([]) is True
    assert any_of([]) is False
