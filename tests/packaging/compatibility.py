"""`python -m tests.packaging.compatibility` lists what breaks for users of the last release.

A break is allowed where a fragment `changes/*.changed.md` names what breaks, or, once the fragments
are in it, what CHANGELOG.md says since that release.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGE = "currents_async"
# Only where releases are made.
griffe: Any = import_module("griffe")


def main() -> None:
    """Fail on a break that is not announced."""
    tag = last_release()
    if tag is None:
        sys.stdout.write("There is no tag to compare with: this is the first release.\n")
        return
    old = griffe.load_git(PACKAGE, ref=tag, repo=ROOT)
    new = griffe.load(PACKAGE, search_paths=[ROOT], try_relative_path=False)
    news, missing = news_since(tag), []
    for name, words in breaks(old, new):
        as_written = r"\W+".join(name.split("."))  # `runs.find` is `Runs.find`
        known = re.search(rf"\b{as_written}\b", news, re.IGNORECASE) is not None
        sys.stdout.write(f"{'announced' if known else 'NOT ANNOUNCED'}: {words}\n")
        missing += [] if known else [name]
    if missing:
        sys.exit(f"No fragment changes/*.changed.md names {', '.join(missing)}.")
    sys.stdout.write(f"Compared with {tag}: nothing breaks that is not announced.\n")


def last_release() -> str | None:
    """Return the last tag before this commit, which may be tagged itself."""
    command = ("git", "describe", "--tags", "--abbrev=0", "--match=v[0-9]*", "HEAD^")
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - of our own making
    return found.stdout.strip() or None


def news_since(tag: str) -> str:
    """Return what users are told about changes since a release."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    fragments = sorted((ROOT / "changes").glob("*.changed.md"))
    new = changelog.partition(f"\n## {tag.removeprefix('v')} ")[0]
    return new + "".join(file.read_text(encoding="utf-8") for file in fragments)


def breaks(old: Any, new: Any) -> Iterator[tuple[str, str]]:
    """Yield the name of what breaks, and what has become of it.

    Classes of groups, such as that of `Currents.runs`, are public by their methods alone, and names
    that have left an `__all__` may still be there.
    """
    pairs = [(old, new)]
    for room in ("_resources", "_quarantine"):
        groups, left = public_modules(old[room]), public_modules(new[room])
        yield from ((name, f"{room}.{name} is gone") for name in groups.keys() - left.keys())
        pairs += [(groups[name], left[name]) for name in groups.keys() & left.keys()]
    for before, after in pairs:
        for found in griffe.find_breaking_changes(before, after):
            words = found.explain(griffe.ExplanationStyle.ONE_LINE)
            yield name_of(found.obj), re.sub(r"\x1b\[\d+m", "", words)
    yield from lost_names(old, new)


def public_modules(room: Any) -> dict[str, Any]:
    return {name: module for name, module in room.modules.items() if not name.startswith("_")}


def name_of(found: Any) -> str:
    """Return the name of a member with its class, as users know it."""
    owner = found.parent
    return f"{owner.name}.{found.name}" if owner.is_class else str(found.name)


def lost_names(old: Any, new: Any) -> Iterator[tuple[str, str]]:
    lost = set(map(str, old.exports or ())) - set(map(str, new.exports or ()))
    yield from ((name, f"{old.path}.__all__ no longer has {name}") for name in sorted(lost))
    for name, module in public_modules(old).items():
        if name in new.modules:
            yield from lost_names(module, new.modules[name])


if __name__ == "__main__":
    main()
