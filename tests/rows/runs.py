"""What the operations of runs and instances send."""

from tests.rows.row import RUN, Row

ROWS = [
    Row("getRun", lambda c: c.runs.get("r 1"), "GET", "/runs/r%201", data=RUN),
    Row("findRun", lambda c: c.runs.find("p"), "GET", "/runs/find?projectId=p", data=RUN),
    Row(
        "findRun",
        lambda c: c.runs.find("p", branch="release/*", tags=["b", "a c"], pw_last_run=True),
        "GET",
        "/runs/find?projectId=p&branch=release%2F%2A&tags%5B%5D=b&tags%5B%5D=a%20c&pwLastRun=true",
        data=RUN,
    ),
    Row(
        "findRun",
        lambda c: c.runs.find(ci_build_id="b#1", pw_last_run=False),
        "GET",
        "/runs/find?projectId=default&ciBuildId=b%231&pwLastRun=false",
        data=RUN,
    ),
    Row("cancelRun", lambda c: c.runs.cancel("r"), "PUT", "/runs/r/cancel"),
    Row(
        "cancelRunByGithubCI",
        lambda c: c.runs.cancel_github_ci("123", 1),
        "PUT",
        "/runs/cancel-ci/github",
        b'{"githubRunId":"123","githubRunAttempt":1}',
    ),
    Row(
        "cancelRunByGithubCI",
        lambda c: c.runs.cancel_github_ci("123", 2, project_id="p", ci_build_id="b"),
        "PUT",
        "/runs/cancel-ci/github",
        b'{"githubRunId":"123","githubRunAttempt":2,"projectId":"p","ciBuildId":"b"}',
    ),
    Row(
        "resetRun",
        lambda c: c.runs.reset("r", ["m1", "m2"]),
        "PUT",
        "/runs/r/reset",
        b'{"machineId":["m1","m2"]}',
    ),
    Row(
        "resetRun",
        lambda c: c.runs.reset("r", ["m1"], batched=True),
        "PUT",
        "/runs/r/reset",
        b'{"machineId":["m1"],"isBatchedOr8n":true}',
    ),
    Row("deleteRun", lambda c: c.runs.delete("r"), "DELETE", "/runs/r"),
    Row(
        "getInstance",
        lambda c: c.instances.get("ä?b"),
        "GET",
        "/instances/%C3%A4%3Fb",
        data={"instanceId": "i"},
    ),
]
