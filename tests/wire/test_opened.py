"""Models that keep what they do not know: `Currents(keep_extra=True)`."""

import copy
import json
import pickle
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from currents_async import Currents
from currents_async._wire.decoders import decoder_for
from currents_async._wire.opened import opened
from currents_async.models import (
    ErrorsPage,
    FailureContext,
    Instance,
    NumberedPage,
    Run,
    RunCancellation,
    RunSpec,
    Share,
)
from currents_async.testing import FakeCurrents
from tests.models.test_samples import ENDPOINTS
from tests.sweep.documents import OPERATIONS_OF_SAMPLES, SAMPLES, responses_of_the_fake

NEW = "added tomorrow"
ELSEWHERE = {"testList", "claimRecords"}
"""What these have stands in other places too."""
MAPS = re.compile(r"\$\.test(Results|Annotations|Tags)|\$\.results\.timeline\[\d+\]")
"""Objects whose keys are data."""


def mark(value: Any, place: str) -> Iterator[str]:
    """Put a field that tells its place into each object, and return the places."""
    if isinstance(value, dict):
        for key in value.keys() - ELSEWHERE:
            yield from mark(value[key], f"{place}.{key}")
        if not MAPS.fullmatch(place):
            value[f"{NEW} {place}"] = 1
            yield place
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from mark(one, f"{place}[{index}]")


def kept(value: Any) -> Iterator[str]:
    """Return the places of these fields, wherever they have been kept."""
    if isinstance(value, tuple | list):
        for one in value:
            yield from kept(one)
    elif isinstance(value, dict):
        yield from (key.removeprefix(NEW + " ") for key in value if key.startswith(NEW))
        yield from kept([*value.values()])
    elif isinstance(value, msgspec.Struct):
        yield from kept([getattr(value, name) for name in value.__struct_fields__])


def read(operation: str, document: object, *, keep_extra: bool) -> Any:
    decoder = decoder_for(ENDPOINTS[operation], keep_extra=keep_extra)()
    decoder.feed(json.dumps(document).encode())
    return decoder.flush()[1]


@pytest.mark.parametrize("name", sorted(OPERATIONS_OF_SAMPLES))
def test_nothing_of_a_sample_is_lost(name: str) -> None:
    document = json.loads((SAMPLES / f"{name}.json").read_text())
    places = {*mark(document["data"], "$")}
    data = read(OPERATIONS_OF_SAMPLES[name], document, keep_extra=True)
    assert places - {*kept(data)} == set()


async def test_nothing_of_the_responses_of_the_fake_is_lost() -> None:
    for one in await responses_of_the_fake():
        document = copy.deepcopy(one.content)
        places = {*mark(document["data"], "$")}
        data = read(one.operation, document, keep_extra=True)
        is_page = isinstance(data, NumberedPage)
        assert places - {*kept(data)} == ({"$"} if is_page else set()), one.operation


RUN: dict[str, Any] = {
    "runId": "r",
    "projectId": "p",
    "createdAt": "2026-01-02T03:04:05Z",
    "completionState": "COMPLETE",
    "status": "PASSED",
    "mood": "good",
    "groups": [None, {"groupId": "g", "colour": "red", "specCount": "7"}],
    "specs": [{"spec": "a", "instanceId": "i", "size": 3}, None],
}


def test_what_is_mended_is_kept_too() -> None:
    run = read("getRun", {"status": "OK", "data": RUN}, keep_extra=True)
    assert run.extra == {"mood": "good"}
    [group] = run.groups
    assert (group.spec_count, group.extra) == (7, {"colour": "red"})
    [spec] = run.specs
    assert spec.extra == {"size": 3}


ONE = [{"a": 1}]
TWO = [{"b": 1}, {"c": 1}]


@pytest.mark.parametrize(
    ("parts", "annotations"),
    [
        ({"results": {"tests": [{"testId": "t", "annotations": []}]}}, ONE),
        ({"results": {"tests": [{"testId": "t", "annotations": TWO}]}}, TWO),
        ({"testResults": {"t": {"annotations": TWO}}, "results": {}}, TWO),
        ({"testResults": {"t": {}}}, ONE),
        ({"testList": {"t": {"annotations": TWO}}, "testResults": {"t": {}}}, TWO),
        ({"testList": {"t": {"annotations": TWO}}, "results": {"tests": [{"testId": "t"}]}}, TWO),
    ],
)
def test_what_stands_in_several_places_is_kept_with_what_was_taken(
    parts: dict[str, Any], annotations: list[dict[str, int]]
) -> None:
    data = {"instanceId": "i", "testAnnotations": {"t": ONE}, **parts}
    instance = read("getInstance", {"status": "OK", "data": data}, keep_extra=True)
    assert [one.extra for one in instance.tests[0].annotations] == annotations
    assert "(extra)" not in str(instance.to_dict())


def test_a_result_whose_test_is_not_listed_keeps_all_it_has() -> None:
    data = {"instanceId": "i", "testResults": {"t": {"mood": "good", "attempts": [{"a": 1}]}}}
    instance = read("getInstance", {"status": "OK", "data": data}, keep_extra=True)
    assert instance.tests[0].extra["mood"] == "good"
    assert instance.tests[0].attempts[0].extra == {"a": 1}


def test_claims_are_kept_from_where_they_are() -> None:
    data = {"instanceId": "i", "claimList": [], "claimRecords": {"m": {"machineId": "m", "a": 1}}}
    instance = read("getInstance", {"status": "OK", "data": data}, keep_extra=True)
    assert instance.claim_list[0].extra == {"a": 1}


def test_it_is_off_by_default() -> None:
    run = read("getRun", {"status": "OK", "data": RUN}, keep_extra=False)
    assert type(run) is Run
    assert (run.extra, run.specs[0].extra) == ({}, {})
    assert b"mood" not in run.to_json()


def test_they_are_the_same_models() -> None:
    run = read("getRun", {"status": "OK", "data": RUN}, keep_extra=True)
    assert isinstance(run, Run)
    assert run.to_dict()["mood"] == "good"
    assert repr(run).startswith("<Run r ")
    assert pickle.loads(pickle.dumps(run)) == run == copy.deepcopy(run)
    assert opened(Run) is opened(Run) is type(run)


def test_types_of_users_and_open_models_stay() -> None:
    class Mine(msgspec.Struct):
        name: str

    assert opened(Mine) is Mine
    assert opened(int | None) == int | None
    assert opened(dict[str, list[Mine]]) == dict[str, list[Mine]]
    assert issubclass(opened(FailureContext), FailureContext)
    assert issubclass(opened(ErrorsPage), ErrorsPage)


def test_a_secret_is_not_pickled_after_all() -> None:
    share = opened(Share)(url="https://share.example.com/s3cret")
    assert "s3cret" not in repr(share)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(share)


async def test_through_a_client(server: FakeCurrents) -> None:
    run = server.world.project().run(specs=3, schema_version=2)
    run.payload["mood"] = run.payload["specs"][1]["mood"] = "good"
    async with Currents(server.api_key, base_url=server.url, keep_extra=True) as currents:
        assert (await currents.runs.get(run.run_id)).extra == {"mood": "good"}
        async with currents.runs.stream(run.run_id) as specs:
            moods = [spec.extra async for spec in specs]
        assert moods == [{}, {"mood": "good"}, {}]
        assert specs.run.extra == {"mood": "good"}
        assert specs.run.specs == ()
        view = currents.with_options()
        instances = await view.runs.get_instances(run.run_id)
        assert all(isinstance(one, Instance) for one in instances)
        assert all(test.extra["_d"] for one in instances for test in one.tests)
        spec = await currents.request("GET", f"/runs/{run.run_id}", type=RunSpec)
        assert spec.extra["mood"] == "good"
        async with currents.runs.stream(run.run_id, spec_type=Narrow) as narrow:
            assert [type(spec) async for spec in narrow] == [Narrow] * 3


class Narrow(msgspec.Struct):
    spec: str


async def test_a_write_is_filled_up(server: FakeCurrents) -> None:
    run = server.world.project().run(specs=1, running=True)
    server.fail("cancelRun", status=200, body=b'{"status":"OK","data":{"why":"me"}}')
    async with Currents(server.api_key, base_url=server.url, keep_extra=True) as currents:
        cancelled = await currents.runs.cancel(run.run_id)
    assert isinstance(cancelled, RunCancellation)
    assert (cancelled.run_id, cancelled.extra) == (run.run_id, {"why": "me"})
