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


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (b',"error":"no luck"', "no luck"),
        (b',"error":{"code":7}', r'\{"code":7\}'),
        (b"", "without a reason"),
    ],
    ids=["text", "JSON", "none"],
)
def test_a_failure_with_status_200_is_a_failure_with_its_reason(reason: bytes, shown: str) -> None:
    with pytest.raises(RefusedBodyError, match=shown):
        envelope(b'{"status":"FAILED"%s}' % reason)


@pytest.mark.parametrize(
    ("text", "reason", "path"),
    [
        (b'{"status":"OK"}', "no data", "$.data"),
        (b"{}", "no data", "$.data"),
        (b'{"status":"OK","data":null}', "no data", "$.data"),
        (b"", "empty", None),
        (b"  \n", "empty", None),
        (b"<html>504</html>", "HTML", None),
        (b"\n<!DOCTYPE html>", "HTML", None),
        (b'{"status":"OK","data":{', "not JSON: Input data was truncated", None),
        (b'{"status":"OK"} x', "not JSON", None),
        (b'{"status":"\xff"}', "not JSON", None),
        (b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply", None),
    ],
)
def test_what_is_no_envelope_with_data(text: bytes, reason: str, path: str | None) -> None:
    with pytest.raises(UnexpectedBodyError, match=reason) as caught:
        envelope(text)
    assert caught.value.path == path


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
