"""What type checkers say of matchers: never executed, and checked like all code.

A condition that is not supported is an error to mypy and to pyright: both respect `type: ignore`,
and both complain where there is nothing to ignore.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from datetime import UTC, date, datetime
from typing import assert_type

from currents_async import Currents
from currents_async.models import Action, Condition, Effect, ListedTrait, Matcher, Trait, when

assert_type(when.test_id, Trait)
assert_type(when.project, Trait)
assert_type(when.title, Trait)
assert_type(when.file, Trait)
assert_type(when.git_branch, Trait)
assert_type(when.git_author_name, Trait)
assert_type(when.git_author_email, Trait)
assert_type(when.git_remote_origin, Trait)
assert_type(when.git_message, Trait)
assert_type(when.error_message, ListedTrait)
assert_type(when.title_path, ListedTrait)
assert_type(when.annotation, ListedTrait)
assert_type(when.tag, ListedTrait)

# What all of them support.
assert_type(when.title.eq("logs in"), Condition)
assert_type(when.title.neq("logs in"), Condition)
assert_type(when.title.any(), Condition)
assert_type(when.title.empty(), Condition)
assert_type(when.title.regex("^logs"), Condition)
assert_type(when.title.not_regex(["^logs", "in$"]), Condition)
assert_type(when.title.in_(["logs in", "logs out"]), Condition)
assert_type(when.title.not_in(("logs in",)), Condition)
assert_type(when.tag.eq("slow"), Condition)
assert_type(when.tag.not_in({"slow"}), Condition)

# What only some support.
assert_type(when.error_message.includes("timeout"), Condition)
assert_type(when.title_path.not_includes(["Checkout", "Cart"]), Condition)
assert_type(when.annotation.includes_all(["a", "b"]), Condition)
assert_type(when.tag.not_includes_all(["a", "b"]), Condition)

when.test_id.includes("t")  # type: ignore[attr-defined]
when.project.includes("p")  # type: ignore[attr-defined]
when.title.includes("logs")  # type: ignore[attr-defined]
when.file.not_includes("x")  # type: ignore[attr-defined]
when.git_branch.includes_all(["m"])  # type: ignore[attr-defined]
when.git_author_name.not_includes_all(["m"])  # type: ignore[attr-defined]
when.git_author_email.includes("@")  # type: ignore[attr-defined]
when.git_remote_origin.includes("g")  # type: ignore[attr-defined]
when.git_message.includes("WIP")  # type: ignore[attr-defined]
when.color.eq("red")  # type: ignore[attr-defined]

# Values of the wrong kind.
when.title.eq(["logs in"])  # type: ignore[arg-type]
when.title.in_(1)  # type: ignore[arg-type]
when.title.any("x")  # type: ignore[call-arg]
when.tag.includes(None)  # type: ignore[arg-type]

# Together.
assert_type(Matcher.all(when.title.eq("a"), when.tag.includes("b")), Matcher)
assert_type(Matcher.any(*[when.title.eq("a")]), Matcher)
Matcher.all("title")  # type: ignore[arg-type]
Matcher.any(when.title)  # type: ignore[arg-type]
Matcher.any(Effect.skip())  # type: ignore[arg-type]

assert_type(Effect.skip(), Effect)
assert_type(Effect.tag("a", "b"), Effect)
Effect.tag(["a"])  # type: ignore[arg-type]


async def use(currents: Currents) -> None:
    matcher = Matcher.all(when.file.eq("a.spec.ts"))
    expiry = datetime(2026, 1, 1, tzinfo=UTC)
    made = await currents.actions.create("n", action=[Effect.skip()], matcher=matcher)
    assert_type(made, Action)
    assert_type(await currents.actions.list(status=["active"]), list[Action])
    await currents.actions.update("a", description=None, expires_after=None)
    await currents.actions.update("a", expires_after=date(2026, 1, 1))
    await currents.actions.update("a", expires_after=expiry)
    await currents.actions.update("a", name=None)  # type: ignore[arg-type]
    await currents.actions.update("a", matcher=None)  # type: ignore[arg-type]
    await currents.actions.list(status=["paused"])  # type: ignore[list-item]
    await currents.actions.create("n", action=[matcher], matcher=matcher)  # type: ignore[list-item]
