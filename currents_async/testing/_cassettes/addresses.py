"""Find e-mail addresses in any text, and replace them by aliases."""

import re
from collections.abc import Callable
from urllib.parse import unquote

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
    return _ADDRESS.sub(lambda found: _replace(found, name), text)


def mask_aliases(text: str, mask: str) -> str:
    """Return a text in which all aliases are the same."""
    return _ALIAS.sub(mask, text)


def _replace(found: re.Match[str], name: Callable[[str], str]) -> str:
    if found["local"].lower() == "git" or _ALIAS.match(found[0]):
        return found[0]
    address = unquote(f"{found['local']}@{found['domain']}")
    return f"{found['dots']}{name(address)}{found['at']}{_DOMAIN}"
