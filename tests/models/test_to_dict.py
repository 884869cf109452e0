"""Models as dicts, and in the responses of FastAPI."""

import json
from datetime import date
from typing import Any, Literal

import jsonschema
import msgspec
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from currents_async._wire.decoders import decoder_for
from currents_async._wire.opened import opened
from currents_async.models import Action, Commit, Run, RunMeta, Webhook
from currents_async.models._json_schema import schema_of
from currents_async.models._model import Model, SecretModel
from tests.models.test_samples import ENDPOINTS
from tests.sweep.documents import OPERATIONS_OF_SAMPLES, SAMPLES


class Alert(BaseModel):
    """What a service with pydantic makes of a run."""

    run: Run
    text: str = ""


class Comment(Model, frozen=True, gc=False, kw_only=True):
    replies: "tuple[Comment, ...]" = ()


def sampled(name: str) -> Any:
    decoder = decoder_for(ENDPOINTS[OPERATIONS_OF_SAMPLES[name]], keep_extra=True)()
    decoder.feed((SAMPLES / f"{name}.json").read_bytes())
    _, data = decoder.flush()
    return getattr(data, "items", data if isinstance(data, tuple | list) else [data])


@pytest.mark.parametrize("name", sorted(OPERATIONS_OF_SAMPLES))
def test_names_of_fields_have_the_values_of_the_wire(name: str) -> None:
    for model in sampled(name):
        plain = model.to_dict(snake_case=True)
        assert json.loads(json.dumps(plain)) == plain
        assert renamed(model, plain) == model.to_dict()


def renamed(model: Any, plain: Any) -> Any:
    """Put the names of the wire into what has those of the fields."""
    if isinstance(model, Model):
        extra = plain.get("extra", {})
        names = [one for one in msgspec.structs.fields(type(model)) if one.name in plain]
        values = {
            one.encode_name: renamed(getattr(model, one.name), plain[one.name])
            for one in names
            if one.name != "extra"
        }
        return {**values, **extra}
    if isinstance(model, tuple):
        return [renamed(one, other) for one, other in zip(model, plain, strict=True)]
    return plain


def test_what_is_extra_is_apart() -> None:
    action = msgspec.json.decode(b'{"actionId":"a","colourOfIt":{"dark":true}}', type=Action)
    assert action.to_dict(snake_case=True)["extra"] == action.extra
    whole: Any = opened(Run)
    run = whole(run_id="r", extra={"newName": 1})
    assert run.to_dict(snake_case=True)["extra"] == {"newName": 1}
    assert run.to_dict()["newName"] == 1


def test_pydantic_takes_models_as_they_are() -> None:
    run = Run(run_id="r", meta=RunMeta(commit=Commit(branch="main")))
    alert = Alert(run=run)
    assert alert.run is run
    assert json.loads(alert.model_dump_json())["run"] == run.to_dict()
    shown = Alert.model_json_schema()["properties"]["run"]
    assert (shown["title"], shown["properties"]["runId"]) == ("Run", {"type": "string"})
    with pytest.raises(ValidationError, match="instance of Run"):
        Alert(run="r")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(OPERATIONS_OF_SAMPLES))
def test_the_schema_of_a_service_describes_its_responses(name: str) -> None:
    for model in sampled(name):
        if not isinstance(model, SecretModel):
            schema = TypeAdapter(type(model)).json_schema(mode="serialization")
            jsonschema.validate(model.to_dict(), schema)
            assert schema["properties"].keys() >= model.to_dict().keys() - model.extra.keys()


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (tuple[date, ...], {"type": "array", "items": {"type": "string", "format": "date"}}),
        (object, {}),
    ],
)
def test_schemas_of_fields(kind: Any, schema: object) -> None:
    model = msgspec.defstruct("Card", [("field", kind)])
    assert schema_of(model, "(extra)")["properties"]["field"] == schema


def test_the_schema_of_a_model_inside_itself_ends() -> None:
    child = schema_of(Comment, "(extra)")["properties"]["replies"]["items"]
    assert child == {"type": "object", "title": "Comment"}


def test_pydantic_does_not_take_a_secret() -> None:
    with pytest.raises(TypeError, match="contains a secret: pass its headers_json on if"):
        TypeAdapter(Webhook)
