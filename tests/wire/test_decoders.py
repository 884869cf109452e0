import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from currents_async._wire.body_errors import RefusedBodyError, UnexpectedBodyError
from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.models import Instance, Run


def envelope(text: bytes, returns: type[Run] | type[Instance] = Run) -> Run | Instance:
    decoder = EnvelopeDecoder(returns)
    for start in range(0, len(text), 10):
        decoder.feed(text[start : start + 10])
    return decoder.flush()[1]


RUN = b'"runId":"r","projectId":"p","completionState":"COMPLETE","status":"PASSED"'


def test_data_of_the_envelope() -> None:
    run = envelope(b'{"status":"OK","data":{' + RUN + b"}}")
    assert isinstance(run, Run)
    assert run.run_id == "r"


def test_a_failure_with_status_200_is_a_failure() -> None:
    with pytest.raises(RefusedBodyError, match="no luck"):
        envelope(b'{"status":"FAILED","error":"no luck"}')


def test_a_failure_whose_reason_is_no_text_is_shown_as_json() -> None:
    with pytest.raises(RefusedBodyError, match=r'\{"code":7\}'):
        envelope(b'{"status":"FAILED","error":{"code":7}}')


def test_a_failure_without_a_reason() -> None:
    with pytest.raises(RefusedBodyError, match="without a reason"):
        envelope(b'{"status":"FAILED"}')


@pytest.mark.parametrize("text", [b'{"status":"OK"}', b"{}", b'{"status":"OK","data":null}'])
def test_no_data(text: bytes) -> None:
    with pytest.raises(UnexpectedBodyError, match="no data") as caught:
        envelope(text)
    assert caught.value.path == "$.data"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<html>504</html>", "HTML"),
        (b"\n<!DOCTYPE html>", "HTML"),
        (b'{"status":"OK","data":{', "not JSON: Input data was truncated"),
        (b'{"status":"OK"} x', "not JSON"),
        (b'{"status":"\xff"}', "not JSON"),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ],
)
def test_what_is_no_json(text: bytes, reason: str) -> None:
    with pytest.raises(UnexpectedBodyError, match=reason) as caught:
        envelope(text)
    assert caught.value.path is None


@pytest.mark.parametrize(
    ("data", "reason", "path"),
    [
        ("{}", "missing required field `runId`", "$.data"),
        ('{"runId":null}', "missing required field `runId`", "$.data"),
        ('{"runId":{},"projectId":7}', "Expected `str`, got `object`", "$.data.runId"),
        ("[]", "Expected `object`, got `array`", "$.data"),
        ('"x"', "Expected `object`, got `str`", "$.data"),
    ],
)
def test_what_says_of_nothing_which_it_is_is_refused(data: str, reason: str, path: str) -> None:
    with pytest.raises(UnexpectedBodyError, match=reason) as caught:
        envelope(b'{"status":"OK","data":%s}' % data.encode())
    assert caught.value.path == path


def test_a_null_where_there_is_no_room_for_one_counts_as_absent() -> None:
    text = (
        b'{"status":"OK","data":{' + RUN + b',"tags":null,"specs":[{"spec":null,"tags":null,'
        b'"results":{"stats":{"tests":null,"failures":2},"screenshots":null}}],"groups":null}}'
    )
    run = envelope(text)
    assert isinstance(run, Run)
    assert run.tags == ()
    assert run.groups == ()
    [spec] = run.specs
    assert spec.spec == ""
    assert spec.failed
    assert spec.results is not None
    assert spec.results.stats is not None
    assert spec.results.stats.tests == 0


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_json_is_a_model_or_a_fault(value: object) -> None:
    text = msgspec.json.encode({"status": "OK", "data": {"instanceId": "i", "results": value}})
    try:
        result = envelope(text, Instance)
    except UnexpectedBodyError as fault:
        assert fault.path is not None  # noqa: PT017 - either outcome is right
        assert fault.path.startswith("$")  # noqa: PT017
    else:
        assert isinstance(result, Instance)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_fault(text: bytes) -> None:
    with pytest.raises((UnexpectedBodyError, RefusedBodyError)) as caught:
        envelope(text)
    if isinstance(caught.value, RefusedBodyError):
        # Chance does find `{"status":"FAILED"}`.
        assert msgspec.json.decode(text)["status"] == "FAILED"
