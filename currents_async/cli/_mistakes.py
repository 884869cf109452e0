"""Command lines that cannot be parsed, in the same words and form as all other errors."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from cyclopts import (
    App,
    Argument,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    Token,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_KINDS = {int: "an integer", float: "a number"}


def mistake(error: CycloptsError) -> str:
    """Return what is wrong with a command line, and what would be right."""
    see = f" (see {' '.join(['currents-async', *(error.command_chain or ()), '--help'])})"
    match error:
        case UnknownOptionError(token=token, argument_collection=known):
            names = (name for argument in known if argument.parse for name in argument.names)
            text = _unknown("option", token.keyword or token.value, names) + see
        case UnknownCommandError(unused_tokens=[word, *_], app=App() as app):
            text = _unknown("command", word, (name for name in app if name[0] != "-")) + see
        case UnusedCliTokensError(unused_tokens=[word, *_]):
            text = f"unexpected argument {word!r}{see}"
        case MissingArgumentError(argument=Argument() as argument, keyword=keyword):
            what = "is missing" if keyword is None else "needs a value"
            text = f"{keyword or argument.name} {what}{see}"
        case RepeatArgumentError(token=token):
            text = f"{token.keyword} must be passed only once"
        case CoercionError(token=Token() as token, msg=None):
            text = f"{_name(error)} must be {_expected(error.target_type)}, not {token.value!r}"
        case CoercionError(msg=str() as message) | ValidationError(exception_message=message):
            text = f"{_name(error)} {_bounded(message)}, not {_given(error)}"
        case _:
            error.verbose = False
            text = str(error).removesuffix(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _unknown(noun: str, word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    return f"unknown {noun} {word}" + (f"; did you mean {near[0]}?" if near else "")


def _name(error: CycloptsError) -> str:
    argument = error.argument
    typed = [token.keyword for token in argument.tokens if token.keyword] if argument else []
    return typed[0] if typed else argument.name if argument else "the value"


def _given(error: CycloptsError) -> str:
    tokens = error.argument.tokens if error.argument else ()
    return " ".join(token.value for token in tokens)


def _expected(kind: Any) -> str:
    choices = [one for one in _alternatives(kind) if isinstance(one, str)]
    if choices:
        return f"{', '.join(choices[:-1])} or {choices[-1]}" if choices[1:] else choices[0]
    return next((word for one, word in _KINDS.items() if one in _alternatives(kind)), "a text")


def _alternatives(kind: Any) -> list[Any]:
    """Return what a type is made of, the choices of literals too."""
    if get_origin(kind) is None:
        return [kind]
    return [part for one in get_args(kind) for part in _alternatives(one)]


def _bounded(message: str) -> str:
    """Return a bound as in `Must be >= 1.` in words."""
    text = message.removesuffix(".").replace("Must be", "must be")
    for sign, words in _BOUNDS.items():
        text = text.replace(f" {sign} ", f" {words} ")
    return text
