import msgspec
import pytest

from currents_async._wire.decoders import EnvelopeDecoder
from currents_async.models import JiraIssue, JiraIssueType, JiraProject, NumberedPage


def test_projects() -> None:
    row = {"id": "10000", "key": "SHOP", "name": "Web shop", "avatarUrls": {"16x16": "u"}}
    decoder = EnvelopeDecoder(NumberedPage[JiraProject])
    data = {"list": [row], "total": 7, "nextPage": 1}
    decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
    page = decoder.flush()[1]
    [project] = page.items
    assert (project.id, project.key, project.name) == ("10000", "SHOP", "Web shop")
    assert project.extra == {"avatarUrls": {"16x16": "u"}}
    assert project.to_dict() == row
    assert (page.total, page.has_more) == (7, True)


@pytest.mark.parametrize("kind", [JiraIssueType, JiraIssue])
def test_what_is_not_documented_is_kept(kind: type[JiraIssueType] | type[JiraIssue]) -> None:
    data = {"id": "10001", "customFields": [{"fieldId": "f", "required": True}], "url": None}
    decoder = EnvelopeDecoder(kind)
    decoder.feed(msgspec.json.encode({"status": "OK", "data": data}))
    item = decoder.flush()[1]
    assert item.id == "10001"
    assert item.extra == {"customFields": [{"fieldId": "f", "required": True}], "url": None}


@pytest.mark.parametrize("kind", [JiraProject, JiraIssueType, JiraIssue])
def test_nothing_is_needed(kind: type[JiraProject]) -> None:
    assert msgspec.convert({"id": None}, kind) == kind()
