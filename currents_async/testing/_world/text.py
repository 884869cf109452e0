"""Names, titles and messages as people and test runners write them, including awkward ones."""

from collections.abc import Iterator
from random import Random


def _words(text: str) -> list[str]:
    return text.split()


AREAS = _words("""
    account admin api basket billing booking catalog chat checkout content dashboard delivery
    devices editor export forum gallery import inbox inventory invoices kyc ledger loyalty maps
    media members news onboarding orders partners payments payroll pricing profile projects reports
    returns rewards search security sessions settings shipping signup stock storefront
    subscriptions support surveys tasks teams tickets timeline transfers users vouchers wallet
    webhooks wishlist workflow
""")
"""Parts of a shop."""
_VERBS = _words("""
    accepts adds approves archives assigns blocks calculates cancels changes checks closes collects
    compares confirms converts copies creates declines deletes disables displays downloads edits
    enables expires exports filters finds formats groups hides highlights imports keeps limits
    links lists loads locks logs merges migrates moves notifies opens orders pages parses pastes
    prints publishes refreshes refunds rejects remembers removes renames renders reopens repeats
    replaces resets resizes restores retries rounds saves schedules searches selects sends shares
    shows sorts splits syncs tracks translates undoes unlocks updates uploads validates warns
""")
_NOUNS = _words("""
    address agreement alert amount answer archive attachment avatar badge balance banner batch
    branch bundle button calendar campaign card category change channel chart code column comment
    company contact contract counter country coupon currency customer cycle date deadline device
    dialog discount document draft drawer email entry event feature fee field file filter folder
    form gift graph group header history icon image invite item key label language layout license
    line link list location login manager map margin menu message method mode month name note
    notice number offer option order owner package page panel password payment period permission
    phone photo plan policy preview price printer product profile quantity query quota rate reason
    receipt record region reminder report request response role rule sale scan schedule section
    shipment signature size slot source stage state statement status step store summary supplier
    tab table tag target tax template term theme thread ticket time timer token tooltip total tour
    type unit user value variant vendor version video view visit voucher week widget window year
    zone
""")
_CONDITIONS = (
    "after a reload",
    "when offline",
    "for a guest",
    "for an admin",
    "twice",
    "with an empty list",
    "on mobile",
    "in dark mode",
    "while saving",
    "before midnight",
    "in another tab",
    "without permission",
    "in Japanese",
)

_ODD_TITLES = (
    "keeps \"double quotes\" and 'single ones'",
    "keeps C:\\temp\\new\\report.csv",
    "line one\nline two\n\tindented",
    'survives },{"spec":"fake.spec.ts","groupId":"x"',
    'survives "specs":[] and "tests":[{"testId":"r3"},{"testId":"r4"}]}',
    "zahlt 9,99 € · süß wie Ärger 🛒",
    "日本語のタイトルを表示する 🎌",
    "family 👩‍👩‍👧‍👦, flag 🏳️‍🌈, skin 👍🏽",
    "עברית and العربية in one title",
    "\x1b[31mred\x1b[0m and a \u2028 line separator",
    "null",
    " ",
    "<script>alert(1)</script> & &amp;",
    "a very long title, " + "which goes on and on, " * 40 + "and ends",
)
_ODD_PATHS = (
    "{area}/with some spaces/{name}",
    "{area}/größe/{name} (Kopie)",
    "{area}/日本語/{name}",
    '{area}/}},{{"spec":"{name}"',
    "{area}/back\\slash/[{name}]",
)
_ODD_PATH_EVERY = 60
_ODD_TITLE_EVERY = 12

AUTHORS = (
    ("John Doe", "john@users.noreply.github.com"),
    ("Zoë Ångström", "zoe@example.org"),
    ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"),
)
"""Names and email addresses of committers."""
COMMIT_MESSAGES = (
    "Commit message\n",
    "feat(cart): keep the basket 🛒 (#1042)\n\nCo-authored-by: Zoë Ångström <zoe@example.org>\n",
    'Revert "fix: },{"spec":"a.spec.ts" and "specs":[]"\n',
)
"""Like git's own, each ends in a newline."""


def pull_request_title(rng: Random) -> str:
    """Return the title of a pull request."""
    return f"feat({rng.choice(AREAS)}): {rng.choice(_VERBS)} the {rng.choice(_NOUNS)} 🛒"


def spec_paths(rng: Random, root: str, suffix: str) -> Iterator[str]:
    """Yield unique paths of spec files without end."""
    seen: set[str] = set()
    while True:
        area, verb = rng.choice(AREAS), rng.choice(_VERBS)
        folder, part, thing, other = rng.choices(_NOUNS, k=4)
        name = f"{folder}-{part}/{verb}-{thing}-{other}"
        is_odd = rng.randrange(_ODD_PATH_EVERY) == 0
        shape = rng.choice(_ODD_PATHS) if is_odd else "{area}/{name}"
        path = f"{root}/{shape.format(area=area, name=name)}{suffix}"
        if path not in seen:
            seen.add(path)
            yield path


def titles(rng: Random) -> Iterator[list[str]]:
    """Yield unique titles of one spec's tests without end, suites first."""
    suite = f"{rng.choice(_NOUNS)} {rng.choice(_NOUNS)}".capitalize()
    seen: set[str] = set()
    number = 1
    while True:
        title = f"{rng.choice(_VERBS)} the {rng.choice(_NOUNS)} {rng.choice(_CONDITIONS)}"
        if rng.randrange(_ODD_TITLE_EVERY) == 0:
            title = rng.choice(_ODD_TITLES)
        if title in seen:
            number += 1
            title = f"{title} #{number}"
        seen.add(title)
        yield [suite, title]
