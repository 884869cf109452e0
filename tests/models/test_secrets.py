"""Models with secrets: read on purpose, and shown nowhere."""

import copy
import pickle

import msgspec
import pytest

from currents_async._wire.opened import opened
from currents_async.models import (
    CreatedProject,
    DeclaredAttachment,
    Share,
    TraceLink,
    Webhook,
)
from currents_async.models._model import SecretModel

SECRET = "FTfOjTRMQvCiFtiv"
URL = f"https://host.example/{SECRET}"
MODELS = [
    Share(url=URL, page_url=URL),
    TraceLink(url=URL),
    CreatedProject(project_id="p", record_key=SECRET),
    DeclaredAttachment(attachment_id="a", upload_url=URL, upload_headers={"X-Token": SECRET}),
    Webhook(hook_id="h", headers_json=f'{{"X-Secret":"{SECRET}"}}'),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_a_secret_is_shown_nowhere(model: SecretModel) -> None:
    for shown in (repr(model), str([model]), f"{model}", repr(model.__rich_repr__())):
        assert "[secret]" in shown
        assert SECRET not in shown
    with pytest.raises(TypeError, match="cannot be pickled, for it contains a secret"):
        pickle.dumps(model)
    assert copy.copy(model) == copy.deepcopy([model])[0] == model
    assert SECRET.encode() in model.to_json()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_what_is_new_beside_a_secret_is_not_shown_either(model: SecretModel) -> None:
    whole = opened(type(model))(**msgspec.structs.asdict(model) | {"extra": {"viewUrl": [URL]}})
    for shown in (repr(whole), repr(whole.__rich_repr__()), whole._repr_html_()):
        assert SECRET not in shown
    assert "viewUrl" in repr(whole.__rich_repr__())


def test_a_secret_that_is_not_there_is_shown_as_none() -> None:
    assert "record_key=None" in repr(CreatedProject(project_id="p"))
