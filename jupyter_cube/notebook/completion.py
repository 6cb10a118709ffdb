"""What may come next while somebody types: in IPython on Tab, and in bash and zsh. Nothing heavy is imported."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jupyter_cube.config import store_path
from jupyter_cube.errors import CubeError
from jupyter_cube.store.index import Index, Summary
from jupyter_cube.store.store import Store
from jupyter_cube.verbs.option import Option, Verb
from jupyter_cube.verbs.table import VERBS, verb

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult

    from jupyter_cube.marketplace.catalog import Catalog

_MAGIC = re.compile(r"\s*(?:[\w.\[\], ]+=\s*)?(%%?)cube(?:\s+(.*))?", re.DOTALL)
_VARIABLE = re.compile(r"\$(\w*)$")
_MOST = 50  # jobs offered

BASH = """\
_jupyter_cube() {
    local cur=${COMP_WORDS[COMP_CWORD]} first=1
    if [[ ${COMP_WORDS[0]##*/} == jupyter ]]; then
        if [[ ${COMP_WORDS[1]} != cube || $COMP_CWORD -lt 2 ]]; then
            declare -F _jupyter >/dev/null && _jupyter
            return
        fi
        first=2
    fi
    mapfile -t COMPREPLY < <(@COMMAND@ completion --words "${COMP_WORDS[@]:first:COMP_CWORD-first+1}" 2>/dev/null)
}
complete -o default -F _jupyter_cube jupyter-cube jupyter
"""
ZSH = """\
#compdef jupyter-cube jupyter
_jupyter_cube() {
    local first=2
    if [[ ${words[1]:t} == jupyter ]]; then
        if [[ ${words[2]} != cube || $CURRENT -lt 3 ]]; then
            (( $+functions[_jupyter] )) && _jupyter || _files
            return
        fi
        first=3
    fi
    local -a found
    found=("${(@f)$(@COMMAND@ completion --words "${(@)words[first,CURRENT]}" 2>/dev/null)}")
    if [[ -n ${found[1]} ]]; then compadd -a found; else _files; fi
}
compdef _jupyter_cube jupyter-cube jupyter
"""


def script(shell: str, command: str) -> str:
    """The completion script of ``bash`` or ``zsh``; ``command`` is how this program is called."""
    return {"bash": BASH, "zsh": ZSH}[shell].replace("@COMMAND@", command)


def candidates(words: Sequence[str], *, names: Iterable[str] | None = None) -> list[str]:
    """What the last word may become; empty where it is a file's name or free text.

    Args:
        words: what has been typed after the program's name, the last one unfinished or empty.
        names: variables of the notebook; None: it is typed in a shell.
    """
    *before, last = words or [""]
    if not before:
        return _beginning(last, [one.name for one in VERBS])
    if before[0] == "help":
        return _beginning(last, [one.name for one in VERBS])
    found = verb(before[0])
    if found is None or "--" in before:
        return []
    if names is not None and (variable := _VARIABLE.search(last)):
        return [last[: variable.start(1)] + name for name in _beginning(variable[1], names)]
    previous = found.option(before[-1])
    if previous is not None and previous.metavar and not previous.positional:
        return _values(previous, last, before, names or ())
    place = None if last.startswith("-") else _positional(found, before)
    if place is not None:
        return _values(place, last, before, names or ())
    return _beginning(last, _flags(found, before, notebook=names is not None))


def _beginning(start: str, options: Iterable[str]) -> list[str]:
    return [option for option in options if option.startswith(start)]


def _flags(verb: Verb, before: Sequence[str], *, notebook: bool) -> list[str]:
    here = [one for one in verb.options if not one.positional and (notebook or not one.only)]
    return [one.flags[0] for one in here if one.repeat or not set(one.flags) & set(before)]


def _positional(verb: Verb, before: Sequence[str]) -> Option | None:
    """The positional that the last word is."""
    filled, words = 0, iter(before[1:])
    for word in words:
        option = verb.option(word)
        if option is None or option.positional:
            filled += not word.startswith("-")
        elif option.metavar:
            next(words, None)
    places = verb.positionals
    if filled < len(places):
        return places[filled]
    return places[-1] if places and places[-1].repeat else None


def _values(option: Option, last: str, before: Sequence[str], names: Iterable[str]) -> list[str]:
    if option.choices:
        return _beginning(last, option.choices)
    if option.completes == "name":
        head, comma, start = last.rpartition(",")
        return [f"{head}{comma}{name}" for name in _beginning(start, names) if name not in head.split(",")]
    found = _SOURCES.get(option.completes)
    return found(last, before) if found is not None else []


def _jobs(last: str, before: Sequence[str]) -> list[str]:
    del before
    summaries = _summaries()
    by_name = dict.fromkeys(one.name for one in summaries)
    return _beginning(last, [*by_name, *(one.id for one in summaries)]) if last else list(by_name)


def _tasks(last: str, before: Sequence[str]) -> list[str]:
    """Tasks of the first job that is named before."""
    for word in before[1:]:
        for one in _summaries():
            if word in (one.name, one.id) or (len(word) >= 4 and one.id.startswith(word)):
                try:
                    return _beginning(last, Store(store_path()).folder(one.id).task_names)
                except (CubeError, OSError):
                    return []
    return []


def _summaries() -> list[Summary]:
    try:
        return Index(Store(store_path())).summaries()[:_MOST]
    except (CubeError, OSError):
        return []  # Tab is no place for errors


def _items(last: str, before: Sequence[str]) -> list[str]:
    """Names of items, after ``@`` their versions, after ``:`` their variables; of those that are to be withdrawn."""
    name, at, version = last.partition("@")
    head, colon, typed = last.partition(":")
    try:
        if "--withdraw" in before:
            known = _catalog().trust.records()
            far = [one.source for one in known if "://" in one.source]
            names = [(one.name, f"{one.source}/{one.name}") for one in known if one.source not in far]
            return _beginning(last, dict.fromkeys([*(each for both in names for each in both), *far]))
        if colon and "//" not in last:
            given, comma, start = typed.rpartition(",")
            filled = {part.partition("=")[0] for part in given.split(",")}
            found = [one for one in _variables_of(head) if one not in filled]
            return [f"{head}:{given}{comma}{one}=" for one in _beginning(start, found)]
        if at:
            return [f"{name}@{one}" for one in _beginning(version, _catalog().versions(name))]
        from jupyter_cube.marketplace.search import Index as Items

        return Items(_catalog().sources).prefix(last, _MOST)
    except (CubeError, OSError):
        return []


def _variables_filled(last: str, before: Sequence[str]) -> list[str]:
    """Variables of the item that is named before."""
    given = {word.partition("=")[0] for word in before if "=" in word}
    try:
        found = _variables_of(next(word for word in before[1:] if not word.startswith("-")))
    except (StopIteration, CubeError, OSError):
        return []
    return [f"{one}=" for one in _beginning(last, found) if one not in given]


def _variables_of(name: str) -> list[str]:
    from jupyter_cube.marketplace.reference import typed

    return [variable.name for variable in _catalog().find(typed(name)).item.variables]


def _sources(last: str, before: Sequence[str]) -> list[str]:
    del before
    try:
        return _beginning(last, [source.name for source in _catalog().sources])
    except (CubeError, OSError):
        return []


def _catalog() -> Catalog:
    from jupyter_cube.marketplace.catalog import catalog

    return catalog()


_SOURCES: Mapping[str, Callable[[str, Sequence[str]], list[str]]] = {
    "job": _jobs,
    "task": _tasks,
    "item": _items,
    "variable": _variables_filled,
    "source": _sources,
}


def matches(context: CompletionContext) -> SimpleMatcherResult:
    """IPython's question what may follow, in ``%cube ...``, ``j = %cube ...`` and the first line of ``%%cube``."""
    from IPython.core.getipython import get_ipython

    line = context.line_with_cursor[: context.cursor_position]
    typed = _MAGIC.fullmatch(line)
    if typed is None or typed[2] is None or (typed[1] == "%%" and context.cursor_line > 0):
        return _result(context, [])
    words = _split(typed[2])
    if typed[1] == "%%" and len(words) == 1:
        found = _beginning(words[0], ["submit"])
    else:
        shell = get_ipython()
        found = candidates(words, names=_variables(shell.user_ns) if shell is not None else ())
    # IPython replaces its own token, which begins after = , and $
    cut = len(words[-1]) - len(context.token)
    usable = cut >= 0 and words[-1].endswith(context.token)
    return _result(context, [text[cut:] for text in found] if usable else [])


def _result(context: CompletionContext, texts: Sequence[str]) -> SimpleMatcherResult:
    from IPython.core.completer import SimpleCompletion

    return {
        "completions": [SimpleCompletion(text) for text in texts],
        "matched_fragment": context.token,
        "suppress": bool(texts),
        "ordered": True,
        "do_not_suppress": set(),
    }


def _split(text: str) -> list[str]:
    """Words so far, the last one unfinished; empty after a space."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return [*words, ""] if not words or text[-1:].isspace() else words


def _variables(namespace: Mapping[str, Any]) -> list[str]:
    hidden = {"In", "Out", "get_ipython", "exit", "quit", "open"}
    return sorted(name for name in namespace if not name.startswith("_") and name not in hidden)
