import msgspec

from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.models import FailureContext


def test_everything_is_kept() -> None:
    data = {"level": "run", "run": {"runId": "r"}, "failures": [{"error": None}], "page": 0}
    decoder = EnvelopeDecoder(FailureContext)
    decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
    context = decoder.flush()[1]
    assert context.extra == data
    assert context.to_dict() == FailureContext().to_dict() | data
    assert list(context.extra) == list(data)
