"""`api`: any request, and all pages of lists."""

import io
import json
import os
import time
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
        envelope = json.loads(cli("api", "GET", "/projects", "-f", "limit=1").out)
        assert envelope["status"] == "OK"
        assert envelope["data"][0]["projectId"] == project.project_id
        assert service.requests[-1].query == [("limit", "1")]

    def test_all_pages_of_both_kinds(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        runs = [project.run(specs=1, tests=3).run_id for _ in range(5)]
        path = f"/projects/{project.project_id}/runs"
        rows = cli("api", "GET", path, "-f", "limit=2", "--paginate").rows
        assert [one["runId"] for one in rows] == runs[::-1]
        span = ("-f", "date_start=2026-01-01", "-f", "date_end=2026-02-01", "-f", "limit=2")
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
        out = cli("api", "POST", "/signature/test", "--input", "-").out
        assert "signature" in json.loads(out)["data"]

    def test_a_body_that_begins_with_a_byte_order_mark(
        self, service: FakeCurrents, project: WorldProject, tmp_path: Path
    ) -> None:
        body = {"projectId": project.project_id, "specFilePath": "a", "testTitle": "b"}
        path = tmp_path / "body.json"
        path.write_text(json.dumps(body), encoding="utf-8-sig")
        assert run(["api", "POST", "/signature/test", "--input", str(path)]) == 0

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["PATCH", "/projects"], "PATCH"),
            (["GET", "projects"], "must begin with a slash"),
            (["GET", "/projects", "-f", "limit"], "--raw-field must be NAME=VALUE, not 'limit'"),
            (["GET", "/projects", "-F", "=1"], "--field must be NAME=VALUE"),
            (["GET", "/projects", "-f", "tags[]"], "NAME=VALUE in a query"),
            (["POST", "/projects", "-f", "a[=1"], "'a[' must be like name, name[key]"),
            (["POST", "/projects", "-f", "a[][]=1"], "'a[][]' must be like"),
            (["POST", "/projects", "-f", "a=1", "-f", "a=2"], "'a' does not go with"),
            (["POST", "/projects", "-f", "a=1", "-f", "a[b]=2"], "'a[b]' does not go with"),
            (["POST", "/projects", "-F", "a=@-", "--input", "-"], "stdin can be read only once"),
            (["POST", "/projects", "--paginate"], "--paginate is for GET"),
            (["POST", "/projects", "--cache", "1h"], "--cache is for GET"),
            (["GET", "/projects", "--cache", "soon"], "--cache must be a span"),
            (["GET", "/projects", "-q", "data["], "--query 'data['"),
        ],
        ids=lambda value: value if isinstance(value, str) else " ".join(value),
    )
    def test_mistakes(
        self, service: FakeCurrents, cli: CommandLine, arguments: list[str], message: str
    ) -> None:
        assert message in cli("api", *arguments, code=2).err
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


class TestFields:
    def test_in_a_query_they_are_texts_in_their_order(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        path = f"/projects/{project.project_id}/runs"
        fields = ("-f", "status=FAILED", "-f", "status=PASSED", "-f", "tags[]=a", "-F", "limit=2")
        cli("api", "GET", path, *fields)
        assert service.requests[-1].query == [
            ("status", "FAILED"),
            ("status", "PASSED"),
            ("tags[]", "a"),
            ("limit", "2"),
        ]

    def test_in_json_they_are_nested_and_typed(
        self, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> None:
        """As `gh api` has it, from whose manual the last fields are."""
        (tmp_path / "text").write_text("true")
        service.fail(None, status=200, body=b"{}")
        cli(
            *("api", "POST", "/x", "-f", "raw=1", "-f", "empty[]", "-f", "with=a=b"),
            *("-F", "yes=true", "-F", "no=null", "-F", "count=-3", "-F", "id=007", "-F", "x=1.5"),
            *("-F", f"file=@{tmp_path / 'text'}", "-F", "deep[a][b]=1", "-F", "deep[c]=2"),
            *("-F", "p[][name]=env", "-F", "p[][values][]=staging", "-F", "p[][values][]=2"),
            *("-F", "p[][name]=next"),
        )
        assert json.loads(service.requests[-1].body) == {
            "raw": "1",
            "empty": [],
            "with": "a=b",
            "yes": True,
            "no": None,
            "count": -3,
            "id": "007",
            "x": "1.5",
            "file": "true",
            "deep": {"a": {"b": 1}, "c": 2},
            "p": [{"name": "env", "values": ["staging", 2]}, {"name": "next"}],
        }

    def test_beside_a_body_they_are_the_query(
        self, service: FakeCurrents, tmp_path: Path, cli: CommandLine
    ) -> None:
        (tmp_path / "body").write_text("[1]")
        service.fail(None, status=200, body=b"{}")
        cli("api", "POST", "/x", "--input", str(tmp_path / "body"), "-F", "a=1")
        assert service.requests[-1].query == [("a", "1")]
        assert service.requests[-1].body == b"[1]"


class TestQuery:
    def test_texts_are_printed_as_they_are_and_all_else_as_json(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        path = f"/projects/{project.project_id}"
        assert cli("api", "GET", path, "-q", "data.projectId").out == f"{project.project_id}\n"
        assert cli("api", "GET", path, "-q", "[status, nothing]").out == '["OK",null]\n'
        assert "length()" in cli("api", "GET", path, "-q", "length(`1`)", code=2).err

    def test_of_each_page(
        self, service: FakeCurrents, project: WorldProject, cli: CommandLine
    ) -> None:
        runs = [project.run(specs=1).run_id for _ in range(3)]
        path = f"/projects/{project.project_id}/runs"
        out = cli("api", "GET", path, "-f", "limit=2", "--paginate", "-q", "data[].runId").out
        assert out.splitlines() == runs[::-1]

    def test_a_response_that_is_no_json(self, service: FakeCurrents, cli: CommandLine) -> None:
        for option in (("-q", "a"), ("--paginate",)):
            service.fail(None, status=200, body=b"<p>")
            assert "is no JSON" in cli("api", "GET", "/x", *option, code=2).err


class TestInclude:
    def test_cookies_and_signatures_are_hidden(
        self, service: FakeCurrents, cli: CommandLine
    ) -> None:
        headers = {
            "Set-Cookie": "session=secret",
            "X-Link": "https://s.example/a?X-Amz-Signature=secret",
        }
        service.fail(None, status=200, body=b"{}", headers=headers)
        head, _, body = cli("api", "GET", "/x", "-i").out.partition("\n\n")
        assert head.startswith("HTTP/1.1 200 OK\n")
        assert "Set-Cookie: ***" in head
        assert "X-Link: https://s.example/a?[signature]" in head
        assert "secret" not in head
        assert body == "{}\n"

    def test_the_status_of_an_error(self, service: FakeCurrents, cli: CommandLine) -> None:
        out, err = cli("api", "GET", "/runs/unknown", "-i", code=3)
        assert out == "HTTP/1.1 404 Not Found\n\n"
        assert "404" in err


class TestCache:
    @pytest.fixture
    def folder(self, cache_folder: Path) -> Path:
        return cache_folder / "api"

    def test_responses_are_kept_for_a_time(
        self, service: FakeCurrents, folder: Path, cli: CommandLine
    ) -> None:
        def cached(*options: str) -> str:
            return cli("api", "GET", "/projects", "-i", "--cache", "1h", *options).out

        first = cached()
        assert cached() == first
        assert len(service.requests) == 1
        [file] = folder.iterdir()
        os.utime(file, (0, time.time() - 3601))
        assert cached()
        assert len(service.requests) == 2
        cached("-f", "limit=1")
        assert len(service.requests) == 3

    def test_files_are_the_users_own_and_have_no_key(
        self, service: FakeCurrents, folder: Path, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service.fail(None, status=200, body=b"{}", headers={"Set-Cookie": "session=secret"})
        cli("api", "GET", "/projects", "--cache", "1h")
        [file] = folder.iterdir()
        assert [path.stat().st_mode & 0o777 for path in (folder, file)] == [0o700, 0o600]
        for secret in (service.api_key, "secret"):
            assert secret not in file.name
            assert secret.encode() not in file.read_bytes()
        monkeypatch.setenv("CURRENTS_API_KEY", "another")
        cli("api", "GET", "/projects", "--cache", "1h", code=4)

    def test_old_and_broken_files(
        self, service: FakeCurrents, folder: Path, cli: CommandLine
    ) -> None:
        cli("api", "GET", "/projects", "--cache", "1h")
        [file] = folder.iterdir()
        file.write_bytes(b"broken")
        (folder / "old").touch()
        os.utime(folder / "old", (0, 0))
        assert "OK" in cli("api", "GET", "/projects", "--cache", "1h").out
        assert [*folder.iterdir()] == [file]

    def test_a_cache_that_cannot_be_written(
        self, service: FakeCurrents, folder: Path, cli: CommandLine
    ) -> None:
        folder.parent.touch()
        out, err = cli("api", "GET", "/projects", "--cache", "1h")
        assert "OK" in out
        assert "the response is not kept" in err
