"""From words to a call of a verb; every mistake is one line with the next thing to do."""

from __future__ import annotations

import argparse
import functools
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jupyter_cube.errors import UsageError, near
from jupyter_cube.hint import command
from jupyter_cube.verbs.option import Option, Verb
from jupyter_cube.verbs.table import REQUIRED, VERBS, verb

_LOOKED_UP = re.compile(r"([:,]\s*\w+=)(\${1,2}\w+)(?=\s*(?:,|$))")  # a whole value after VARIABLE=
Lookup = Callable[[str], str]  # makes of a typed value what it means: the magics look ``$name`` up


@dataclass(frozen=True, slots=True)
class Call:
    """What was typed: the verb, the values of the options that were given, and the words after ``--``.

    ``help``: only the verb's help was asked for.
    """

    verb: Verb
    values: Mapping[str, Any]
    words: tuple[str, ...] | None = None
    help: bool = False

    def get(self, field: str, default: Any = None) -> Any:
        return self.values.get(field, default)

    @property
    def json(self) -> bool:
        return bool(self.values.get("json"))


def split(line: str) -> list[str]:
    """A line as words, by the shell's rules of quoting.

    Raises:
        UsageError: a quote is not closed, or the line ends with a backslash.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        if "escaped" in str(error):
            raise UsageError("a backslash ends the line", hint="keep all options on one line") from None
        raise UsageError("a quote is not closed", hint='put an apostrophe inside double quotes: "it\'s"') from None


def parse(words: Sequence[str], *, lookup: Lookup | None = None) -> Call | None:
    """The call that the words make; None where they only ask for the list of verbs.

    Args:
        words: the verb and what follows it.
        lookup: makes of each typed value what it means.

    Raises:
        UsageError: the words are none of a verb's.
    """
    wanted_help = bool(words) and words[0] in ("help", "-h", "--help")
    if wanted_help:
        words = words[1:]
    if not words:
        return None
    found = verb(words[0])
    if found is None:
        raise UsageError(f"unknown verb {words[0]!r}", hint=near(words[0], [one.name for one in VERBS]))
    rest, work = list(words[1:]), None
    if "--" in rest and found.words:
        at = rest.index("--")
        rest, work = rest[:at], tuple(rest[at + 1 :])
    if wanted_help or "-h" in rest or "--help" in rest:
        return Call(found, {}, help=True)
    return Call(found, _values(found, rest, lookup), work)


def _values(verb: Verb, words: list[str], lookup: Lookup | None) -> dict[str, Any]:
    parsed, unknown = _parser(verb).parse_known_intermixed_args(words)
    if unknown:
        raise _unknown(verb, unknown[0])
    values: dict[str, Any] = {}
    for option in verb.options:
        if (typed := getattr(parsed, option.field, None)) in (None, []):
            continue
        values[option.field] = typed if not option.metavar else _converted(option, typed, lookup)
    return values


def _converted(option: Option, typed: Any, lookup: Lookup | None) -> Any:
    def one(text: str) -> Any:
        value = _looked_up(option, text, lookup)
        try:
            value = option.convert(value)
        except ValueError as error:
            raise UsageError(str(error), place="/".join(option.flags)) from None
        if option.choices and value not in option.choices:
            raise UsageError(f"unknown value {text!r}", place=option.flags[0], hint=near(value, option.choices))
        return value

    return [one(text) for text in typed] if option.repeat else one(typed)


def _looked_up(option: Option, text: str, lookup: Lookup | None) -> str:
    if lookup is None:
        return text
    try:
        if option.metavar == "NAME=VALUE" and "=" in text:
            name, value = text.split("=", 1)
            return f"{name}={lookup(value)}"
        if option.metavar == REQUIRED:
            return _LOOKED_UP.sub(lambda found: found[1] + _quoted(lookup(found[2])), text)
        return lookup(text)
    except UsageError as error:
        raise UsageError(error.message, place=option.flags[0], hint=error.hint) from None


def _quoted(text: str) -> str:
    """A value as it stands after ``VARIABLE=``, where commas separate; lists and mappings are written as such."""
    return text if text[:1] in ("[", "{") else json.dumps(text, ensure_ascii=False)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        if message.startswith("argument "):
            flag, _, message = message.removeprefix("argument ").partition(": ")
            if message.startswith("expected"):
                message = "needs a value"
            raise UsageError(message, place=flag.split("/")[0], hint=f"see: {command(f'{self.prog} -h')}")
        if required := message.partition("required: ")[2]:
            raise UsageError(f"{self.prog} needs {required}", hint=f"see: {command(f'{self.prog} -h')}")
        raise UsageError(message, hint=f"see: {command(f'{self.prog} -h')}")


@functools.cache
def _parser(verb: Verb) -> _Parser:
    parser = _Parser(verb.name, add_help=False, allow_abbrev=False, argument_default=argparse.SUPPRESS)
    for option in verb.options:
        if option.positional:
            nargs = {(True, True): "+", (True, False): "*", (False, False): "?"}.get((option.repeat, option.required))
            parser.add_argument(option.field, metavar=option.metavar, nargs=nargs)
        elif option.metavar:
            parser.add_argument(*option.flags, dest=option.field, action="append" if option.repeat else "store")
        else:
            parser.add_argument(*option.flags, dest=option.field, action="store_true")
    return parser


def _unknown(verb: Verb, word: str) -> UsageError:
    if not word.startswith("-"):
        taken = " ".join(option.metavar for option in verb.positionals) or "no words"
        hint = "a command goes after --" if verb.words else f"it takes {taken}; quote text with spaces"
        return UsageError(f"{verb.name} does not take {word!r}", hint=hint)
    flag = word.partition("=")[0]
    flags = [flag for option in verb.options if not option.positional for flag in option.flags]
    return UsageError(f"unknown option {flag}", hint=near(flag, flags) or f"see: {command(f'{verb.name} -h')}")


def help_text(call: Call | None, *, prefix: str) -> str:
    """Help on the call's verb, or on all verbs.

    Args:
        prefix: what is typed before a verb: ``%cube`` or ``jupyter cube``.
    """
    if call is None:
        lines = [f"{prefix} VERB ...", ""]
        lines += [f"  {one.name:11} {one.summary}" for one in VERBS]
        lines += ["", f"{prefix} VERB -h shows a verb's options."]
        if prefix.startswith("%"):
            lines += ["%%cube submit makes a job of a cell."]
        return "\n".join(lines) + "\n"
    one = call.verb
    usage = " ".join(_shown(option) for option in one.positionals)
    lines = [f"{prefix} {one.name} {usage} [options]".replace("  ", " ") + (" [-- COMMAND]" if one.words else "")]
    lines += [f"  {one.summary}", ""]
    here = [option for option in one.options if not option.only or prefix.startswith("%")]
    for option in here:
        flags = option.metavar if option.positional else f"{', '.join(option.flags)} {option.metavar}".rstrip()
        choices = f": {', '.join(option.choices)}" if option.choices else ""
        lines.append(f"  {flags:28} {option.help}{choices}")
    lines += ["", "Examples:"]
    lines += [f"  {prefix} {text}" if text.startswith(one.name) else f"  {text}" for text in one.examples]
    if one.name == "submit" and prefix.startswith("%"):
        lines += ["", "An option's value $name is the notebook's variable of that name; $$name is the text $name."]
    return "\n".join(lines) + "\n"


def _shown(option: Option) -> str:
    text = option.metavar + ("..." if option.repeat else "")
    return text if option.required else f"[{text}]"
