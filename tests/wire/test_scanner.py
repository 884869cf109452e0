"""Several arrays of one response, streamed one after the other, against the whole as oracle."""

import json
import random
from functools import cache
from itertools import islice, pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._resources.instances import GET_INSTANCE
from currents_async._wire import collecting as collecting_module
from currents_async._wire.body_errors import BodyError, RefusedBodyError, UnexpectedBodyError
from currents_async._wire.collecting import CollectingDecoder
from currents_async._wire.decoders import EnvelopeDecoder, decoder_for
from currents_async._wire.inflate import SLICE
from currents_async._wire.scanner import Scanner
from currents_async.models import Instance
from currents_async.testing import World
from tests.wire.test_elements import (
    AWKWARD,
    Writer,
    anything,
    damaged,
    is_utf8,
    pieces_of,
    seeds,
    split,
)
from tests.wire.test_mend import CUTS, MUTANTS, PATHS, mutated

SCHEMAS: list[Any] = [("playwright", 1), ("playwright", 2), ("cypress", 1)]
_MUTANTS = [mutant for mutant in MUTANTS if mutant != "\ud83d"]


@cache
def made(framework: Any, schema: Any, tests: int) -> bytes:
    """Return the data of an instance."""
    notes = [("owner", "Ada"), ("jira", "A-1")] if schema == 2 else []
    run = (
        World(seed=tests)
        .project()
        .run(
            specs=1,
            tests=tests,
            failures=0.3,
            flaky=0.2,
            framework=framework,
            schema_version=schema,
            annotations=notes,
        )
    )
    return msgspec.json.encode(run.instance(0))


def envelope(data: Any) -> bytes:
    return msgspec.json.encode({"status": "OK", "data": data})


def outcome(decoder: Any, pieces: list[bytes]) -> Any:
    """Return what is read and what was mended, or the reason and the place why it is not."""
    try:
        for piece in pieces:
            decoder.feed(piece)
        for _ in decoder.finish():
            pass
        return decoder.flush()[1], decoder.notes.bent, decoder.notes.lost
    except BodyError as fault:
        return type(fault), str(fault), getattr(fault, "path", None)


def whole(text: bytes) -> Any:
    return outcome(EnvelopeDecoder(Instance), [text])


def collecting(least: int = 0) -> CollectingDecoder[Instance]:
    return CollectingDecoder(Instance, GET_INSTANCE.arrays, least=least)


def document(rng: random.Random) -> dict[str, Any]:
    """Make an instance with its parts in any order, some twice under other names, some odd."""
    framework, schema = rng.choice(SCHEMAS)
    data = json.loads(made(framework, schema, rng.choice([1, 1, 2, 5])))
    for holder in (data, data["results"]):
        for _ in range(rng.randrange(3)):
            name = rng.choice(["testResults", "tests", "videos", "decoys", "a"])
            holder.setdefault(name, anything(rng))
    for name in list(data["results"]):
        if rng.random() < 0.1:
            data["results"][name] = rng.choice(_MUTANTS)
    if isinstance(data["results"]["tests"], list):
        for test in data["results"]["tests"]:
            if rng.random() < 0.1 and isinstance(test, dict):
                test["attachments"] = [{"name": rng.choice(AWKWARD)}]
    if rng.random() < 0.5:
        data = shuffled(rng, data)
        data["results"] = shuffled(rng, data["results"])
    return {"status": "OK", "data": data}


def shuffled(rng: random.Random, value: dict[str, Any]) -> dict[str, Any]:
    items = list(value.items())
    rng.shuffle(items)
    return dict(items)


def test_seeded_instances_however_they_are_split() -> None:
    read = 0
    for rng in islice(seeds(0), 0, None, 8):  # they are longer than those of runs
        text = Writer(rng).write(document(rng)).encode()
        expected = whole(text)
        actual = outcome(collecting(rng.choice([0, 100, 3000])), pieces_of(rng, text))
        assert actual == expected, text
        read += isinstance(expected[0], Instance)
    assert read > 9


def test_seeded_damage_is_found() -> None:
    """What is broken for the oracle is broken for the stream, and nothing else is."""
    for rng in islice(seeds(1_000_000), 0, None, 8):
        text = damaged(rng, Writer(rng).write(document(rng)).encode())
        expected = whole(text)
        actual = outcome(collecting(rng.choice([0, 100])), pieces_of(rng, text))
        if isinstance(expected[0], Instance):
            assert actual == expected, text
        else:
            assert actual[0] == expected[0] or not is_utf8(text), text


@given(st.sampled_from(SCHEMAS), PATHS, CUTS)
def test_whatever_is_mended(
    schema: Any, mutations: list[tuple[list[int], Any]], cuts: list[float]
) -> None:
    changed = {"status": "OK", "data": json.loads(made(*schema, 6))}
    for path, mutant in mutations:
        changed = mutated(changed, [1, *path], mutant)
    text = json.dumps(changed).encode()
    assert outcome(collecting(), split(text, [int(cut * len(text)) for cut in cuts])) == whole(text)


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize(
    "again",
    [
        '"results":{"tests":[{"testId":"x"},{"testId":"y"}]}',
        '"results":{"videos":[{"testId":"x"},{"testId":"y"}],"videos":[{"testId":"z"}]}',
        '"results":{}',
        '"results":null',
        '"results":{"tests":null,"screenshots":5}',
        '"testResults":{"x":{"state":"failed"},"y":{"state":"passed"}}',
        '"testResults":{}',
        '"testResults":null',
        '"testResults":{"x":5},"testTags":{"x":["a"],"x":{},"y":["b"]}',
    ],
)
def test_what_comes_again_counts(schema: Any, again: str) -> None:
    """Nothing has been handed out: as in the whole, the last one of a name counts.

    What was mended in one that was replaced is noted all the same.
    """
    data = made(*schema, 12).decode()
    for text in (f"{data[:-1]},{again}}}", f"{{{again},{data[1:]}"):
        body = f'{{"status":"OK","data":{text}}}'.encode()
        for size in (7, 300, 5000):
            pieces = [body[at : at + size] for at in range(0, len(body), size)]
            assert outcome(collecting(), pieces)[0] == whole(body)[0]


def test_an_id_that_comes_again_replaces_the_first() -> None:
    ids = ["a", "b", "a", "c", "b", "d", "a", "e"]
    values = ['{"state":"passed"}', "5", '{"state":"failed"}', "null", '{"title":["x"]}']
    for number in range(200):
        rng = random.Random(number)  # noqa: S311 - no secret
        members = ",".join(f'"{name}":{rng.choice(values)}' for name in ids * 2)
        data = f'{{"instanceId":"i","testResults":{{"z":{{"state":"passed"}},{members}}}}}'
        text = f'{{"status":"OK","data":{data}}}'.encode()
        assert outcome(collecting(), pieces_of(rng, text))[0] == whole(text)[0]


@pytest.mark.parametrize("indent", [-1, 0, 2])
@pytest.mark.parametrize("schema", SCHEMAS)
def test_little_is_left_for_the_end(schema: Any, indent: int) -> None:
    """In each array, one after the other."""
    text = msgspec.json.format(envelope(json.loads(made(*schema, 300))), indent=indent)
    decoder = collecting()
    for start in range(0, len(text), 4096):
        decoder.feed(text[start : start + 4096])
        scanner: Any = decoder._scanner
        assert scanner.held < 48 * 1024
        if start + 4096 >= len(text):
            assert scanner.held < 8 * 1024
    assert decoder.flush()[1] == instance_of(text)


def instance_of(text: bytes) -> Instance:
    found: Instance = whole(text)[0]
    return found


def test_truncated_at_many_bytes() -> None:
    text = envelope(json.loads(made("playwright", 2, 3)))
    for end in range(0, len(text), 31):
        with pytest.raises(UnexpectedBodyError):
            read_in_three(text[:end])
    assert len(read_in_three(text).tests) == 3


def read_in_three(text: bytes) -> Instance:
    decoder = collecting()
    for start, end in pairwise([0, len(text) // 3, len(text) // 2, len(text)]):
        decoder.feed(text[start:end])
    return decoder.flush()[1]


def test_a_failure_is_one() -> None:
    data = {"instanceId": "i", "results": {"tests": [{"testId": f"t{n}"} for n in range(99)]}}
    text = json.dumps({"status": "FAILED", "error": "no luck", "data": data}).encode()
    with pytest.raises(RefusedBodyError, match="no luck"):
        read_in_three(text)


class TestSteps:
    def test_a_short_response_is_decoded_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(collecting_module, "Scanner", None)
        text = envelope(json.loads(made("playwright", 2, 20)))
        assert SLICE < len(text) < 4 * SLICE
        decoder = decoder_for(GET_INSTANCE)()
        decoder.feed(text[:SLICE])
        decoder.feed(text[SLICE:])
        assert list(decoder.finish()) == []
        assert decoder.flush()[1] == instance_of(text)

    @pytest.mark.parametrize("size", [1, 1000, SLICE])
    def test_a_long_one_is_decoded_by_slices(
        self, size: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fed: list[int] = []
        feed = Scanner.feed

        def counted(scanner: Any, text: bytes) -> None:
            fed.append(len(text))
            feed(scanner, text)

        monkeypatch.setattr(Scanner, "feed", counted)
        text = envelope(json.loads(made("playwright", 2, 80)))
        decoder = decoder_for(GET_INSTANCE)()
        for start in range(0, len(text), size):
            before = len(fed)
            decoder.feed(text[start : start + size])
            assert len(fed) <= before + 1
        steps = sum(1 for _ in decoder.finish())
        assert decoder.flush()[1] == instance_of(text)
        assert sum(fed) == len(text)
        assert max(fed) <= SLICE
        assert steps < 24
