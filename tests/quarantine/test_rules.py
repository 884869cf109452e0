from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._quarantine.evidence import ExaminedTest
from currents_async._quarantine.policy import QuarantinePolicy
from currents_async._quarantine.rules import (
    can_be_marked,
    description_of,
    marker,
    matched_ids,
    matcher_for,
    name_of,
    one_line,
    own_actions,
)
from currents_async.models import Action, Matcher, when

MARKER = "[currents-async quarantine=default signature=abc123]"


def described(description: str | None, action_id: str = "a", day: int | None = 1) -> Action:
    created = None if day is None else datetime(2026, 1, day, tzinfo=UTC)
    return Action(action_id=action_id, description=description, created_at=created)


class TestMarker:
    def test_it_is_what_is_documented(self) -> None:
        assert marker("default", "abc123") == MARKER

    @given(
        policy=st.from_regex("[A-Za-z0-9._-]{1,64}", fullmatch=True),
        signature=st.text(st.characters(codec="ascii"), min_size=1).filter(can_be_marked),
    )
    def test_our_actions_are_recognised(self, policy: str, signature: str) -> None:
        description = description_of(signature, "failed", QuarantinePolicy(name=policy))
        assert len(description) < 1000
        ours = described(description)
        assert own_actions([ours], policy) == {signature: [ours]}

    @pytest.mark.parametrize(
        "description",
        [
            MARKER,
            f"Anything\n\n{MARKER}",
            f"{MARKER}\nand a note of a person",
            f"with\r\n{MARKER}\r\nother line ends",
        ],
    )
    def test_one_line_makes_it_ours(self, description: str) -> None:
        assert list(own_actions([described(description)], "default")) == ["abc123"]

    @pytest.mark.parametrize(
        "description",
        [
            None,
            "",
            "Quarantined by currents-async",
            f" {MARKER}",
            f"{MARKER} ",
            f"- {MARKER}",
            f"see {MARKER}",
            MARKER.upper(),
            MARKER.removeprefix("["),
            MARKER.removesuffix("]"),
            MARKER.replace("abc123", ""),
            MARKER.replace("abc123", "abc 123"),
            MARKER.replace("abc123", "../abc123"),
            MARKER.replace("abc123", "äbc123"),
            MARKER.replace("default", ""),
            MARKER.replace("default", "nightly"),
            MARKER.replace(" ", "  "),
            f"{MARKER}\n{MARKER}",
            f"{MARKER}\n{MARKER.replace('default', 'nightly')}",
        ],
    )
    def test_anything_else_does_not(self, description: str | None) -> None:
        assert own_actions([described(description)], "default") == {}

    def test_the_oldest_comes_first(self) -> None:
        actions = [
            described(MARKER, "c", 3),
            described(MARKER, "b", 2),
            described(MARKER, "a", 2),
            described("of others", "x", 1),
            described(MARKER, "undated", None),
        ]
        own = own_actions(actions, "default")
        assert [action.action_id for action in own["abc123"]] == ["undated", "a", "b", "c"]


class TestNames:
    def test_plain(self) -> None:
        test = ExaminedTest(signature="s", spec="a.spec.ts", title=("cart", "pays"))
        assert name_of(test) == "Quarantine: a.spec.ts > cart > pays"

    def test_long(self) -> None:
        name = name_of(ExaminedTest(signature="s", spec="a.spec.ts", title=("x" * 500,)))
        assert len(name) == 255
        assert name.endswith("xxx…")

    def test_control_characters_of_titles_are_removed(self) -> None:
        assert one_line("\x1b[31mred\x1b[0m\n and\u2028 \u202emore\t") == "[31mred [0m and more"


class TestMatcher:
    def test_its_ids_can_be_read_back(self) -> None:
        matcher = matcher_for("a.spec.ts", {"2", "1"})
        assert matcher == Matcher.all(when.file.eq("a.spec.ts"), when.test_id.in_(["1", "2"]))
        assert matched_ids(Action(action_id="a", matcher=matcher)) == frozenset("12")

    @pytest.mark.parametrize(
        "matcher",
        [
            None,
            Matcher.any(when.file.eq("a.spec.ts"), when.test_id.in_(["1"])),
            Matcher.all(when.file.eq("a.spec.ts")),
            Matcher.all(when.test_id.in_(["1"])),
            Matcher.all(when.file.eq("a.spec.ts"), when.test_id.not_in(["1"])),
            Matcher.all(when.file.eq("a.spec.ts"), when.test_id.in_(["1"]), when.tag.any()),
        ],
        ids=["none", "any", "file", "id", "not", "more"],
    )
    def test_ids_of_other_matchers_are_unknown(self, matcher: Matcher | None) -> None:
        assert matched_ids(Action(action_id="a", matcher=matcher)) is None
