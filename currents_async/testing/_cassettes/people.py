"""Find people, and replace them: e-mail addresses in any text, names where a field has them."""

import re
from collections.abc import Callable, Collection
from typing import Any, TypeAlias, TypeGuard
from urllib.parse import unquote

Rename: TypeAlias = Callable[[str], str]
"""Returns the alias of a person's name."""

_DOMAIN = "scrubbed.example"
"""Its top-level domain is reserved (RFC 2606), so that no alias is a real address."""

_BETWEEN = r"""\s"'()<>\[\]{}@,:;\\/=?&\#|`*"""
_FOREIGN = r"%(?:25)*[89A-F][0-9A-F]"
"""A byte of a character that is not ASCII, as in a URL."""
_ATOM = rf"(?: [^{_BETWEEN}.%] | %(?:25)*2B | {_FOREIGN} )"
_AMID_ATOM = r"(?<= %25) (?= (?:25)* (?: 2B | [89A-F][0-9A-F] ) )"
"""Not the start of a word: matching from each of these would read a long text to its end."""
_AT = r"(?: @ | %(?:25)*40 )"
_ADDRESS = re.compile(
    rf"""
    # It starts as a word does, or after another encoded character of a URL.
    (?: (?<! [^{_BETWEEN}] )
      | (?<= %(?!2B)[0-7][0-9A-F] ) (?! {_AMID_ATOM} )
      | (?<= %) (?! [0-9A-F]{{2}} ) )
    (?P<dots> \.* )
    (?P<local> {_ATOM}+ (?: \.+ {_ATOM}+ )* (?: \[bot\] )? )
    (?P<at> {_AT} )
    # It ends in letters: `playwright@1.40.1` is a version.
    (?P<domain>
        (?: (?: [\w-] | {_FOREIGN} )+ \. )+
        (?: xn--[\w-]+ | (?: [^\W\d_] | {_FOREIGN} ){{2,}} ) )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ALIAS = re.compile(rf"user\d+ (?= {_AT} {re.escape(_DOMAIN)} )", re.IGNORECASE | re.VERBOSE)
_FIELD = re.compile(
    r"""(?: git_? )? (?: author | committer ) (?: s | _?name )? (?: \[\] )?
    | actor | assignee | owner | reporter | login | user_?name | display_?name
    | (?: archiv | cancel | creat | delet | disabl | enabl | invit | start | trigger | updat )
      (?: l? ed ) _?by""",
    re.VERBOSE | re.IGNORECASE,
)
"""A field, or a parameter, whose value is one person or several."""
_PAGE = re.compile(r"sender_?(?: avatar | html )_?url", re.VERBOSE | re.IGNORECASE)
"""A field whose value is the page of a person."""
_TRAILER = re.compile(
    r"""^( (?: acked | co-authored | co-developed | reported | reviewed | signed-off | suggested
             | tested ) -by: )
    ( [^<>\n@]* ) (?= < | $ )""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
"""How git names other people: `Co-authored-by: Ada <ada@example.com>`."""
_PERSON = re.compile(r"Person \d+")


class Aliases:
    """Gives each address an alias, and the same address the same one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def __call__(self, address: str) -> str:
        """Return what replaces the part of an address before its at sign."""
        return self._names.setdefault(address, f"user{len(self._names) + 1}")


def replace_addresses(text: str, name: Callable[[str], str]) -> str:
    """Return a text whose addresses are replaced by aliases, which `name` makes.

    Aliases stay as they are, and so does `git@`, which is not a person.
    """
    if "@" not in text and "%" not in text:
        return text
    return _ADDRESS.sub(lambda found: _replace_address(found, name), text)


def mask_aliases(text: str, mask: str) -> str:
    """Return a text in which all aliases are the same."""
    return _ALIAS.sub(mask, text)


def _replace_address(found: re.Match[str], name: Callable[[str], str]) -> str:
    if found["local"].lower() == "git" or _ALIAS.match(found[0]):
        return found[0]
    address = unquote(f"{found['local']}@{found['domain']}")
    return f"{found['dots']}{name(address)}{found['at']}{_DOMAIN}"


class People:
    """Gives each name an alias, and the same name the same one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._anywhere: re.Pattern[str] | None = None
        """Finds all known names; None when there is a new one."""

    def __call__(self, name: str) -> str:
        """Return the alias of a name."""
        if not name.strip() or _PERSON.fullmatch(name):
            return name
        if name not in self._names:
            self._names[name] = f"Person {len(self._names) + 1}"
            self._anywhere = None
        return self._names[name]

    def hide(self, text: str) -> str:
        """Return a text without the known names, and without those in git's trailers.

        A name of one word could be any word, so it is replaced only in fields that have people.
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
    """Return JSON, or a query, in which people are renamed, where a field has them."""
    if _is_array(json):
        return [rename_people(item, rename) for item in json]
    if not _is_object(json):
        return json
    # The type of a term, a condition, or an annotation, says what its value is.
    is_of_people = _FIELD.fullmatch(str(json.get("type"))) is not None
    of_people = {"term", "value", "description"} if is_of_people else set[str]()
    return {name: _renamed(name, value, rename, of_people) for name, value in json.items()}


def _renamed(name: str, value: Any, rename: Rename, of_people: Collection[str]) -> Any:
    """Return the value of a field with people renamed; those `of_people` have them too."""
    if _PAGE.fullmatch(name) and isinstance(value, str):
        return rename(value)
    if name in of_people or _FIELD.fullmatch(name):
        return _rename(value, rename)
    return rename_people(value, rename)


def _rename(value: Any, rename: Rename) -> Any:
    """Rename one person or several: names, or objects that have names."""
    if isinstance(value, str):
        # An address is replaced elsewhere, and `api:key` is not a person.
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
