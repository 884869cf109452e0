"""What a delivery becomes, and which run it is about."""

import inspect
import logging
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from currents_async import Currents, InvalidArgumentError, NotFoundError, WebhookBodyError
from currents_async.models import Commit
from currents_async.receiver import (
    Receiver,
    Router,
    RunCanceled,
    RunEvent,
    RunFinished,
    RunStarted,
    RunTimedOut,
    UnknownEvent,
)
from currents_async.testing import FakeCurrents, WorldProject
from tests.receiver.deliveries import NOW, PUBLISHED, RUN_ID, body, headers, verifier

KINDS: dict[str, type[RunEvent]] = {
    "RUN_START": RunStarted,
    "RUN_FINISH": RunFinished,
    "RUN_TIMEOUT": RunTimedOut,
    "RUN_CANCELED": RunCanceled,
}


def parse(content: bytes, **options: Any) -> RunEvent:
    return verifier(**options).parse(headers(), content)


def read(said: dict[str, Any]) -> RunEvent:
    return parse(msgspec.json.encode(said))


class TestKinds:
    @pytest.mark.parametrize("name", KINDS)
    def test_by_name(self, name: str) -> None:
        event = parse(body(name, groupId="g", tags=["a", "b"]))
        assert type(event) is KINDS[name]
        assert (event.name, event.run_id, event.group_id) == (name, RUN_ID, "g")
        assert event.tags == ("a", "b")

    def test_the_published_example(self) -> None:
        event = read(PUBLISHED)
        assert event == RunStarted(
            run_id=RUN_ID,
            run_url=PUBLISHED["runUrl"],
            build_id="demo-build-cdx3314",
            commit=Commit(
                sha="5a7edc9a156e417068060d67109021351fc7d9b8",
                branch="feature-A",
                author_name="John Doe",
                author_email="john@doe.com",
                message="feat: change button color",
                remote_origin="https://github.com/org/repo.git",
                default_branch="main",
            ),
            overall=1,
            passes=1,
            sent_at=datetime.fromtimestamp(NOW, UTC),
            key=event.key,
        )
        assert event.to_dict() == {
            **PUBLISHED,
            "commit": {**Commit().to_dict(), **PUBLISHED["commit"]},
            "runId": RUN_ID,
            "groupId": None,
            "tags": [],
            "sentAt": "2026-01-01T00:00:00Z",
            "key": event.key,
        }
        assert msgspec.json.decode(event.to_json(), type=RunStarted | RunFinished) == event

    def test_unknown(self) -> None:
        said = {**PUBLISHED, "event": "RUN_PAUSED", "why": {"who": ["me"]}, "passes": 7}
        event = read(said)
        assert isinstance(event, UnknownEvent)
        assert (event.name, event.run_id, event.passes) == ("RUN_PAUSED", RUN_ID, 7)
        assert event.extra == {"why": {"who": ["me"]}}
        said["commit"] = {**Commit().to_dict(), **PUBLISHED["commit"]}
        assert {**event.to_dict(), **said} == event.to_dict()

    async def test_unknown_without_a_run(self, currents: Currents) -> None:
        event = read({"event": "PROJECT_MOVED", "to": "x"})
        assert isinstance(event, UnknownEvent)
        assert (event.run_id, event.run_url, event.extra) == (None, None, {"to": "x"})
        with pytest.raises(InvalidArgumentError, match="'PROJECT_MOVED' names no run"):
            await event.fetch(currents)

    @pytest.mark.parametrize("name", KINDS)
    def test_fields_are_the_same_for_all(self, name: str) -> None:
        of_kind = inspect.signature(KINDS[name]).parameters.keys()
        assert of_kind == inspect.signature(UnknownEvent).parameters.keys() - {"event"}


class TestTolerance:
    def test_nothing_but_event_and_run(self) -> None:
        event = read({"event": "RUN_FINISH", "runUrl": PUBLISHED["runUrl"]})
        assert event == RunFinished(
            run_id=RUN_ID, run_url=PUBLISHED["runUrl"], sent_at=event.sent_at, key=event.key
        )

    def test_nulls_are_absent(self) -> None:
        nulls = dict.fromkeys(PUBLISHED | {"tags": 1, "groupId": 1, "new": 1})
        said = nulls | {"event": "RUN_FINISH", "runUrl": PUBLISHED["runUrl"]}
        assert read(said).key != ""
        assert read(said).overall == 0
        assert read(said).extra == {}
        commit = dict.fromkeys(PUBLISHED["commit"])
        assert parse(body(commit=commit)).commit == Commit()

    def test_new_fields_are_extra(self) -> None:
        event = parse(body(duration=5, meta={"a": [1]}))
        assert event.extra == {"duration": 5, "meta": {"a": [1]}}

    def test_our_fields_are_not_taken_from_the_body(self) -> None:
        ours: dict[str, Any] = {
            "runId": "evil",
            "sentAt": "1999-01-01T00:00:00Z",
            "key": "k",
            "(extra)": {"a": 1},
        }
        event = parse(body(**ours))
        assert event.run_id == RUN_ID
        assert event.sent_at == datetime.fromtimestamp(NOW, UTC)
        assert len(event.key) == 64
        assert event.extra == {}
        unknown = read({"event": "X", **ours})
        assert (unknown.run_id, unknown.extra) == (None, {})

    def test_the_last_of_repeated_names_counts_everywhere(self) -> None:
        twice = b'{"event":"RUN_START","runUrl":1,"event":"RUN_FINISH","runUrl":"%s"}'
        event = parse(twice % PUBLISHED["runUrl"].encode())
        assert isinstance(event, RunFinished)
        assert event.run_id == RUN_ID


ODD: list[tuple[str, Any, str, object]] = [
    ("overall", 12.5, "overall", 13),
    ("overall", "12", "overall", 12),
    ("overall", "many", "overall", 0),
    ("overall", [], "overall", 0),
    ("tags", "a", "tags", ("a",)),
    ("tags", ["a", None, 1, {}, "b"], "tags", ("a", "1", "b")),
    ("tags", {}, "tags", ()),
    ("commit", [], "commit", None),
    ("commit", "abc", "commit", None),
    ("commit", {"sha": 1, "branch": {}, "message": "m"}, "commit", Commit(sha="1", message="m")),
    ("buildId", {}, "build_id", None),
    ("buildId", 7, "build_id", "7"),
    ("groupId", ["g"], "group_id", "g"),
]


@pytest.mark.parametrize("name", ["RUN_FINISH", "RUN_PAUSED"])
@pytest.mark.parametrize(("field", "value", "attribute", "expected"), ODD)
def test_an_invalid_value_costs_only_itself(
    name: str,
    field: str,
    value: Any,
    attribute: str,
    expected: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "currents_async.receiver")
    odd: dict[str, Any] = {field: value}
    absent: dict[str, Any] = {field: None}
    event, sound = (parse(body(name, **fields)) for fields in (odd, absent))
    changes: dict[str, Any] = {attribute: expected, "key": event.key}
    assert event == msgspec.structs.replace(sound, **changes)
    [line] = caplog.messages
    assert line.startswith(f"mended in '{name}' of run {RUN_ID}: $.{field}")


HALF = rb"\ud83d"


class TestLoneSurrogates:
    @pytest.mark.parametrize("half", [HALF, rb"\ude00", HALF + HALF])
    def test_it_costs_one_character_wherever_it_stands(self, half: bytes) -> None:
        message = b"boom " + half
        content = body(commit={"message": "MESSAGE"}, new="MESSAGE").replace(b"MESSAGE", message)
        event = parse(content)
        boom = "boom " + "\ufffd" * (len(half) // 6)
        assert event.commit == Commit(message=boom)
        assert event.extra == {"new": boom}

    def test_a_whole_one_stays(self) -> None:
        content = body(commit={"message": "MESSAGE"}).replace(b"MESSAGE", HALF + rb"\ude00")
        assert parse(content).commit == Commit(message="\U0001f600")

    async def test_the_delivery_is_accepted(self) -> None:
        content = body(commit={"message": "MESSAGE"}).replace(b"MESSAGE", HALF)
        async with Receiver(verifier(), Router()) as receiver:
            assert (await receiver.deliver(headers(), content)).status == 202


@pytest.mark.parametrize(("number", "expected"), [(b"1e3", 1000), (b"12.0", 12), (b"1e999", 0)])
def test_numbers_as_javascript_writes_them(number: bytes, expected: int) -> None:
    content = body(overall=-1).replace(b'"overall":-1', b'"overall":' + number)
    assert parse(content).overall == expected


def test_an_unknown_event_with_an_empty_url_names_no_run() -> None:
    event = parse(body("PROJECT_MOVED", runUrl=""))
    assert (event.name, event.run_id) == ("PROJECT_MOVED", None)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the body is empty"),
        (b"<html>", "HTML"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"null", "Expected `object`"),
        (b"[]", "Expected `object`"),
        (b'"RUN_FINISH"', "Expected `object`"),
        (b"{}", "names no event"),
        (b'{"event": null}', "names no event"),
        (b'{"event": ["RUN_FINISH"]}', "names no event"),
        (b'{"event": "RUN_FINISH"}', "names no run"),
        (body(runUrl=None), "names no run"),
        (body(runUrl=1), "not the URL of a run"),
        (body(runUrl={}), "names no run"),
        (body(runUrl=""), "names no run"),
        (body("RUN_PAUSED", runUrl="https://evil.example/run/r"), "not the URL of a run"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_malformed(content: bytes, says: str) -> None:
    with pytest.raises(WebhookBodyError, match=says):
        parse(content)


class TestRunUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "https://app.currents.dev/run/r-1",
            "https://app.currents.dev/run/r-1/",
            "https://app.currents.dev/run/r-1/overview",
            "https://app.currents.dev/run/r-1/instance/i?tab=a#b",
            "https://app.currents.dev/run/r-1?groupId=a/../b",
            "HTTPS://APP.Currents.dev/run/r-1",
        ],
    )
    def test_right(self, url: str) -> None:
        event = parse(body(runUrl=url))
        assert (event.run_id, event.run_url) == ("r-1", url)

    @pytest.mark.parametrize(
        "url",
        [
            "http://app.currents.dev/run/r",
            "ftp://app.currents.dev/run/r",
            "//app.currents.dev/run/r",
            "app.currents.dev/run/r",
            "/run/r",
            "javascript:alert(1)//app.currents.dev/run/r",
            "https://evil.example/run/r",
            "https://app.currents.dev.evil.example/run/r",
            "https://evil.example/app.currents.dev/run/r",
            "https://evil.example#app.currents.dev/run/r",
            "https://evil.example?app.currents.dev/run/r",
            "https://xapp.currents.dev/run/r",
            "https://currents.dev/run/r",
            "https://app.currents.dev./run/r",
            "https://app.currents.dev:443/run/r",
            "https://app.currents.dev:8443/run/r",
            "https://app.currents.dev:/run/r",
            "https://app.currents.dev:x/run/r",
            "https://me@app.currents.dev/run/r",
            "https://app.currents.dev@evil.example/run/r",
            "https://app.currents.dev\\@evil.example/run/r",
            "https://[::1/run/r",
            "https:///run/r",
            "https://app.currents.dev",
            "https://app.currents.dev/",
            "https://app.currents.dev/run",
            "https://app.currents.dev/run/",
            "https://app.currents.dev/run//r",
            "https://app.currents.dev//run/r",
            "https://app.currents.dev/RUN/r",
            "https://app.currents.dev/runs/r",
            "https://app.currents.dev/x/run/r",
            "https://app.currents.dev/run/.",
            "https://app.currents.dev/run/..",
            "https://app.currents.dev/run/../run/r",
            "https://app.currents.dev/run/r/..",
            "https://app.currents.dev/run/r/../../projects/p",
            "https://app.currents.dev/run/r/%2e%2E/x",
            "https://app.currents.dev/run/%2e%2e",
            "https://app.currents.dev/run/a%2Fb",
            "https://app.currents.dev/run/a b",
            "https://app.currents.dev/run/a\tb",
            "https://app.currents.dev/run/a\n",
            " https://app.currents.dev/run/r",
            "https://app.currents.dev/run/ü",
            "https://app.currents.dev/run/r;x",
            "https://app。currents。dev/run/r",
        ],
    )
    def test_wrong(self, url: str) -> None:
        with pytest.raises(WebhookBodyError, match="not the URL of a run"):
            parse(body(runUrl=url))

    @pytest.mark.parametrize(
        ("host", "url"),
        [
            ("dashboard.example", "https://dashboard.example/run/r"),
            ("Dashboard.Example:8443", "https://dashboard.example:8443/run/r"),
            ("localhost:3000", "http://localhost:3000/run/r"),
            ("127.0.0.1:3000", "http://127.0.0.1:3000/run/r"),
            ("[::1]:3000", "http://[::1]:3000/run/r"),
        ],
    )
    def test_hosts_of_yours(self, host: str, url: str) -> None:
        assert parse(body(runUrl=url), hosts=[host]).run_id == "r"
        with pytest.raises(WebhookBodyError):
            parse(body(), hosts=[host])

    def test_plain_http_is_for_loopback(self) -> None:
        with pytest.raises(WebhookBodyError):
            parse(body(runUrl="http://dashboard.example/run/r"), hosts=["dashboard.example"])


class TestFetch:
    async def test_the_run_itself(
        self, server: FakeCurrents, currents: Currents, project: WorldProject
    ) -> None:
        run = project.run(specs=3, failures=1)
        event = parse(body(run_id=run.run_id, failures=0))
        fetched = await event.fetch(currents)
        assert (fetched.run_id, fetched.failed) == (run.run_id, True)

    async def test_an_unknown_run(self, currents: Currents) -> None:
        with pytest.raises(NotFoundError):
            await RunFinished(run_id="made-up").fetch(currents)
