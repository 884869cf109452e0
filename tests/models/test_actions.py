"""Actions and their matchers: what is documented, what is not, and what is built."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from typing import Any

import msgspec
import pytest

from currents_async import InvalidArgumentError
from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.models import (
    Action,
    ActionStatus,
    Actor,
    AffectedTest,
    Condition,
    ConditionOperator,
    ConditionType,
    Effect,
    EffectOperation,
    Matcher,
    MatcherOperator,
    NumberedPage,
    when,
)

CONDITION_TYPES = [
    "testId",
    "project",
    "title",
    "file",
    "git_branch",
    "git_authorName",
    "git_authorEmail",
    "git_remoteOrigin",
    "git_message",
    "error_message",
    "titlePath",
    "annotation",
    "tag",
]
LISTED = {"error_message", "titlePath", "annotation", "tag"}
OPERATORS = ["eq", "neq", "any", "empty", "in", "notIn", "inc", "notInc", "incAll", "notIncAll"]
MATCHER = {"op": "AND", "cond": [{"type": "title", "op": "eq", "value": "logs in"}]}


def decoded(**fields: object) -> Action:
    """An action as the client decodes it."""
    decoder = EnvelopeDecoder(Action)
    decoder.feed(msgspec.json.encode({"status": "OK", "data": {"actionId": "a", **fields}}))
    return decoder.flush()[1]


def test_everything_that_is_documented() -> None:
    action = decoded(
        name="Checkout is flaky",
        description="two\nlines",
        action=[{"op": "quarantine"}, {"op": "tag", "details": {"tags": ["slow"]}}],
        matcher=MATCHER,
        status="disabled",
        createdAt="2026-01-02T03:04:05.678Z",
        createdBy="me",
        updatedAt="2026-01-03T03:04:05.678Z",
        updatedBy="you",
        disabledAt="2026-01-04T03:04:05.678Z",
        disabledBy="them",
        archivedAt="2026-01-05T03:04:05.678Z",
        archivedBy="nobody",
        expiresAfter="2026-02-01T00:00:00.000Z",
    )
    assert action == Action(
        action_id="a",
        name="Checkout is flaky",
        description="two\nlines",
        action=(Effect.quarantine(), Effect.tag("slow")),
        matcher=Matcher.all(when.title.eq("logs in")),
        status=ActionStatus.DISABLED,
        created_at=datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC),
        created_by="me",
        updated_at=datetime(2026, 1, 3, 3, 4, 5, 678_000, UTC),
        updated_by="you",
        disabled_at=datetime(2026, 1, 4, 3, 4, 5, 678_000, UTC),
        disabled_by="them",
        archived_at=datetime(2026, 1, 5, 3, 4, 5, 678_000, UTC),
        archived_by="nobody",
        expires_after_text="2026-02-01T00:00:00.000Z",
    )
    assert action.action[1].tags == ("slow",)
    assert not action.is_active


@pytest.mark.parametrize("status", ["active", "disabled", "archived", "expired"])
def test_status(status: str) -> None:
    action = decoded(status=status)
    assert action.status in list(ActionStatus)
    assert action.is_active == (status == "active")


def test_an_actor_may_be_an_object() -> None:
    action = decoded(createdBy={"type": "api", "id": "k", "name": "key", "since": 3})
    assert action.created_by == Actor(type="api", id="k", name="key", extra={"since": 3})


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T10:00:00.000Z", datetime(2026, 2, 1, 10, tzinfo=UTC)),
        ("2026-02-01T10:00:00", datetime(2026, 2, 1, 10, tzinfo=UTC)),
        (
            "2026-02-01T10:00:00+02:00",
            datetime(2026, 2, 1, 10, tzinfo=timezone(timedelta(hours=2))),
        ),
        ("some day", None),
        (None, None),
    ],
)
def test_expiry(text: str | None, moment: datetime | None) -> None:
    action = decoded(expiresAfter=text)
    assert action.expires_after == moment
    assert action.to_dict()["expiresAfter"] == text


@pytest.mark.parametrize(
    "field",
    [
        "name",
        "description",
        "action",
        "matcher",
        "status",
        "createdAt",
        "createdBy",
        "updatedBy",
        "expiresAfter",
    ],
)
def test_null_is_absent(field: str) -> None:
    assert decoded(**{field: None}) == decoded()


class TestUnknown:
    def test_values_survive(self) -> None:
        fields = {
            "status": "paused",
            "action": [{"op": "retry", "details": {"times": [1, {"at": "most"}]}}],
            "matcher": {"op": "XOR", "cond": [{"type": "moon", "op": "glob", "value": None}]},
        }
        action = decoded(**fields)
        assert action.status == "paused"
        [effect] = action.action
        assert (effect.op, effect.details) == ("retry", {"times": [1, {"at": "most"}]})
        assert effect.tags == ()
        assert action.matcher is not None
        assert action.matcher.op == "XOR"
        assert action.matcher.cond[0].type == "moon"
        assert action.matcher.cond[0].op == "glob"
        plain = action.to_dict()
        assert plain["status"] == "paused"
        assert plain["action"][0]["details"] == fields["action"][0]["details"]  # type: ignore[index]  # pyright: ignore[reportArgumentType]
        assert plain["matcher"]["cond"][0]["type"] == "moon"

    def test_fields_are_kept(self) -> None:
        action = decoded(colour="red")
        assert action.extra == {"colour": "red"}
        assert action.to_dict()["colour"] == "red"

    @pytest.mark.parametrize("tags", [None, 3, [4], {"a": 1}])
    def test_invalid_tags(self, tags: object) -> None:
        assert Effect(op=EffectOperation.TAG, details={"tags": tags}).tags == ()


def test_affected_tests_keep_what_is_not_documented() -> None:
    decoder = EnvelopeDecoder(NumberedPage[AffectedTest])
    row: dict[str, Any] = {"signature": "s", "title": ["a", "b"], "actions": [{"actionId": "a"}]}
    data = {"list": [row, {"title": "one", "lastSeen": None}], "total": 2, "nextPage": False}
    decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
    first, second = decoder.flush()[1].items
    assert (first.signature, first.title) == ("s", ("a", "b"))
    assert first.extra == {"actions": [{"actionId": "a"}]}
    assert first.to_dict() == {**row, "spec": None}
    assert (second.title, second.extra) == ("one", {"lastSeen": None})


KNOWN_TYPES = [kind for kind in ConditionType if kind is not ConditionType.UNKNOWN]


class TestBuilders:
    def test_every_type_has_its_trait(self) -> None:
        assert [member.value for member in ConditionType] == [*CONDITION_TYPES, "unknown"]
        for kind in KNOWN_TYPES:
            assert getattr(when, kind.name.lower()).eq("x").type is kind

    def test_operators(self) -> None:
        made = [
            when.tag.eq("a"),
            when.tag.neq("a"),
            when.tag.any(),
            when.tag.empty(),
            when.tag.in_(["a", "b"]),
            when.tag.not_in(["a"]),
            when.tag.includes("a"),
            when.tag.not_includes(["a", "b"]),
            when.tag.includes_all(["a"]),
            when.tag.not_includes_all(iter(["a"])),
        ]
        assert [member.value for member in ConditionOperator] == [*OPERATORS, "unknown"]
        assert [condition.op for condition in made] == OPERATORS
        assert [condition.value for condition in made] == [
            *("a", "a", None, None),
            *(("a", "b"), ("a",)),
            *("a", ("a", "b"), ("a",), ("a",)),
        ]

    @pytest.mark.parametrize("kind", KNOWN_TYPES)
    def test_only_some_traits_are_lists(self, kind: ConditionType) -> None:
        trait = getattr(when, kind.name.lower())
        names = ["includes", "not_includes", "includes_all", "not_includes_all"]
        assert [hasattr(trait, name) for name in names] == [kind in LISTED] * 4

    def test_combined(self) -> None:
        title, file = when.title.eq("t"), when.file.eq("f")
        assert Matcher.all(title, file) == Matcher(op=MatcherOperator.AND, cond=(title, file))
        assert Matcher.any(title) == Matcher(op=MatcherOperator.OR, cond=(title,))

    @pytest.mark.parametrize("combine", [Matcher.all, Matcher.any])
    def test_nothing_to_combine(self, combine: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="at least 1"):
            combine()

    @pytest.mark.parametrize(
        ("methods", "values", "says"),
        [
            ((when.title.eq, when.tag.neq), (None, 1, ["a"]), "value must be a str"),
            ((when.tag.includes, when.tag.not_includes), ([], [1], b"a"), "value"),
            (
                (when.tag.in_, when.tag.not_in, when.tag.includes_all),
                ([], "abc", b"abc", [1]),
                "values",
            ),
        ],
        ids=["a text", "a text or texts", "texts"],
    )
    def test_invalid_values(self, methods: Any, values: Any, says: str) -> None:
        for method, value in product(methods, values):
            with pytest.raises(InvalidArgumentError, match=says):
                method(value)

    def test_effects(self) -> None:
        assert Effect.skip().op is EffectOperation.SKIP
        assert Effect.quarantine().op is EffectOperation.QUARANTINE
        assert Effect.tag("a", "b").tags == ("a", "b")

    def test_what_is_shown(self) -> None:
        assert repr(when.title_path) == "<ListedTrait titlePath>"
        assert isinstance(when.title.any(), Condition)
