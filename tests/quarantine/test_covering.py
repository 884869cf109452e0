import pytest

from currents_async._quarantine.covering import Cover, cover_of
from currents_async._quarantine.decide import decide
from currents_async._quarantine.evidence import ExaminedResult, ExaminedTest
from currents_async.models import Action, ActionStatus, Effect, Matcher, Outcome, when
from tests.quarantine.test_decide import NOW, POLICY


def result(test_id: str, status: Outcome = Outcome.FAILED, *tags: str) -> ExaminedResult:
    return ExaminedResult(test_id=test_id, status=status, tags=tags)


TEST = ExaminedTest(
    signature="s",
    spec="shop/cart.spec.ts",
    title=("cart", "pays by card"),
    results=(
        result("1", Outcome.FAILED, "slow"),
        result("2", Outcome.FAILED, "slow", "nightly"),
        result("3", Outcome.PASSED),
        result("1", Outcome.FAILED, "slow"),
    ),
)


def action(
    matcher: Matcher,
    *,
    status: ActionStatus = ActionStatus.ACTIVE,
    effect: Effect = Effect.quarantine(),  # noqa: B008 - it is frozen
) -> Action:
    return Action(action_id="theirs", status=status, action=(effect,), matcher=matcher)


@pytest.mark.parametrize(
    ("matcher", "is_certain"),
    [
        (Matcher.all(when.title.regex("^pays by (card|cash)$")), True),
        (Matcher.all(when.file.regex(r"^shop/.*\.spec\.ts$")), True),
        (Matcher.all(when.title_path.regex("^cart$")), True),
        (Matcher.all(when.file.eq("shop/cart.spec.ts"), when.test_id.in_(["1", "2"])), True),
        (Matcher.any(when.test_id.eq("1"), when.test_id.eq("2")), True),
        (Matcher.all(when.tag.includes("slow")), True),
        (Matcher.all(when.title.neq("ships")), True),
        (Matcher.all(when.title.regex("^pays"), when.git_branch.eq("main")), False),
        (Matcher.all(when.title.regex("^pays"), when.project.regex("webkit")), False),
        (Matcher.all(when.title.regex("^pays"), when.error_message.includes("timeout")), False),
        (Matcher.any(when.git_branch.eq("main"), when.title.eq("ships")), False),
        (Matcher.all(when.title.regex(r"(a)\1")), False),
        (Matcher.all(when.title.regex("^ships")), None),
        (Matcher.all(when.title.regex("^ships"), when.git_branch.eq("main")), None),
        (Matcher.all(when.test_id.eq("1")), None),
        (Matcher.all(when.tag.includes("nightly")), None),
        (Matcher.all(when.title.not_regex("^pays")), None),
        (Matcher(), None),
    ],
)
def test_which_tests_an_action_covers(
    matcher: Matcher,
    is_certain: bool | None,  # noqa: FBT001 - of the table
) -> None:
    """Only what is certain keeps a test out; of what is not, the reason says so."""
    theirs = action(matcher)
    expected = None if is_certain is None else Cover(theirs, is_certain)
    assert cover_of(TEST, [theirs]) == expected
    [decision] = decide([TEST], [theirs], POLICY, project_ran=True, now=NOW)
    counted = "failed 3 of the last 4 times"
    assert (decision.kind, decision.reason) == {
        True: ("leave", f"{counted}: action theirs covers it already"),
        False: ("quarantine", f"{counted}; action theirs covers it in some runs, if at all"),
        None: ("quarantine", counted),
    }[is_certain]


@pytest.mark.parametrize("effect", [Effect.quarantine(), Effect.skip(), Effect.tag("a")])
@pytest.mark.parametrize("status", list(ActionStatus))
def test_only_active_ones_that_silence(effect: Effect, status: ActionStatus) -> None:
    theirs = action(Matcher.all(when.title.regex("pays")), status=status, effect=effect)
    silences = status == ActionStatus.ACTIVE and effect.op != "tag"
    assert (cover_of(TEST, [theirs]) is not None) is silences


def test_the_certain_one_counts() -> None:
    unsure = action(Matcher.all(when.git_branch.eq("main")))
    sure = action(Matcher.all(when.title.regex("pays")))
    assert cover_of(TEST, [unsure, sure]) == Cover(sure, is_certain=True)
