"""Declaring attachments: the samples, every limit, the target, and the record key."""

import traceback
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Any

import pytest

from currents_async import ConflictError, Currents, InvalidArgumentError, UnauthorizedError
from currents_async.models import CIBuild, Commit, NewAttachment
from currents_async.testing import FakeCurrents, World, WorldProject
from tests.resources.test_samples import answer_with

SECRET = "lpeFnBbO5rAgD6pi"
LOG = NewAttachment(name="a.log", content_type="text/plain", size_bytes=3)
TRACE = NewAttachment(name="t", type="trace", content_type="application/zip", size_bytes=3)
ENDLESS: dict[str, Any] = {}
ENDLESS["a"] = ENDLESS
ODD: Any = ["a"]
SHOT = NewAttachment(name="s", type="screenshot", content_type="image/png", size_bytes=3)


def log(**fields: Any) -> list[NewAttachment]:
    given: dict[str, Any] = {"name": "a", "content_type": "a/b", "size_bytes": 1, **fields}
    return [NewAttachment(**given)]


async def test_the_samples(server: FakeCurrents, currents: Currents) -> None:
    answer_with(server, "addRunAttachments", "run-attachments", 201)
    declared = await currents.runs.add_attachments("r", [LOG])
    assert (declared.run_id, declared.level) == ("227d70933b5e0f3e", "attempt")
    assert (declared.attempt, declared.upload_expires_in_seconds) == (0, 600)
    assert [one.type for one in declared.attachments] == ["screenshot", "trace"]
    assert declared.attachments[0].upload_headers == {"Content-Type": "image/png"}
    assert "X-Amz" not in repr(declared)

    answer_with(server, "addRunAttachmentsByCI", "run-attachments-run-level", 201)
    of_build = await currents.runs.add_attachments_by_ci([LOG], ci_build_id="b", project_id="p")
    assert (of_build.level, of_build.instance_id) == ("run", None)
    answer_with(server, "createSession", "session-created", 201)
    created = await currents.sessions.create("t", "passed", project_id="p")
    assert created.session_id == "fe599f38b496af24391a96d0"
    assert (created.attachments[0].name, created.upload_expires_in_seconds) == ("before.png", None)
    answer_with(server, "addSessionAttachments", "session-attachments", 201)
    added = await currents.sessions.add_attachments("s", [LOG])
    assert (added.attachments[0].type, added.upload_expires_in_seconds) == ("trace", 600)


@pytest.mark.parametrize("what", ["target", "spec", "run"])
async def test_an_ambiguous_target(server: FakeCurrents, currents: Currents, what: str) -> None:
    answer_with(server, "addRunAttachments", f"error-409-ambiguous-{what}", 409)
    with pytest.raises(ConflictError, match="name one of them"):
        await currents.runs.add_attachments("r", [LOG])


Use = Callable[[Currents], Awaitable[Any]]


def of_run(files: Any, **target: Any) -> Use:
    return lambda c: c.runs.add_attachments("r", files, **target)


def by_ci(**build: Any) -> Use:
    return lambda c: c.runs.add_attachments_by_ci([LOG], **build)


def session(**fields: Any) -> Use:
    given: dict[str, Any] = {"title": "t", "status": "passed", **fields}
    return lambda c: c.sessions.create(**given)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (of_run([]), "attachments must have 1 to 50 items, not 0"),
        (of_run(log() * 51), "attachments must have 1 to 50 items, not 51"),
        (of_run(log()[0]), "attachments must be a sequence"),
        (of_run(["a"]), r"attachments\[0\] must be a NewAttachment, not str"),
        (of_run(log(name="")), r"attachments\[0\].name must not be empty"),
        (of_run(log(name="a" * 1025)), "at most 1,024 characters"),
        (of_run(log(type="log")), "type must be one of attachment"),
        (of_run(log(content_type="a")), "content_type must be a media type"),
        (of_run(log(content_type="a/b; c")), "content_type must be a media type"),
        (of_run(log(content_type="a/" + "b" * 254)), "at most 255 characters"),
        (of_run(log(size_bytes=0)), "the file is empty"),
        (of_run(log(size_bytes=None)), "size_bytes must be an integer from 1 to 1,073,741,824"),
        (of_run(log(size_bytes=1024**3 + 1)), "size_bytes must be an integer"),
        (of_run(log(size_bytes=True)), "size_bytes must be an integer"),
        (of_run(log(caption="a" * 1001)), "caption must have at most 1,000 characters"),
        (of_run(log(meta={str(n): "" for n in range(21)})), "meta must have at most 20 pairs"),
        (of_run(log(meta={"a b": ""})), "a key must be 1 to 64"),
        (of_run(log(meta={"a" * 65: ""})), "a key must be 1 to 64"),
        (of_run(log(meta={"a": "a" * 257})), "at most 256 characters"),
        (of_run(log(meta={"a": 1})), r"meta\['a'\] must be a str"),
        (
            of_run(log(meta={str(n): "a" * 256 for n in range(8)})),
            "at most 2048 bytes",
        ),
        (of_run([TRACE], spec="a", test_id="t"), "must be attachment at the level test, not trace"),
        (of_run([SHOT]), "must be attachment at the level run"),
        (of_run([TRACE], spec="a"), "attachment or video or screenshot at the level instance"),
        (of_run([TRACE, TRACE], spec="a", test_id="t", attempt=0), "2 traces have the name 't'"),
        (of_run(log(type="video"), spec="a"), "content_type of a video must be video/"),
        (of_run(log(type="screenshot"), spec="a"), "of a screenshot must be image/png, jpeg"),
        (of_run([LOG], instance_id="i", spec="s"), "either instance_id or spec"),
        (of_run([LOG], spec="s", test_id="t", test_title="t"), "either test_id or test_title"),
        (of_run([LOG], test_id="t"), "a test needs instance_id or spec"),
        (of_run([LOG], spec="s", attempt=1), "attempt needs test_id or test_title"),
        (of_run([LOG], spec="s", test_id="t", attempt=1001), "attempt must be an integer from 0"),
        (of_run([LOG], instance_id="i" * 256), "instance_id must have at most 255"),
        (of_run([LOG], spec="i" * 2049), "spec must have at most 2,048"),
        (of_run([LOG], spec="s", test_id="i" * 1025), "test_id must have at most 1,024"),
        (of_run([LOG], spec="s", test_title="i" * 2049), "test_title must have at most 2,048"),
        (of_run([LOG], machine_id="i\x00"), "machine_id must not contain control"),
        (of_run([LOG], group_id="i" * 256), "group_id must have at most 255"),
        (of_run([LOG], tests="x"), "tests is not one of instance_id, spec"),
        (by_ci(), "pass either ci_build_id or ci"),
        (by_ci(ci_build_id="b", ci=CIBuild()), "pass either ci_build_id or ci"),
        (by_ci(ci=CIBuild(params={"a": object()})), "ci.params cannot be sent as JSON"),
        (by_ci(ci=CIBuild(params=ENDLESS)), "ci.params cannot be sent as JSON"),
        (by_ci(ci=CIBuild(params=ODD)), "ci.params must be a mapping, not list"),
        (session(title="t" * 1025), "title must have at most 1,024"),
        (session(status="flaky"), "status must be one of passed, failed"),
        (session(error="e" * 10_001), "error must have at most 10,000"),
        (session(duration_ms=86_400_001), "duration_ms must be an integer from 0"),
        (session(tags=["t"] * 21), "tags must have 0 to 20 items"),
        (session(tags=["t" * 256]), r"tags\[0\] must have at most 255"),
        (session(commit=Commit(sha="f" * 1025)), "commit.sha must have at most 1,024"),
        (session(commit=Commit(message="f" * 10_001)), "commit.message must have at most 10,000"),
        (session(pr_link="l", pr_id="i"), "either pr_link or pr_id"),
        (session(pr_id="i" * 257), "pr_id must have at most 256"),
        (session(attachments=log(size_bytes=0)), "the file is empty"),
        (session(attachments=log() * 51), "must have 0 to 50 items"),
    ],
)
async def test_limits(
    server: FakeCurrents,
    project: WorldProject,
    call: Use,
    named: str,
) -> None:
    async with Currents("key", base_url=server.url, project_id=project.project_id) as currents:
        with pytest.raises(InvalidArgumentError, match=named):
            await call(currents)
    server.requests.assert_none()


async def test_the_fake_finds_the_target(
    world: World, project: WorldProject, currents: Currents
) -> None:
    run = project.run(specs=2, tests=2)
    instance = await currents.instances.get(run.specs[0].instance_id or "")
    test = instance.tests[1]
    declared = await currents.runs.add_attachments(
        run.run_id, [TRACE], spec=run.specs[0].path, test_title=" > ".join(test.title), attempt=0
    )
    assert (declared.level, declared.instance_id) == ("attempt", instance.instance_id)
    assert (declared.test_id, declared.attempt) == (test.test_id, 0)
    [attachment] = world.attachments.values()
    assert attachment.owner == {
        "runId": run.run_id,
        "level": "attempt",
        "instanceId": instance.instance_id,
        "testId": test.test_id,
        "attempt": 0,
    }
    same: dict[str, Any] = {"ci_build_id": run.ci_build_id, "project_id": project.project_id}
    of_build = await currents.runs.add_attachments_by_ci([LOG], **same)
    assert (of_build.run_id, of_build.level) == (run.run_id, "run")
    ci = CIBuild(params=MappingProxyType({"ciBuildId": run.ci_build_id}))
    again = await currents.runs.add_attachments_by_ci([LOG], ci=ci, project_id=project.project_id)
    assert again.run_id == run.run_id


async def test_a_commit_may_have_empty_fields(project: WorldProject, currents: Currents) -> None:
    commit = Commit(sha="", branch="", message="")
    created = await currents.sessions.create(
        "t", "passed", project_id=project.project_id, commit=commit
    )
    assert created.session_id


async def test_a_record_key(
    server: FakeCurrents, project: WorldProject, currents: Currents
) -> None:
    project_id, key = project.project_id, project.record_key
    created = await currents.sessions.create("t", "passed", project_id=project_id, record_key=key)
    await currents.sessions.add_attachments(created.session_id, [LOG], record_key=key)
    run = project.run(specs=1)
    build: dict[str, Any] = {"project_id": project_id, "ci_build_id": run.ci_build_id}
    await currents.runs.add_attachments_by_ci([LOG], record_key=key, **build)
    assert all(one.authorized for one in server.requests)
    with pytest.raises(UnauthorizedError):
        await currents.sessions.create("t", "passed", project_id=project_id, record_key="wrong")
    await currents.sessions.create("t", "passed", project_id=project_id)


async def test_a_record_key_is_never_shown(server: FakeCurrents, currents: Currents) -> None:
    quoting = b'{"status":"FAILED","error":"no such key: %s"}' % SECRET.encode()
    server.fail("createSession", 401, body=quoting)
    with pytest.raises(UnauthorizedError, match=r"no such key: \[record key\]") as refused:
        await currents.sessions.raw.create("t", "passed", project_id="p", record_key=SECRET)
    with pytest.raises(InvalidArgumentError, match="title must not be empty") as invalid:
        await currents.sessions.create("", "passed", project_id="p", record_key=SECRET)
    with pytest.raises(InvalidArgumentError, match="record_key contains spaces") as spaced:
        await currents.sessions.create("t", "passed", project_id="p", record_key=f"{SECRET} ")
    for caught in (refused, invalid, spaced):
        ours = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        # The first frame is this one.
        assert SECRET not in "".join(
            f"{frame.locals}" for frame in ours.stack if "/currents_async/" in frame.filename
        )
        assert SECRET not in str(caught.value)
