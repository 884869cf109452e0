"""Names of people: found where the service says that one is a person's, and given other names."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias, TypeGuard

Rename: TypeAlias = Callable[[str], str]
"""Return what stands for the name of a person."""

_FIELD = re.compile(
    r"""(?: git_? )? (?: author | committer ) (?: s | _?name )? (?: \[\] )?
    | actor | assignee | reporter | login | user_?name | display_?name
    | (?: archiv | cancel | creat | delet | disabl | enabl | invit | start | trigger | updat )
      (?: l? ed ) _?by""",
    re.VERBOSE | re.IGNORECASE,
)
"""A field, or a parameter, whose value is a person, or several."""
_TRAILER = re.compile(
    r"""^( (?: acked | co-authored | co-developed | reported | reviewed | signed-off | suggested
             | tested ) -by: )
    ( [^<>\n@]* ) (?= < | $ )""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
"""How git says who else it was: `Co-authored-by: Ada <ada@example.com>`."""
_ALIAS = re.compile(r"Person \d+")


class People:
    """Gives each name another, and the same name the same one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._anywhere: re.Pattern[str] | None = None
        """Finds the names that are known; None when there is a new one."""

    def __call__(self, name: str) -> str:
        """Return what stands for a name."""
        if not name.strip() or _ALIAS.fullmatch(name):
            return name
        if name not in self._names:
            self._names[name] = f"Person {len(self._names) + 1}"
            self._anywhere = None
        return self._names[name]

    def hide(self, text: str) -> str:
        """Return a text without the names that are known, and without those in git's trailers.

        Names of one word, which may be any word, stay outside of fields that are a person's.
        """
        text = _TRAILER.sub(self._rename_trailer, text)
        if self._anywhere is None:
            self._anywhere = _any_of([known for known in self._names if " " in known.strip()])
        return self._anywhere.sub(lambda found: self._names[found[0]], text)

    def _rename_trailer(self, found: re.Match[str]) -> str:
        name = found[2].strip()
        return found[1] + found[2].replace(name, self(name), 1)


def _any_of(names: list[str]) -> re.Pattern[str]:
    longest_first = sorted(names, key=len, reverse=True)
    choices = "|".join(map(re.escape, longest_first)) or "(?!)"
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)")


def rename_people(json: Any, rename: Rename) -> Any:
    """Return JSON in which people are renamed, by the fields that they are in."""
    if _is_array(json):
        return [rename_people(item, rename) for item in json]
    if not _is_object(json):
        return json
    # A term or a condition says of what its value is.
    is_of_people = _FIELD.fullmatch(str(json.get("type"))) is not None
    return {
        name: _rename(value, rename)
        if _FIELD.fullmatch(name) or (is_of_people and name in {"term", "value"})
        else rename_people(value, rename)
        for name, value in json.items()
    }


def rename_query(query: dict[str, list[str]], rename: Rename) -> dict[str, list[str]]:
    """Return a query in which people are renamed, by the parameters that they are in."""
    renamed: dict[str, list[str]] = rename_people(query, rename)
    return renamed


def _rename(value: Any, rename: Rename) -> Any:
    """Rename a person, or several: names, or objects that have them."""
    if isinstance(value, str):
        # What has an address gets another address, and `api:key` is nobody.
        return value if {"@", ":"} & set(value) else rename(value)
    if _is_array(value):
        return [_rename(item, rename) for item in value]
    if _is_object(value):
        return {
            name: _rename(inner, rename) if name == "name" else inner
            for name, inner in rename_people(value, rename).items()
        }
    return value


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)
