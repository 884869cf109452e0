"""What the operations of actions send."""

from datetime import UTC, date, datetime, timedelta, timezone

from currents_async.models import Effect, Matcher, when
from tests.rows.row import Row

ACTION = {"actionId": "a"}
DAY = date(2026, 1, 31)
MOMENT = datetime(2026, 1, 31, 13, 30, tzinfo=timezone(timedelta(hours=2)))

ROWS = [
    Row("listActions", lambda c: c.actions.list(), "GET", "/actions?projectId=default", data=[]),
    Row(
        "listActions",
        lambda c: c.actions.list("p", status=["active", "expired"], search="a b"),
        "GET",
        "/actions?projectId=p&status=active&status=expired&search=a%20b",
        data=[ACTION],
    ),
    Row(
        "createAction",
        lambda c: c.actions.create(
            "n", action=[Effect.skip()], matcher=Matcher.all(when.file.eq("a.spec.ts"))
        ),
        "POST",
        "/actions?projectId=default",
        b'{"name":"n","action":[{"op":"skip"}],"matcher":{"op":"AND",'
        b'"cond":[{"type":"file","op":"eq","value":"a.spec.ts"}]}}',
        data=ACTION,
        status=201,
    ),
    Row(
        "createAction",
        lambda c: c.actions.create(
            "n",
            action=[Effect.quarantine(), Effect.tag("slow", "eu")],
            matcher=Matcher.any(
                when.git_branch.in_(["main", "dev"]),
                when.error_message.includes("timed\nout"),
                when.tag.empty(),
            ),
            description="two\nlines",
            expires_after=MOMENT,
            project_id="p/1",
        ),
        "POST",
        "/actions?projectId=p%2F1",
        b'{"name":"n","description":"two\\nlines",'
        b'"action":[{"op":"quarantine"},{"op":"tag","details":{"tags":["slow","eu"]}}],'
        b'"matcher":{"op":"OR","cond":[{"type":"git_branch","op":"in","value":["main","dev"]},'
        b'{"type":"error_message","op":"inc","value":"timed\\nout"},'
        b'{"type":"tag","op":"empty","value":null}]},'
        b'"expiresAfter":"2026-01-31T11:30:00.000Z"}',
        data=ACTION,
        status=201,
    ),
    Row("getAction", lambda c: c.actions.get("a#1"), "GET", "/actions/a%231", data=ACTION),
    Row(
        "updateAction",
        lambda c: c.actions.update("a", name="n"),
        "PUT",
        "/actions/a",
        b'{"name":"n"}',
        data=ACTION,
    ),
    Row(
        "updateAction",
        lambda c: c.actions.update("a", expires_after=None, description=None),
        "PUT",
        "/actions/a",
        b'{"description":null,"expiresAfter":null}',
        data=ACTION,
    ),
    Row(
        "updateAction",
        lambda c: c.actions.update(
            "a",
            name="n",
            description="",
            action=[Effect.tag("slow")],
            matcher=Matcher.all(when.test_id.neq("t")),
            expires_after=DAY,
        ),
        "PUT",
        "/actions/a",
        b'{"name":"n","description":"","action":[{"op":"tag","details":{"tags":["slow"]}}],'
        b'"matcher":{"op":"AND","cond":[{"type":"testId","op":"neq","value":"t"}]},'
        b'"expiresAfter":"2026-01-31T00:00:00.000Z"}',
        data=ACTION,
    ),
    Row("deleteAction", lambda c: c.actions.delete("a"), "DELETE", "/actions/a"),
    Row("enableAction", lambda c: c.actions.enable("a"), "PUT", "/actions/a/enable", data=ACTION),
    Row(
        "disableAction", lambda c: c.actions.disable("a"), "PUT", "/actions/a/disable", data=ACTION
    ),
    Row(
        "listAffectedTests",
        lambda c: c.actions.affected_tests(date_start=DAY, date_end=DAY),
        "GET",
        "/actions/tests?projectId=default&date_start=2026-01-31&date_end=2026-01-31"
        "&page=0&limit=50",
    ),
    Row(
        "listAffectedTests",
        lambda c: c.actions.affected_tests(
            "p",
            date_start=MOMENT,
            date_end=MOMENT.astimezone(UTC),
            search="s t",
            action_type=["skip", "tag"],
            action_id="a",
            dir="asc",
            status=["active", "archived"],
            page_size=100,
            prefetch=True,
        ),
        "GET",
        "/actions/tests?projectId=p&date_start=2026-01-31T11%3A30%3A00.000Z"
        "&date_end=2026-01-31T11%3A30%3A00.000Z&search=s%20t&action_type=skip&action_type=tag"
        "&action_id=a&dir=asc&status=active&status=archived&page=0&limit=100",
    ),
    Row(
        "getAffectedTestExecutions",
        lambda c: c.actions.executions("s", date_start=DAY, date_end=DAY),
        "GET",
        "/actions/tests/s?projectId=default&date_start=2026-01-31&date_end=2026-01-31&limit=50",
        data=[],
    ),
    Row(
        "getAffectedTestExecutions",
        lambda c: c.actions.executions(
            "s 1",
            date_start=DAY,
            date_end=MOMENT,
            search="x",
            project_id="p",
            page_size=5,
            start="cursor",
            reverse=True,
        ),
        "GET",
        "/actions/tests/s%201?projectId=p&date_start=2026-01-31"
        "&date_end=2026-01-31T11%3A30%3A00.000Z&search=x&limit=5&ending_before=cursor",
        data=[],
    ),
    Row(
        "getAffectedTestExecutionsByAction",
        lambda c: c.actions.executions_by_action("a", date_start=DAY, date_end=DAY),
        "GET",
        "/actions/a/tests?date_start=2026-01-31&date_end=2026-01-31&limit=50",
        data=[],
    ),
    Row(
        "getAffectedTestExecutionsByAction",
        lambda c: c.actions.executions_by_action(
            "a", date_start=DAY, date_end=MOMENT, search="x", page_size=5, start="cursor"
        ),
        "GET",
        "/actions/a/tests?date_start=2026-01-31&date_end=2026-01-31T11%3A30%3A00.000Z"
        "&search=x&limit=5&starting_after=cursor",
        data=[],
    ),
]
