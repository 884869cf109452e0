"""What the other official clients send: a command line, a GitHub Action, an editor's extension."""

from tests.cli.official.row import CURSORS, FETCH, RANGE, REFUSAL, Client, Row

_JSON = {"Content-Type": "application/json"}

# `@currents/cmd`, from npm: `currents api get-run` is its one command for the REST API.
CMD = Client(
    "cmd-1.10.0",
    [
        Row("GET /runs/find?projectId=$project&branch=main"),
        Row("GET /runs/find?projectId=$project&ciBuildId=$ci_build"),
        Row("GET /runs/find?projectId=$project&tag%5B%5D=smoke&tag%5B%5D=ci"),
        Row(
            "GET /runs/find?projectId=$project&branch=main&tag%5B%5D=nightly&pwLastRun=true",
            reads=("data.pwLastRun.status", "data.pwLastRun.failedTests[]"),
        ),
        Row("GET /runs/find?projectId=$project&branch=nope", status=404, reads=REFUSAL),
    ],
    headers={
        "User-Agent": "axios/1.18.1",
        "Accept": "application/json, text/plain, */*",
        "Accept-Encoding": "gzip, compress, deflate, br",
        "x-cmd-version": "1.10.0",
        **_JSON,
    },
)

_FILE = '{"name":"docker.zip","type":"attachment","contentType":"application/zip","sizeBytes":9}'
_BUILD = '"projectId":"$project","ciBuildId":"$ci_build"'
_DECLARED = ("data.attachments[].uploadUrl", "data.attachments[].uploadHeaders")
_SESSION = '{"projectId":"$project","title":"t","status":"failed"'

# The same of November: from the sources and the tests of `session` and `run attach`.
CMD_NOVEMBER = Client(
    "cmd-2026-11",
    [
        Row(
            "POST /sessions",
            f'{_SESSION},"error":"boom","tags":["a","b"],"pr":{{"id":"7"}},'
            '"ci":{"provider":null,"params":{}}}',
            201,
            ("data.sessionId",),
        ),
        Row(
            "POST /sessions",
            f'{_SESSION},"pr":{{"link":"https://github.com/org/repo/pull/12"}},'
            '"commit":{"sha":"f00","branch":"main","message":"m"},'
            '"ci":{"provider":"githubActions","params":{"githubRunId":"100"}}}',
            201,
            ("data.sessionId",),
        ),
        Row(
            "POST /sessions/$session/attachments",
            '{"attachments":[{"name":"before.png","type":"screenshot","contentType":"image/png",'
            '"sizeBytes":9,"caption":"before","meta":{"step":"1"}}]}',
            201,
            (*_DECLARED, "data.uploadExpiresInSeconds"),
        ),
        Row(
            "POST /share",
            '{"sessionId":"$session","purpose":"report","expiresInDays":7}',
            201,
            ("data.url", "data.pageUrl", "data.expiresAt"),
        ),
        Row(
            "POST /runs/attachments",
            f'{{{_BUILD},"machineId":"shard-1","attachments":[{_FILE}]}}',
            201,
            ("data.level", *_DECLARED),
        ),
        Row(
            "POST /runs/attachments",
            f'{{{_BUILD},"spec":"$spec_file","testTitle":"$test_title","attempt":0,'
            f'"attachments":[{_FILE}]}}',
            201,
            ("data.level", *_DECLARED),
        ),
        Row(
            "POST /runs/attachments",
            '{"projectId":"$project","ci":{"provider":"githubActions","params":{"githubRunId":"1"}},'
            f'"attachments":[{_FILE}]}}',
            404,
            REFUSAL,
        ),
        Row("POST /sessions", f"{_SESSION}}}", 201, ("data.sessionId",)),
    ],
    headers={**CMD.headers, "x-currents-key": "$record_key"},
)

_CANCEL = '{{\n  "githubRunId": "{}",\n  "githubRunAttempt": "1"\n}}'

# `currents-dev/cancel-run-gh-action` at v1. That a run is not there is no failure of the action.
ACTION = Client(
    "cancel-run-gh-action-v1",
    [
        Row("PUT /runs/cancel-ci/github", _CANCEL.format("$github_run")),
        Row("PUT /runs/cancel-ci/github", _CANCEL.format("1"), status=404, reads=REFUSAL),
    ],
    headers={"User-Agent": "cancel-currents-run-action", "Accept": "application/json", **_JSON},
)

# `currents-dev/ide-extension` of 2026-04-23: the API client in there.
EXTENSION = Client(
    "ide-extension-0.0.1",
    [
        Row("GET /projects?limit=50", reads=CURSORS),
        Row("GET /projects?limit=1&starting_after=$project_cursor", reads=CURSORS),
        Row(
            "GET /projects/$project/runs?limit=1",
            reads=(
                "data[].runId",
                "data[].createdAt",
                "data[].completionState",
                "data[].status",
                "data[].meta.commit.branch",
                "data[].groups[].tests.flaky",
                *CURSORS,
            ),
        ),
        Row(
            "GET /projects/$project/runs?limit=15&starting_after=$run_cursor&branches%5B%5D=main"
            "&branches%5B%5D=feature%2F1&authors%5B%5D=a&tags%5B%5D=ci&tags%5B%5D=smoke"
            "&tag_operator=AND&status=PASSED&status=FAILED"
        ),
        Row(
            "GET /runs/$run",
            reads=(
                "data.completionState",
                "data.groups[].tests.passes",
                "data.groups[].tests.overall",
                "data.specs[].completedAt",
                "data.specs[].results.stats.failures",
                "data.specs[].results.stats.flaky",
                "data.specs[].results.stats.wallClockDuration",
            ),
        ),
        Row(
            "GET /instances/$instance",
            reads=(
                "data.results.stats.tests",
                "data.results.tests[].testId",
                "data.results.tests[].title",
                "data.results.tests[].attempts[].state",
                "data.results.playwrightTraces[].traceURL",
            ),
        ),
        Row(
            f"GET /tests/$project?{RANGE}&page=0&limit=20&order=flakinessXSamples&dir=desc",
            reads=("data.list[].metrics.flakinessVolume", "data.total", "data.nextPage"),
        ),
        Row("GET /context?instance_id=$instance&test_id=$test&format=md&attempt=0", reads=()),
        Row("GET /context?instance_id=$instance&test_id=$test&format=json&detail=summary"),
        Row("GET /context?run_id=$run&format=md&limit=25", reads=()),
        Row("GET /context?run_id=$run&format=json&detail=summary&limit=5"),
    ],
    headers={"User-Agent": "node", "Accept": "*/*", **FETCH, **_JSON},
)
