"""Half an emoji, which JavaScript leaves where it cuts a text between two UTF-16 units."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire import envelope as envelope_module
from currents_async._wire.decoders import EnvelopeDecoder
from currents_async._wire.elements import ElementDecoder
from currents_async._wire.envelope import mend_surrogates
from currents_async.models import Instance, Run
from tests.wire.test_elements import HEAD, INSTANCE, RUN, SPECS


def without_halves(value: str) -> str:
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\uDE00"', rb'"\ufffd"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\uD83D\uDe00"', rb'"\uD83D\uDe00"'),
        (rb'"\ud83d\ud83d\ude00\ude00"', rb'"\ufffd\ud83d\ude00\ufffd"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\\\\ud83d"', rb'"\\\\ud83d"'),
        (rb'"\\ud83d\ude00"', rb'"\\ud83d\ufffd"'),
        (rb'"\"\ud83d\n"', rb'"\"\ufffd\n"'),
        (rb'"\ud83d\\ude00"', rb'"\ufffd\\ude00"'),
        (rb'{"\ud83d":["\udfff"]}', rb'{"\ufffd":["\ufffd"]}'),
        (b'"plain"', b'"plain"'),
    ],
)
def test_only_half_a_pair_is_replaced_and_by_as_many_bytes(text: bytes, mended: bytes) -> None:
    assert mend_surrogates(text) == mended
    assert mend_surrogates(bytearray(text)) == mend_surrogates(memoryview(text)) == mended
    assert len(mended) == len(text)


UNITS = st.lists(
    st.sampled_from([
        "\\",
        '"',
        "u",
        "d83d",
        "a",
        "\n",
        "\ud83d",
        "\ude00",
        "\U0001f600",
        "\\ud83d",
    ])
)


@given(UNITS)
def test_what_json_stringify_writes_of_any_text_is_read(units: list[str]) -> None:
    """The standard library is the oracle: it keeps the halves, which are replaced afterwards."""
    value = "".join(units)
    text = json.dumps(value).encode()
    mended = msgspec.json.decode(mend_surrogates(text))
    # Halves that the list has side by side are one character in UTF-16, to both.
    assert mended == without_halves(value)


@pytest.mark.parametrize(
    ("unit", "mended"),
    [(rb"\\", rb"\\"), (rb"\ud83d", rb"\ufffd"), (rb"\\ud83d", rb"\\ud83d")],
)
def test_a_text_of_nothing_but_escapes(unit: bytes, mended: bytes) -> None:
    assert mend_surrogates(unit * 300_000 + rb"-\ude00") == mended * 300_000 + rb"-\ufffd"


class TestReading:
    """The character alone is lost, wherever it stands."""

    def body(self, **fields: str) -> bytes:
        return json.dumps({"status": "OK", "data": {**HEAD, **fields}}).encode()

    @pytest.mark.parametrize("returns", [Run, Instance])
    def test_in_a_field_that_is_skipped(self, returns: type[Run | Instance]) -> None:
        decoder = EnvelopeDecoder(returns)
        decoder.feed(rb'{"status":"OK","data":{"instanceId":"i","unknown":{"\ud83d":"\ude00"},')
        decoder.feed(json.dumps(HEAD).encode()[1:] + b"}")
        assert isinstance(decoder.flush()[1], returns)

    def test_in_the_whole(self) -> None:
        run = RUN.whole(self.body(previousRunId="boom \ud83d"))
        assert run.previous_run_id == "boom \N{REPLACEMENT CHARACTER}"

    @pytest.mark.parametrize("size", [1, 7, 64, 10_000])
    def test_in_an_instance_of_which_tests_come_early(self, size: int) -> None:
        tests = [
            {"testId": f"t{n}", "title": ["\N{PILE OF POO}"], "displayError": "boom \ud83d"}
            for n in range(30)
        ]
        data = {"instanceId": "i", "spec": "\ude00", "results": {"tests": tests}}
        text = json.dumps({"status": "OK", "data": data}).encode()
        instance, early = INSTANCE.streamed([
            text[start : start + size] for start in range(0, len(text), size)
        ])
        assert instance == INSTANCE.whole(text)
        assert instance.spec == "\N{REPLACEMENT CHARACTER}"
        assert {test.display_error for test in instance.tests} == {"boom \N{REPLACEMENT CHARACTER}"}
        assert {test.title for test in instance.tests} == {("\N{PILE OF POO}",)}
        assert early > 20 or size == 10_000

    @pytest.mark.parametrize("place", ["before", "among", "behind"])
    def test_specs_still_come_before_the_end(self, place: str) -> None:
        specs = [{"spec": f"{n}.ts" + "\ud83d" * (place == "among")} for n in range(50)]
        data: dict[str, object] = {"meta": {"ciBuildId": "\ud83d" * (place == "before")}}
        data |= {**HEAD, "specs": specs, "previousRunId": "\ud83d" * (place == "behind")}
        text = json.dumps({"status": "OK", "data": data}).encode()
        run, early = RUN.streamed([text[:400], text[400:900], text[900:]])
        assert run == RUN.whole(text)
        assert early > 40

    def test_narrowed(self) -> None:
        class Name(msgspec.Struct):
            spec: str

        text = json.dumps({
            "status": "OK",
            "data": {**HEAD, "specs": [{"spec": "a\ud83d", "x": "\ude00"}] * 3},
        }).encode()
        decoder = ElementDecoder(Run, SPECS, Name)
        found = decoder.feed(text) + decoder.flush()[0]
        assert found == [Name("a\N{REPLACEMENT CHARACTER}")] * 3

    def test_a_clean_body_is_not_looked_through(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(envelope_module, "mend_surrogates", None)
        text = self.body(previousRunId="\N{PILE OF POO} \\ud83d")
        assert RUN.whole(text).previous_run_id == "\N{PILE OF POO} \\ud83d"
