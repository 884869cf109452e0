"""`api`: any request, and all pages of lists."""

import io
import json
from pathlib import Path

import pytest

from currents_async.cli._app import run
from currents_async.testing import FakeCurrents, WorldProject, WorldRun
from tests.cli.stdio import CommandLine


def cursors(*following: str) -> object:
    """A page whose items lead on."""
    items = [{"cursor": cursor} for cursor in following]
    return {"status": "OK", "has_more": True, "data": items}


def numbered(number: object, *items: str) -> object:
    """A page that names the next one."""
    return {
        "status": "OK",
        "data": {"list": [{"cursor": one} for one in items], "nextPage": number},
    }


class TestApi:
    def test_a_response_is_printed_unchanged(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        envelope = json.loads(cli("api", "GET", "/projects", "-q", "limit=1").out)
        assert envelope["status"] == "OK"
        assert envelope["data"][0]["projectId"] == project.project_id
        assert service.requests[-1].query == [("limit", "1")]

    def test_all_pages_of_both_kinds(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        runs = [project.run(specs=1, tests=3).run_id for _ in range(5)]
        path = f"/projects/{project.project_id}/runs"
        rows = cli("api", "GET", path, "-q", "limit=2", "--paginate").rows
        assert [one["runId"] for one in rows] == runs[::-1]
        span = ("-q", "date_start=2026-01-01", "-q", "date_end=2026-02-01", "-q", "limit=2")
        path = f"/tests/{project.project_id}"
        signatures = [one["signature"] for one in cli("api", "GET", path, *span, "--paginate").rows]
        assert len(signatures) == len(set(signatures)) == 3

    def test_a_body(
        self,
        service: FakeCurrents,
        project: WorldProject,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        body = {"projectId": project.project_id, "specFilePath": "a", "testTitle": "b"}
        stdin = io.TextIOWrapper(io.BytesIO(json.dumps(body).encode()))
        monkeypatch.setattr("sys.stdin", stdin)
        out = cli("api", "POST", "/signature/test", "--body", "-").out
        assert "signature" in json.loads(out)["data"]

    def test_a_body_that_begins_with_a_byte_order_mark(
        self, service: FakeCurrents, project: WorldProject, tmp_path: Path
    ) -> None:
        body = {"projectId": project.project_id, "specFilePath": "a", "testTitle": "b"}
        path = tmp_path / "body.json"
        path.write_text(json.dumps(body), encoding="utf-8-sig")
        assert run(["api", "POST", "/signature/test", "--body", str(path)]) == 0

    @pytest.mark.parametrize(
        "arguments",
        [
            ["PATCH", "/projects"],
            ["GET", "projects"],
            ["GET", "/projects", "-q", "limit"],
            ["POST", "/projects", "--paginate"],
        ],
        ids=" ".join,
    )
    def test_mistakes(self, service: FakeCurrents, arguments: list[str]) -> None:
        assert run(["api", *arguments]) == 2
        assert service.requests == []

    @pytest.mark.parametrize(
        ("pages", "items", "message"),
        [
            ([cursors("A"), cursors("B")] * 3, ["A", "B"], "lead in a circle, at A"),
            ([cursors("A")] * 3, ["A"], "lead in a circle, at A"),
            ([numbered(number, "same") for number in range(1, 99)], ["same"], "had nothing new"),
            ([numbered(1, "a"), numbered(1, "b")], ["a", "b"], "lead in a circle, at 1"),
            ([numbered(number) for number in range(1, 99)], [], "20 pages of /x in a row"),
        ],
        ids=["two cursors", "one cursor", "ignored number", "one number", "empty"],
    )
    def test_pages_without_an_end_are_an_error(
        self,
        service: FakeCurrents,
        cli: CommandLine,
        pages: list[object],
        items: list[str],
        message: str,
    ) -> None:
        for page in pages:
            service.fail(None, status=200, body=json.dumps(page).encode())
        out, err = cli("api", "GET", "/x", "--paginate", code=1)
        assert [json.loads(line)["cursor"] for line in out.splitlines()] == items
        assert message in err
        assert len(service.requests) <= 21

    def test_a_few_pages_without_anything_new_are_skipped(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        for page in (numbered(1, "a"), numbered(2), numbered(3, "a"), numbered(None, "b")):
            service.fail(None, status=200, body=json.dumps(page).encode())
        assert [one["cursor"] for one in cli("api", "GET", "/x", "--paginate").rows] == ["a", "b"]

    def test_page_numbers_as_javascript_writes_them(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        pages = [numbered(1.0, "a"), numbered(number=True), numbered(3, "b"), numbered(0, "c")]
        for page in pages:
            service.fail(None, status=200, body=json.dumps(page).encode())
        rows = cli("api", "GET", "/x", "--paginate").rows
        assert [one["cursor"] for one in rows] == ["a", "b", "c"]
        asked = [dict(request.query).get("page") for request in service.requests]
        assert asked == [None, "1", "2", "3"]

    def test_a_last_item_without_a_cursor_is_an_error(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        page = {"status": "OK", "data": [{"runId": "r"}], "has_more": True}
        service.fail(None, status=200, body=json.dumps(page).encode())
        assert "the last item has no cursor" in cli("api", "GET", "/x", "--paginate", code=1).err

    def test_json_is_indented_on_a_terminal(
        self,
        service: FakeCurrents,
        project: WorldProject,
        cli: CommandLine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        out = cli("api", "GET", f"/projects/{project.project_id}").out
        assert out.startswith('{\n  "status": "OK",\n  "data": {\n')
        assert json.loads(out)["data"]["projectId"] == project.project_id

    @pytest.mark.parametrize("body", [b"not \xff\x1b[2J JSON", b'{"a":"\xe2\x80\xae\xc2\x9b"}'])
    def test_no_response_draws_on_a_terminal(
        self, service: FakeCurrents, cli: CommandLine, monkeypatch: pytest.MonkeyPatch, body: bytes
    ) -> None:
        monkeypatch.setattr("sys.stdout.isatty", lambda: True)
        service.fail(None, status=200, body=body)
        assert cli("api", "GET", "/x").out.replace("\n", "").isprintable()

    def test_a_response_without_pages(self, made: WorldRun, cli: CommandLine) -> None:
        assert "no list" in cli("api", "GET", f"/runs/{made.run_id}", "--paginate", code=2).err
        cli("api", "GET", "/runs/unknown", code=3)
