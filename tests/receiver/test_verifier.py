"""What is refused, in which order, and that no secret is shown."""

import asyncio
import hmac
import pickle
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from starlette.datastructures import Headers

from currents_async import (
    InvalidArgumentError,
    WebhookBodyError,
    WebhookError,
    WebhookReplayError,
    WebhookSecretError,
    WebhookStaleError,
    WebhookTooLargeError,
)
from currents_async.receiver import RunEvent, Verifier
from currents_async.testing import ManualClock
from tests.receiver.deliveries import (
    NOW,
    RUN_ID,
    SECRET,
    VALID,
    body,
    headers,
    shown_within_the_library,
    verifier,
)

BODY = body()
OLD = "the-secret-before-it"


class TestSecret:
    @pytest.mark.parametrize(
        "sent",
        ["", "a", SECRET[:-1], SECRET + "x", SECRET.upper(), "ü", "\udcff", SECRET * 99],
    )
    def test_forged(self, sent: str) -> None:
        with pytest.raises(WebhookSecretError):
            verifier().parse(headers(sent), BODY)

    def test_without_a_secret(self) -> None:
        with pytest.raises(WebhookSecretError):
            verifier().parse({"x-timestamp": str(NOW)}, BODY)

    def test_rotated(self) -> None:
        checking = verifier([SECRET, OLD])
        for known in (SECRET, OLD):
            assert checking.parse(headers(known), BODY).run_id == RUN_ID
        with pytest.raises(WebhookSecretError):
            verifier([SECRET]).parse(headers(OLD), BODY)

    @pytest.mark.parametrize("wrong", ["x-one", "x-two"])
    def test_of_several_headers_all_must_be_right(self, wrong: str) -> None:
        checking = Verifier({"X-One": "1", "X-Two": ["2", "3"]}, clock=ManualClock())
        right = {"x-one": "1", "x-two": "3", "x-timestamp": str(NOW)}
        assert checking.parse(right, BODY).run_id == RUN_ID
        with pytest.raises(WebhookSecretError):
            checking.parse({**right, wrong: "4"}, BODY)
        del right[wrong]
        with pytest.raises(WebhookSecretError):
            checking.parse(right, BODY)

    @pytest.mark.parametrize("sent", [SECRET, OLD, "wrong", "", None])
    def test_every_candidate_is_compared(
        self, sent: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whichever matches, or none: the time it takes shows nothing."""
        compared: list[tuple[bytes, bytes]] = []

        def compare(one: bytes, other: bytes) -> bool:
            compared.append((one, other))
            return one == other

        checking = Verifier(
            {"X-Secret": [SECRET, OLD, "third"], "X-Other": ["a", "b"]}, clock=ManualClock()
        )
        monkeypatch.setattr(hmac, "compare_digest", compare)
        fields = {} if sent is None else {"X-Secret": sent}
        with pytest.raises(WebhookSecretError):
            checking.parse(fields, BODY)
        assert len(compared) == 5
        assert len({known for _, known in compared}) == 5
        assert {len(value) for pair in compared for value in pair} == {32}

    @pytest.mark.parametrize("second", [SECRET, "other"])
    def test_a_repeated_secret_is_refused(self, second: str) -> None:
        twice = [*VALID.items(), ("x-secret", second)]
        for fields in (twice, CIMultiDict(twice)):
            with pytest.raises(WebhookSecretError):
                verifier().parse(fields, BODY)

    @pytest.mark.parametrize(
        "fields",
        [
            VALID,
            {name.upper(): value for name, value in VALID.items()},
            list(VALID.items()),
            tuple(VALID.items()),
            CIMultiDict(VALID),
            CIMultiDictProxy(CIMultiDict(VALID)),
            Headers(VALID),
            Headers(raw=[(k.lower().encode(), v.encode()) for k, v in VALID.items()]),
        ],
        ids=lambda fields: type(fields).__name__,
    )
    def test_headers_of_any_framework(self, fields: Any) -> None:
        assert verifier().parse(fields, BODY).run_id == RUN_ID


class TestTime:
    @pytest.mark.parametrize(
        "sent",
        [
            f"{NOW}",
            f"{NOW}000",
            f"{NOW}.0",
            f"{NOW}.123456",
            f"{NOW}000.5",
            f"{NOW - 300}",
            f"{NOW + 300}",
            f"{NOW - 300}000",
            f"{NOW + 300}000",
        ],
    )
    def test_fresh(self, sent: str) -> None:
        event = verifier().parse(headers(at=sent), BODY)
        number = float(sent)
        seconds = number if number < 1e11 else number / 1000
        assert event.sent_at is not None
        assert event.sent_at.tzinfo is UTC
        assert event.sent_at.timestamp() == pytest.approx(seconds, abs=1e-6)

    @pytest.mark.parametrize(
        ("sent", "says"),
        [
            (f"{NOW - 301}", "301 s ago; 300 s are tolerated"),
            (f"{NOW - 301}000", "301 s ago"),
            (f"{NOW - 300}.001", None),
            (f"{NOW - 301}.999", "300 s ago"),
            (f"{NOW + 301}", "301 s ahead of this clock"),
            (f"{NOW + 301}000", "301 s ahead"),
            (f"{NOW}000000", "must be the time sent"),
            ("0", "ago"),
            ("99999999999999", "ahead"),
            ("99999999999", "ahead"),
            ("9" * 15, "must be the time sent"),
            ("9" * 100_000, "must be the time sent"),
            ("", "must be the time sent"),
            (f"-{NOW}", "must be the time sent"),
            (f"+{NOW}", "must be the time sent"),
            (f" {NOW}", "must be the time sent"),
            (f"{NOW}\n", "must be the time sent"),
            (f"{NOW}.", "must be the time sent"),
            ("1_767_225_600", "must be the time sent"),
            ("1.7e9", "must be the time sent"),
            ("nan", "must be the time sent"),
            ("inf", "must be the time sent"),
            ("-inf", "must be the time sent"),
            ("0x69561f80", "must be the time sent"),
            ("٣", "must be the time sent"),
            ("2026-01-01T00:00:00Z", "must be the time sent"),
            (f"{NOW}, {NOW}", "must be the time sent"),
        ],
        ids=lambda text: ascii(text)[:30],
    )
    def test_stale_from_the_future_or_unreadable(self, sent: str, says: str | None) -> None:
        if says is None:
            verifier().parse(headers(at=sent), BODY)
            return
        with pytest.raises(WebhookStaleError, match=says):
            verifier().parse(headers(at=sent), BODY)

    def test_missing(self) -> None:
        with pytest.raises(WebhookStaleError, match="must be the time sent"):
            verifier().parse({"X-Secret": SECRET}, BODY)

    def test_repeated(self) -> None:
        with pytest.raises(WebhookStaleError):
            verifier().parse([*VALID.items(), ("x-timestamp", str(NOW))], BODY)

    def test_time_goes_by(self) -> None:
        clock = ManualClock()
        checking = verifier(clock=clock, tolerance=10)
        clock.advance(10)
        checking.parse(VALID, BODY)
        clock.advance(0.01)
        with pytest.raises(WebhookStaleError):
            checking.parse(VALID, BODY)


class TestReplays:
    async def test_accepted_once(self) -> None:
        checking = verifier()
        event = await checking.accept(VALID, BODY)
        with pytest.raises(WebhookReplayError):
            await checking.accept(VALID, BODY)
        assert checking.parse(VALID, BODY) == event
        await checking.release(event)
        assert await checking.accept(VALID, BODY) == event

    async def test_fields_that_the_key_depends_on(self) -> None:
        checking = verifier()
        deliveries = [
            (VALID, BODY),
            (headers(at=NOW + 1), BODY),
            (VALID, body("RUN_TIMEOUT")),
            (VALID, body(run_id="other")),
            (VALID, body(groupId="g")),
            (VALID, body(passes=2)),
        ]
        events = [await checking.accept(*delivery) for delivery in deliveries]
        assert len({event.key for event in events}) == len(deliveries)

    async def test_the_same_time_in_another_unit_is_the_same_time(self) -> None:
        checking = verifier()
        await checking.accept(VALID, BODY)
        for same in (f"{NOW}000", f"{NOW}.0", f"{NOW}.000", f"0{NOW}"):
            with pytest.raises(WebhookReplayError):
                await checking.accept(headers(at=same), BODY)

    async def test_remembered_for_as_long_as_it_is_fresh(self) -> None:
        """Sent from the whole tolerance ahead, it is always either a replay or stale."""
        clock = ManualClock()
        checking = verifier(clock=clock)
        from_ahead = headers(at=NOW + 300)
        await checking.accept(from_ahead, BODY)
        for _ in range(60):
            clock.advance(10)
            with pytest.raises(WebhookReplayError):
                await checking.accept(from_ahead, BODY)
        clock.advance(0.01)
        with pytest.raises(WebhookStaleError):
            await checking.accept(from_ahead, BODY)

    async def test_refused_is_not_remembered(self) -> None:
        checking = verifier()
        for fields, content in ((headers("wrong"), BODY), (headers(at=1), BODY), (VALID, b"{}")):
            with pytest.raises(WebhookError):
                await checking.accept(fields, content)
        await checking.accept(VALID, BODY)

    async def test_verifiers_share_a_store(self) -> None:
        class Store:
            def __init__(self) -> None:
                self.known: dict[str, float] = {}

            async def add(self, key: str, *, seconds: float) -> bool:
                if key in self.known:
                    return False
                self.known[key] = seconds
                return True

            async def remove(self, key: str) -> None:
                self.known.pop(key, None)

        store = Store()
        one, other = (verifier(replays=store, tolerance=60) for _ in range(2))
        event = await one.accept(VALID, BODY)
        with pytest.raises(WebhookReplayError):
            await other.accept(VALID, BODY)
        assert store.known == {event.key: 120}
        await other.release(event)
        await one.accept(VALID, BODY)

    @pytest.mark.parametrize("how", ["fails", "is cancelled", "is cancelled by asyncio"])
    async def test_a_store_that_raises_forgets_the_key(self, how: str) -> None:
        """It has remembered the key, but no response was sent: the sender will try again."""

        class Store:
            def __init__(self) -> None:
                self.known: set[str] = set()
                self.is_sound = False

            async def add(self, key: str, *, seconds: float) -> bool:
                assert seconds == 600
                is_new = key not in self.known
                self.known.add(key)
                if self.is_sound:
                    return is_new
                if how == "fails":
                    raise OSError("the store is gone")
                await anyio.sleep_forever()
                raise AssertionError

            async def remove(self, key: str) -> None:
                await anyio.lowlevel.checkpoint()
                self.known.discard(key)

        store = Store()
        checking = verifier(replays=store)
        if how == "fails":
            with pytest.raises(OSError, match="gone"):
                await checking.accept(VALID, BODY)
        elif how == "is cancelled":
            with anyio.move_on_after(0):
                await checking.accept(VALID, BODY)
        else:
            task = asyncio.create_task(checking.accept(VALID, BODY))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert store.known == set()
        store.is_sound = True
        await checking.accept(VALID, BODY)

    async def test_a_store_that_cannot_forget_changes_no_error(self) -> None:
        class Store:
            async def add(self, key: str, *, seconds: float) -> bool:
                await anyio.sleep_forever()
                raise AssertionError(key, seconds)

            async def remove(self, key: str) -> None:
                raise OSError(key)

        with anyio.move_on_after(0) as scope:
            await verifier(replays=Store()).accept(VALID, BODY)
        assert scope.cancelled_caught


class TestOrder:
    """A delivery that an earlier check refuses learns nothing of later checks."""

    def test_secret_time_size_body(self) -> None:
        checking = verifier(max_body=1000)
        large = b" " * 1001
        with pytest.raises(WebhookSecretError):
            checking.parse(headers("wrong", at=1), large)
        with pytest.raises(WebhookStaleError):
            checking.parse(headers(at=1), large)
        with pytest.raises(WebhookTooLargeError, match="larger than 1000 bytes"):
            checking.parse(VALID, large)
        with pytest.raises(WebhookBodyError):
            checking.parse(VALID, b"{}")

    def test_at_the_headers_before_there_is_a_body(self) -> None:
        checking = verifier(max_body=1000)
        large = {"Content-Length": "1001"}
        with pytest.raises(WebhookSecretError):
            checking.check_headers({**headers("wrong", at=1), **large})
        with pytest.raises(WebhookStaleError):
            checking.check_headers({**headers(at=1), **large})
        with pytest.raises(WebhookTooLargeError, match="larger than 1000 bytes"):
            checking.check_headers({**VALID, **large})
        checking.check_headers(VALID)

    @pytest.mark.parametrize(
        ("length", "is_larger"),
        [
            ("1000", False),
            ("1001", True),
            ("9" * 10_000, True),
            ("", False),
            ("-5", False),
            ("1e9", False),
            ("²", False),
            (" 1001 ", True),
        ],
        ids=lambda value: ascii(value)[:10],
    )
    def test_content_length(self, length: str, is_larger: bool) -> None:  # noqa: FBT001
        checking = verifier(max_body=1000)
        with pytest.raises(WebhookTooLargeError) if is_larger else nullcontext():
            checking.check_headers({**VALID, "content-length": length})

    def test_headers_that_are_refused_show_no_secret(self) -> None:
        with pytest.raises(WebhookStaleError) as caught:
            verifier().check_headers(headers(at=1))
        assert SECRET not in shown_within_the_library(caught.value)

    def test_the_largest_body(self) -> None:
        content = BODY + b" " * (1_048_576 - len(BODY))
        assert verifier().parse(VALID, content).run_id == RUN_ID
        with pytest.raises(WebhookTooLargeError):
            verifier().parse(VALID, content + b" ")


class TestInsecure:
    @pytest.mark.parametrize("secrets", [None, {}, {"X-Secret": ""}, {"X-Secret": ["", ""]}])
    def test_without_secret_and_time(self, secrets: Any) -> None:
        event = Verifier(secrets, insecure=True).parse({}, BODY)
        assert (event.run_id, event.sent_at) == (RUN_ID, None)

    def test_a_secret_that_is_there_must_be_right(self) -> None:
        checking = verifier(["", SECRET], insecure=True)
        checking.parse({"x-secret": SECRET}, BODY)
        with pytest.raises(WebhookSecretError):
            checking.parse({"x-secret": ""}, BODY)
        with pytest.raises(WebhookSecretError):
            checking.parse({}, BODY)

    def test_a_time_that_is_there_must_be_right(self) -> None:
        checking = verifier(insecure=True)
        assert checking.parse(headers(at="yesterday"), BODY).sent_at is None
        with pytest.raises(WebhookStaleError):
            checking.parse(headers(at=1), BODY)

    async def test_without_a_time_the_body_alone_makes_a_replay(self) -> None:
        checking = Verifier(insecure=True)
        await checking.accept({}, BODY)
        with pytest.raises(WebhookReplayError):
            await checking.accept({}, BODY)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "there is no secret"),
    ({"secrets": {}}, "there is no secret"),
    ({"secrets": {"X-Secret": ""}}, "'X-Secret' must not be empty"),
    ({"secrets": {"X-Secret": []}}, "'X-Secret' must not be empty"),
    ({"secrets": {"X-Secret": [SECRET, ""]}}, "'X-Secret' must not be empty"),
    ({"secrets": {"X-One": SECRET, "X-Two": ""}}, "'X-Two' must not be empty"),
    ({"secrets": {"X-Secret": " "}}, "'X-Secret' must be printable ASCII"),
    ({"secrets": {"X-Secret": f"{SECRET}\n"}}, "'X-Secret' must be printable ASCII"),
    ({"secrets": {"X-Secret": f"{SECRET}ü"}}, "'X-Secret' must be printable ASCII"),
    ({"secrets": {"X-Secret": f" {SECRET}"}}, "'X-Secret' must be printable ASCII"),
    ({"secrets": {"X-Secret": SECRET.encode()}}, "'X-Secret' must be a str"),
    ({"secrets": {"X-Secret": [SECRET, None]}}, "'X-Secret' must be a str"),
    ({"secrets": {"X-Secret": [SECRET, 1]}}, "'X-Secret' must be a str"),
    ({"secrets": {"X-A": SECRET, "x-a": SECRET}}, "'x-a' is given twice"),
    ({"secrets": {"X A": SECRET}}, "'X A' is not the name of a header"),
    ({"secrets": {"": SECRET}}, "'' is not the name of a header"),
    ({"secrets": {1: SECRET}}, "1 is not the name of a header"),
    ({"secrets": {"X-A": SECRET}, "tolerance": 0}, "tolerance must be"),
    ({"secrets": {"X-A": SECRET}, "tolerance": float("inf")}, "tolerance must be"),
    ({"secrets": {"X-A": SECRET}, "tolerance": float("nan")}, "tolerance must be"),
    ({"secrets": {"X-A": SECRET}, "max_body": 0}, "max_body must be"),
    ({"secrets": {"X-A": SECRET}, "hosts": ()}, "hosts must have at least 1"),
    ({"secrets": {"X-A": SECRET}, "hosts": "app.currents.dev"}, "hosts must be a sequence"),
    ({"secrets": {"X-A": SECRET}, "hosts": [""]}, r"hosts\[0\] must not be empty"),
]


SHOWING: dict[str, tuple[dict[str, str], bytes]] = {
    "too large": (VALID, SECRET.encode() * 100_000),
    "forged": (headers(SECRET + SECRET), BODY),
    "stale": (headers(at=1), BODY),
    "host": (VALID, body(runUrl=f"https://evil.example/run/{SECRET}")),
    "field": (VALID, body(runUrl=[SECRET])),
    "unknown event": (VALID, body(SECRET, runUrl=SECRET)),
    "no JSON": (VALID, SECRET.encode()),
    "half of it": (VALID, b'{"' + SECRET.encode() + b'": '),
    "no UTF-8": (VALID, b"\xff" + SECRET.encode()),
}


class TestNothingIsShown:
    @pytest.mark.parametrize(("arguments", "says"), REFUSED)
    def test_arguments_that_accept_anyone_are_refused(
        self, arguments: dict[str, Any], says: str
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=says) as caught:
            Verifier(**arguments)
        report = shown_within_the_library(caught.value)
        assert SECRET not in report

    @pytest.mark.parametrize("name", SHOWING)
    async def test_by_errors(self, name: str) -> None:
        checking = verifier([SECRET, OLD])
        delivery = SHOWING[name]
        for call in (lambda: checking.parse(*delivery), lambda: checking.accept(*delivery)):
            with pytest.raises(WebhookError) as caught:
                outcome = call()
                assert not isinstance(outcome, RunEvent)
                await outcome
            report = shown_within_the_library(caught.value)
            assert SECRET not in report
            assert caught.value.__cause__ is caught.value.__context__ is None

    def test_by_the_verifier(self) -> None:
        checking = verifier([SECRET, OLD])
        assert SECRET not in repr(checking) + repr(vars(checking))
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)) as caught:
            pickle.dumps(checking)
        assert SECRET not in repr(caught.value)


names = st.sampled_from(["X-Secret", "x-secret", "X-Timestamp", "x-timestamp", "Host"])
values = st.one_of(
    st.just(SECRET),
    st.just(str(NOW)),
    st.text(),
    st.text(st.characters(codec=None)),
    st.from_regex(r"\d+"),
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
json_values = (
    scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.text(), scalars, max_size=3)
)
fields = st.sampled_from([
    "event",
    "runUrl",
    "groupId",
    "tags",
    "commit",
    "overall",
    "key",
    "sentAt",
    "runId",
    "(extra)",
])
events = st.fixed_dictionaries(
    {"event": st.sampled_from(["RUN_FINISH", "RUN_PAUSED"]) | json_values},
    optional={"runUrl": st.just("https://app.currents.dev/run/r") | json_values},
)


class TestAnything:
    @given(fields=st.lists(st.tuples(names | st.text(), values)), content=st.binary())
    def test_any_bytes_and_headers(self, fields: list[tuple[str, str]], content: bytes) -> None:
        self.parse(fields, content)

    @given(content=st.binary())
    def test_any_bytes_with_the_right_headers(self, content: bytes) -> None:
        self.parse(list(VALID.items()), content)

    @given(event=events, said=st.dictionaries(fields | st.text(), json_values))
    def test_any_json_with_the_right_headers(self, event: Any, said: Any) -> None:
        try:
            content = msgspec.json.encode({**said, **event})
        except (OverflowError, UnicodeEncodeError):
            return
        self.parse(list(VALID.items()), content)

    @pytest.mark.parametrize("depth", [10, 1_000, 100_000])
    def test_nested(self, depth: int) -> None:
        nested = b"[" * depth + b"]" * depth
        self.parse(list(VALID.items()), nested)
        self.parse(list(VALID.items()), b'{"event": "X", "deep": ' + nested + b"}")

    def parse(self, fields: list[tuple[str, str]], content: bytes) -> None:
        try:
            event = verifier().parse(fields, content)
        except WebhookError:
            return
        assert isinstance(event, RunEvent)
        assert isinstance(event.sent_at, datetime)
        assert abs(event.sent_at - datetime.fromtimestamp(NOW, UTC)) <= timedelta(seconds=300)
        assert event.run_id in {None, "r"}
        assert len(event.key) == 64
