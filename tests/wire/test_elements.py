"""The streaming decoder against its oracle, the decoding of the whole text."""

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire import scanner as scanner_module
from currents_async._wire.array import ArrayField
from currents_async._wire.body_errors import BodyError, RefusedBodyError, UnexpectedBodyError
from currents_async._wire.collecting import CollectingDecoder
from currents_async._wire.decoders import EnvelopeDecoder
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.envelope import envelope_decoder
from currents_async.models import Instance, InstanceTest, Run, RunSpec
from currents_async.testing import World

DOCUMENTS = int(os.environ.get("FUZZ_DOCUMENTS", "500"))
SAMPLES = Path(__file__).parent.parent / "samples"
SPECS = ArrayField(("specs",), RunSpec)
TESTS = ArrayField(("results", "tests"), InstanceTest)
HEAD: dict[str, Any] = {
    "runId": "r",
    "projectId": "p",
    "completionState": "COMPLETE",
    "status": "PASSED",
}


class Shape:
    """A kind of answer with an array in it."""

    def __init__(self, returns: Any, array: ArrayField) -> None:
        self.returns = returns
        self.array = array

    def whole(self, text: bytes) -> Any:
        decoder = EnvelopeDecoder(self.returns)
        decoder.feed(text)
        return decoder.flush()[1]

    def streamed(self, pieces: list[bytes]) -> tuple[Any, int]:
        """Decode piece by piece; also return how many elements came before the end."""
        decoder: ElementDecoder[Any, Any] = ElementDecoder(
            self.returns, self.array, self.array.element
        )
        elements = [element for piece in pieces for element in decoder.feed(piece)]
        early = len(elements)
        last, data = decoder.flush()
        assert self.array.take(data) == []
        elements += last
        return self.array.put(data, elements), early

    def collected(self, pieces: list[bytes], *, least: int) -> Any:
        decoder = CollectingDecoder(self.returns, [self.array], least=least)
        assert all(decoder.feed(piece) == [] for piece in pieces)
        return decoder.flush()[1]

    def run_of(self, pieces: list[bytes]) -> Any:
        return self.streamed(pieces)[0]


RUN = Shape(Run, SPECS)
INSTANCE = Shape(Instance, TESTS)


def outcome(decode: Callable[[], Any]) -> Any:
    try:
        return decode()
    except BodyError as fault:
        return type(fault)


def split(text: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cuts), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


class Writer:
    """Writes JSON in every way that JSON can be written."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.space = rng.choice(["", "", " ", "\n  ", "\t\r\n", "mixed"])
        self.escape = rng.random() < 0.2
        self.shuffle = rng.random() < 0.3

    def write(self, value: object) -> str:
        if isinstance(value, dict):
            items = list(value.items())
            if self.shuffle:
                self.rng.shuffle(items)
            inside = ",".join(
                f"{self.gap()}{self.text(key)}{self.gap()}:{self.gap()}{self.write(item)}{self.gap()}"
                for key, item in items
            )
            return f"{{{inside}}}"
        if isinstance(value, list):
            inside = ",".join(f"{self.gap()}{self.write(item)}{self.gap()}" for item in value)
            return f"[{inside}]"
        return self.text(value) if isinstance(value, str) else json.dumps(value)

    def gap(self) -> str:
        return self.rng.choice(["", " ", "\n"]) if self.space == "mixed" else self.space

    def text(self, value: str) -> str:
        if self.escape and self.rng.random() < 0.3:
            return '"' + "".join(f"\\u{ord(c):04x}" for c in value if ord(c) < 0x10000) + '"'
        return json.dumps(value, ensure_ascii=self.rng.random() < 0.5)


AWKWARD = [
    '},{"spec":"x"',
    '"specs":[',
    "\\",
    '"',
    "\n",
    "ü",
    "\N{PILE OF POO}",
    "]}}",
    "[{",
    "",
    "a" * 300,
    "\u2028",
]


def anything(rng: random.Random, depth: int = 2) -> Any:
    """Make a value that the models do not know: it must be skipped."""
    kind = rng.randrange(7 if depth else 4)
    if kind == 0:
        return rng.choice(AWKWARD)
    if kind == 1:
        return rng.choice([None, True, 0, -1.5e300, 2**70])
    if kind in {2, 3}:
        return rng.choice(AWKWARD) + str(rng.random())
    if kind == 4:
        return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    names = ["specs", "tests", "spec", "data", "results", "extra", 'a"specs']
    return {name: anything(rng, depth - 1) for name in rng.sample(names, rng.randrange(4))}


def element(rng: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"spec": rng.choice(AWKWARD) + "a.ts"}
    if rng.random() < 0.9:
        made["instanceId"] = f"i{rng.random()}"
    if rng.random() < 0.3:
        made["unknown"] = anything(rng)
    if rng.random() < 0.3:
        made["nested"] = [{"spec": index} for index in range(rng.randrange(4))]
    if rng.random() < 0.1:
        made["tags"] = None
    if rng.random() < 0.4:
        made["results"] = {"stats": {"failures": rng.randrange(3)}, "screenshots": []}
    if rng.random() < 0.1:  # another first key
        made = {"groupId": "g", **made}
    return made


def document(rng: random.Random) -> bytes:
    data = {**HEAD, "tags": [rng.choice(AWKWARD)]}
    for _ in range(rng.randrange(3)):
        data[rng.choice(["meta2", "decoys", "extra"])] = anything(rng)
    specs: Any = [element(rng) for _ in range(rng.choice([0, 1, 2, 3, 10, 40]))]
    if rng.random() < 0.05:
        specs = None
    before = rng.random() < 0.5
    data = {"specs": specs, **data} if before else {**data, "specs": specs}
    if rng.random() < 0.3:
        data["after"] = anything(rng)
    envelope: dict[str, Any] = {"status": "OK", "data": data}
    if rng.random() < 0.3:
        envelope = {"before": anything(rng), **envelope, "behind": anything(rng)}
    return Writer(rng).write(envelope).encode()


def pieces_of(rng: random.Random, text: bytes) -> list[bytes]:
    size = rng.choice([1, 2, 3, 7, 50, 500, len(text) + 1])
    if size == 500:
        return split(text, [rng.randrange(len(text) + 1) for _ in range(rng.randrange(12))])
    return [text[start : start + size] for start in range(0, len(text), size)]


def damaged(rng: random.Random, text: bytes) -> bytes:
    place = rng.randrange(len(text))
    match rng.randrange(4):
        case 0:
            return text[:place]
        case 1:
            return text[:place] + text[place + 1 :]
        case 2:
            return text[:place] + bytes([rng.randrange(256)]) + text[place + 1 :]
        case _:
            return text[:place] + rng.choice([b"}", b"]", b'"', b",", b"{"]) + text[place:]


def is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def seeds(offset: int) -> Iterator[random.Random]:
    for number in range(DOCUMENTS):
        yield random.Random(offset + number)  # noqa: S311 - reproducible, not secret


def test_seeded_documents_however_they_are_split() -> None:
    early = 0
    for rng in seeds(0):
        text = document(rng)
        expected = outcome(partial(RUN.whole, text))
        assert isinstance(expected, Run), text
        pieces = pieces_of(rng, text)
        run, count = RUN.streamed(pieces)
        assert run == expected, text
        assert RUN.collected(pieces, least=rng.choice([0, 100, 1000])) == expected, text
        early += count
    assert early > 2 * DOCUMENTS  # else it would just be decoding whole texts


def test_seeded_damage_is_found() -> None:
    """What is broken for the oracle is broken for the stream, and nothing else is."""
    broken = 0
    for rng in seeds(1_000_000):
        text = damaged(rng, document(rng))
        expected = outcome(partial(RUN.whole, text))
        pieces = pieces_of(rng, text)
        streamed = outcome(partial(RUN.run_of, pieces))
        # msgspec does not look at the UTF-8 of what it skips, but does when it looks for nulls,
        # which the stream does element by element.
        assert streamed == expected or not is_utf8(text), text
        broken += not isinstance(expected, Run)
    assert broken > DOCUMENTS / 2


@pytest.mark.parametrize("name", ["run-cypress", "run-playwright"])
@pytest.mark.parametrize("size", [1, 2, 5, 64, 5000])
def test_samples_of_runs(name: str, size: int) -> None:
    text = (SAMPLES / f"{name}.json").read_bytes()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert RUN.streamed(pieces)[0] == RUN.whole(text)


@pytest.mark.parametrize("name", ["instance-cypress", "instance-playwright"])
@pytest.mark.parametrize("size", [1, 2, 5, 64, 5000])
def test_samples_of_instances(name: str, size: int) -> None:
    text = (SAMPLES / f"{name}.json").read_bytes()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert INSTANCE.streamed(pieces)[0] == INSTANCE.whole(text)


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
def test_truncated_at_every_byte(framework: Any) -> None:
    made = World(seed=3).project().run(specs=4, framework=framework)
    text = msgspec.json.encode({"status": "OK", "data": made.payload})
    for end in range(len(text)):
        half = end // 2
        with pytest.raises(UnexpectedBodyError):
            RUN.streamed([text[:half], text[half:end]])
    assert len(RUN.streamed([text])[0].specs) == 4


@pytest.mark.parametrize("framework", ["playwright", "cypress"])
def test_worlds_of_instances(framework: Any) -> None:
    made = (
        World(seed=5).project().run(specs=3, framework=framework, tests=80, failures=0.2, flaky=0.2)
    )
    for index in range(3):
        text = msgspec.json.encode({"status": "OK", "data": made.instance(index)})
        for size in (700, 4096, 65536):
            pieces = [text[start : start + size] for start in range(0, len(text), size)]
            instance, early = INSTANCE.streamed(pieces)
            assert instance == INSTANCE.whole(text)
            assert early > 70 or size == 65536


@given(st.integers(0, 2**32), st.data())
def test_any_split(seed: int, data: st.DataObject) -> None:
    text = document(random.Random(seed))  # noqa: S311 - reproducible, not secret
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=20))
    assert RUN.streamed(split(text, cuts))[0] == RUN.whole(text)


def envelope(specs: str, *, before: str = "", after: str = "") -> bytes:
    head = json.dumps(HEAD)[:-1]
    return f'{{"status":"OK","data":{head},{before}"specs":{specs}{after}}}}}'.encode()


class TestWhenElementsCome:
    def test_as_soon_as_the_next_one_begins(self) -> None:
        decoder = ElementDecoder(Run, SPECS, RunSpec)
        start = envelope('[{"spec":"a"},{"spec":"b"},{"spec":"c"}]')
        first = start.index(b'{"spec":"b"')
        assert decoder.feed(start[:first]) == []
        assert decoder.feed(start[first : first + 6]) == []
        assert decoder.feed(start[first + 6 : first + 7]) == [RunSpec(spec="a")]
        assert decoder.feed(start[first + 7 :]) == [RunSpec(spec="b")]
        last, run = decoder.flush()
        assert last == [RunSpec(spec="c")]
        assert run.run_id == "r"
        assert run.specs == ()

    @pytest.mark.parametrize("nulls", ["null,", " null , null,", "null,\n" * 16])
    def test_nulls_before_the_first_one_are_no_elements(self, nulls: str) -> None:
        run, _ = RUN.streamed([envelope(f'[{nulls}{{"spec":"a"}},null,{{"spec":"b"}}]')])
        assert [spec.spec for spec in run.specs] == ["a", "b"]
        more = ",".join('{"spec":"c"}' for _ in range(50))
        assert RUN.streamed([envelope(f"[{nulls}{more}]")])[1] == 49

    @pytest.mark.parametrize("specs", ["[]", "null", "[ ]", "[\n]"])
    def test_nothing_to_come(self, specs: str) -> None:
        run, early = RUN.streamed([bytes([byte]) for byte in envelope(specs)])
        assert run.specs == ()
        assert early == 0

    def test_the_key_may_be_escaped(self) -> None:
        text = envelope('[{"spec":"a"}]').replace(b'"specs"', b'"\\u0073pecs"')
        run, early = RUN.streamed([text])
        assert [spec.spec for spec in run.specs] == ["a"]
        assert early == 0

    @pytest.mark.parametrize(
        "decoy",
        [
            '"meta2":{"specs":[{"spec":"x"},{"spec":"y"}]},',
            '"a\\"specs":[{"spec":"x"},{"spec":"y"}],',
            '"specs2":[{"spec":"x"}],"note":"\\"specs\\":[{",',
            '"specs":null,',
        ],
    )
    def test_decoys_before_the_array(self, decoy: str) -> None:
        text = envelope('[{"spec":"a"},{"spec":"b"},{"spec":"c"}]', before=decoy)
        run, early = RUN.streamed([text[:-30], text[-30:]])
        assert [spec.spec for spec in run.specs] == ["a", "b", "c"]
        assert early > 0

    def test_an_array_of_the_same_name_in_another_place(self) -> None:
        text = (
            b'{"specs":[{"spec":"x"},{"spec":"y"},{"spec":"z"}],' + envelope('[{"spec":"a"}]')[1:]
        )
        run, early = RUN.streamed([bytes([byte]) for byte in text])
        assert [spec.spec for spec in run.specs] == ["a"]
        assert early == 0


class TestErrors:
    @pytest.mark.parametrize("number", [0, 1, 2, 57, 58, 59])
    @pytest.mark.parametrize("size", [10, 100, 100_000])
    def test_the_path_counts_from_the_start_of_the_array(self, number: int, size: int) -> None:
        class Narrowed(msgspec.Struct):
            spec: str
            tags: tuple[str, ...]

        specs: list[Any] = [{"spec": f"{index}.ts", "tags": []} for index in range(60)]
        specs[5] = None
        specs[number]["tags"] = {}
        text = envelope(json.dumps(specs, separators=(",", ":")))
        decoder = ElementDecoder(Run, SPECS, Narrowed)
        with pytest.raises(UnexpectedBodyError, match="Expected `array`, got `object`") as caught:
            _ = [decoder.feed(text[start : start + size]) for start in range(0, len(text), size)]
            decoder.flush()
        assert caught.value.path == f"$.data.specs[{number}].tags"

    def test_the_path_of_something_else(self) -> None:
        text = envelope('[{"spec":"a"},{"spec":"b"}]').replace(b'"r"', b"{}")
        with pytest.raises(UnexpectedBodyError) as caught:
            RUN.streamed([text[:120], text[120:]])
        assert caught.value.path == "$.data.runId"

    @pytest.mark.parametrize(
        "again",
        [
            ',"specs":[]',
            ',"\\u0073pecs":[]',
            ',"specs":null',
            '},"data":{"runId":"other"',
            # What else is odd in the end is mended, and then the array is looked for once more.
            ',"tags":null,"specs":[]',
            ',"tags":[5],"specs":5',
        ],
    )
    def test_the_array_comes_twice(self, again: str) -> None:
        text = envelope('[{"spec":"a"},{"spec":"b"}]', after=again)
        required = b'"runId":"other","projectId":"p","completionState":"COMPLETE","status":"PASSED"'
        text = text.replace(b'"runId":"other"', required)
        assert RUN.whole(text).specs == ()  # the last one counts
        with pytest.raises(UnexpectedBodyError, match="twice") as caught:
            RUN.streamed([text])
        assert caught.value.path == "$.data.specs"

    def test_the_name_of_the_array_behind_it_is_no_second_one(self) -> None:
        text = envelope(
            '[{"spec":"a"},{"spec":"b"}]', after=',"note":"specs","\\u0041":{"specs":[1]}'
        )
        run, early = RUN.streamed([text])
        assert [spec.spec for spec in run.specs] == ["a", "b"]
        assert early == 1

    def test_a_failure(self) -> None:
        with pytest.raises(RefusedBodyError, match="no luck"):
            RUN.streamed([b'{"status":"FAILED","error":"no luck"}'])

    def test_an_element_that_ends_early_is_no_other_element(self) -> None:
        """A cut inside a nested array of fixed length looks like an element of another type."""

        class Pair(msgspec.Struct):
            spec: str
            nested: tuple[dict[str, int], dict[str, int]]

        array = ArrayField(("specs",), Pair)
        one = '{"spec":"a","nested":[{"spec":1},{"spec":2}]}'
        text = envelope(f"[{one},{one}]")
        for cut in range(len(text)):
            decoder = ElementDecoder(Run, SPECS, Pair)
            elements = decoder.feed(text[:cut]) + decoder.feed(text[cut:])
            elements += decoder.flush()[0]
            assert len(elements) == 2, cut
        assert array.element is Pair


class TestNarrowing:
    class Name(msgspec.Struct, frozen=True, rename="camel"):
        spec: str
        instance_id: str | None = None

    def test_to_fewer_fields(self) -> None:
        made = World(seed=2).project().run(specs=300)
        text = msgspec.json.encode({"status": "OK", "data": made.payload})
        decoder = ElementDecoder(Run, SPECS, self.Name)
        early = [
            spec
            for start in range(0, len(text), 9000)
            for spec in decoder.feed(text[start : start + 9000])
        ]
        last, run = decoder.flush()
        assert early
        assert [(spec.spec, spec.instance_id) for spec in early + last] == [
            (spec.path, spec.instance_id) for spec in made.specs
        ]
        assert type(run) is Run
        assert run == msgspec.structs.replace(RUN.whole(text), specs=())

    def test_the_last_elements_are_of_that_type_too(self) -> None:
        decoder = ElementDecoder(Run, SPECS, self.Name)
        assert decoder.feed(envelope('[{"spec":"a"}]')) == []
        assert decoder.flush()[0] == [self.Name(spec="a")]

    def test_to_dictionaries(self) -> None:
        decoder = ElementDecoder(Run, SPECS, dict[str, str])
        early = decoder.feed(envelope('[{"spec":"a"},{"spec":"b"}]'))
        assert early + decoder.flush()[0] == [{"spec": "a"}, {"spec": "b"}]

    def test_a_field_that_is_missing(self) -> None:
        decoder = ElementDecoder(Run, SPECS, self.Name)
        with pytest.raises(UnexpectedBodyError, match="missing required field `spec`") as caught:
            decoder.feed(envelope('[{"spec":"a"},{"instanceId":"b"},{"spec":"c"}]'))
        assert caught.value.path == "$.data.specs[1]"


def nested_decoys() -> bytes:
    inner = ",".join('{"spec":1}' for _ in range(200_000))
    return envelope(f'[{{"spec":"a","nested":[{inner}]}},{{"spec":"b"}}]')


def decoys_behind_much_that_was_in_order() -> bytes:
    specs = ",".join('{"spec":"%s"}' % ("x" * 80) for _ in range(35_000))
    inner = ",".join('{"spec":1}' for _ in range(90_000))
    return envelope(f'[{specs},{{"spec":"a","nested":[{inner}]}},{{"spec":"b"}}]')


def decoys_before() -> bytes:
    before = '"decoys":[' + ",".join('{"specs":[1]}' for _ in range(200_000)) + "],"
    return envelope('[{"spec":"a"},{"spec":"b"}]', before=before)


def keys_before() -> bytes:
    before = '"decoys":[' + ",".join('{"specs":1}' for _ in range(200_000)) + "],"
    return envelope('[{"spec":"a"},{"spec":"b"}]', before=before)


def decoys_after() -> bytes:
    after = ',"decoys":[' + ",".join('{"spec":[1]}' for _ in range(200_000)) + "]"
    return envelope('[{"spec":"a"},{"spec":"b"}]', after=after)


def separators_in_strings() -> bytes:
    text = json.dumps('},{"spec":' * 200_000)
    return envelope(f'[{{"spec":"a","note":{text}}},{{"spec":"b"}}]')


def first_keys_that_never_repeat() -> bytes:
    return envelope("[" + ",".join(f'{{"k{n}":1,"spec":"a"}}' for n in range(100_000)) + "]")


def one_huge_string() -> bytes:
    return envelope('[{"spec":"a","note":"%s"},{"spec":"b"}]' % ("x" * 3_000_000))


def huge_string_before() -> bytes:
    before = '"note":"%s",' % ("x" * 3_000_000)
    return envelope('[{"spec":"a"},{"spec":"b"}]', before=before)


def endless_space() -> bytes:
    return envelope(" " * 1_000_000 + '[{"spec":"a"},{"spec":"b"}]')


HOSTILE = [
    nested_decoys,
    decoys_behind_much_that_was_in_order,
    decoys_before,
    keys_before,
    decoys_after,
    separators_in_strings,
    first_keys_that_never_repeat,
    one_huge_string,
    huge_string_before,
    endless_space,
]
BOUNDLESS = 1 << 60


class Parser:
    """Counts what a decoder hands to a parser: a machine's speed proves nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        self.calls = 0
        self.decoder: ElementDecoder[RunSpec, Run] = ElementDecoder(Run, SPECS, RunSpec)
        make_probe = scanner_module._probe_decoder
        array = self.decoder._array
        monkeypatch.setattr(array, "_decoder", self.counting(array._decoder))
        for name, make in (("envelope_decoder", envelope_decoder), ("_probe_decoder", make_probe)):
            monkeypatch.setattr(
                scanner_module, name, lambda kind, make=make: self.counting(make(kind))
            )

    def counting(self, decoder: Any) -> Any:
        parser = self

        class Counting:
            type = decoder.type

            @staticmethod
            def decode(text: Any) -> Any:
                parser.bytes += len(text)
                parser.calls += 1
                return decoder.decode(text)

        return Counting

    def run(self, text: bytes, size: int = 65536) -> Run:
        elements = [
            element
            for start in range(0, len(text), size)
            for element in self.decoder.feed(text[start : start + size])
        ]
        last, data = self.decoder.flush()
        whole: Run = SPECS.put(data, elements + last)
        return whole


@pytest.mark.parametrize("make", HOSTILE)
@pytest.mark.parametrize("alone", [False, True], ids=["all caps", "that of waste alone"])
def test_hostile_texts_waste_little(
    make: Callable[[], bytes],
    alone: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for cap in ("_MAX_DECOYS", "_MAX_MISSES", "_MAX_HEAD") if alone else ():
        monkeypatch.setattr(scanner_module, cap, BOUNDLESS)
    text = make()
    parser = Parser(monkeypatch)
    assert parser.run(text) == RUN.whole(text)
    assert parser.bytes <= 2 * len(text) + 128 * 1024


@pytest.mark.parametrize("make", [nested_decoys, decoys_before, decoys_after])
def test_hostile_texts_are_guessed_at_a_few_times_where_waste_is_no_matter(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner_module, "_WASTE", BOUNDLESS)
    parser = Parser(monkeypatch)
    text = make()
    assert parser.run(text, 4096) == RUN.whole(text)
    assert parser.calls <= 32 + 128 + 8


def test_a_guess_that_helps_makes_up_for_those_before() -> None:
    """One decoy for each element is what honest texts have: they stream to their end."""
    decoys = '[{"spec":1,"instanceId":2},{"spec":1,"instanceId":2}]'
    specs = [f'{{"spec":"{n}.ts","instanceId":"i","nested":{decoys}}}' for n in range(200)]
    text = envelope("[" + ",".join(specs) + "]")
    # First comes a true separator, and then alone one that is none.
    places = [match.end() for match in re.finditer(rb',{"spec":[^,]+,"instanceId":', text)]
    assert len(places) == 399
    run, early = RUN.streamed(split(text, places))
    assert len(run.specs) == 200
    assert early > 190
