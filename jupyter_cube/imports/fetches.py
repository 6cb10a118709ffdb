"""What commands that do nothing but fetch data fetch, and how they say it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from jupyter_cube.plugins import git

_HARMLESS = {"mkdir", "cd", "export", "ls", "echo", "tar", "unzip", "gunzip"}
_UNPACKS = {"tar", "unzip", "gunzip"}
_NAMED = {"wget": ("-O", "--output-document"), "curl": ("-o", "--output")}
_REFERENCE = re.compile(r"<%.*?%>", re.DOTALL)
_FILLED_IN = "$"  # stands for a reference: its value is known in a job only


@dataclass(slots=True)
class Fetched:
    """What they fetch.

    Attributes:
        files: addresses of files, each with the name that it gets there; empty: that of the address.
        clones: addresses of repositories, each with the options of its clone that are known here.
        unpacks: something of it is unpacked.
    """

    files: dict[str, str] = field(default_factory=dict)
    clones: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unpacks: bool = False


def fetched(commands: Sequence[str]) -> Fetched | None:
    """What shell commands fetch; None: they do something else, too."""
    found = Fetched()
    for words in _simple(commands):
        name, arguments = words[0], words[1:]
        if name in _NAMED:
            found.files.update(_files(name, arguments))
        elif words[:2] == ["git", "clone"]:
            address = next((word for word in arguments if "://" in word or _FILLED_IN in word), "")
            found.clones[address] = tuple(_options(arguments))
        elif name not in _HARMLESS:
            return None
        found.unpacks = found.unpacks or name in _UNPACKS
    return found


def _simple(commands: Sequence[str]) -> Iterator[list[str]]:
    """The commands as words, those that ``&&`` and ``;`` join each by itself; ``?`` alone for what is beyond that."""
    text = _REFERENCE.sub(_FILLED_IN, "\n".join(commands)).replace("\\\n", " ")
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();|&")
        lexer.whitespace_split, lexer.commenters = True, ""
        words: list[str] = []
        try:
            for word in lexer:
                if word in ("&&", ";"):
                    yield words or ["?"]
                    words = []
                elif word[:1] in "();|&" or "`" in word or "$(" in word:
                    yield ["?"]
                else:
                    words.append(word)
        except ValueError:  # a quote that is not closed
            words = ["?"]
        if words:
            yield words


def _files(command: str, arguments: Sequence[str]) -> dict[str, str]:
    found, name, words = [], "", iter(arguments)
    for word in words:
        option, _, value = word.partition("=")
        if option in _NAMED[command]:
            name = value or next(words, "")
        elif "://" in word or word == _FILLED_IN:
            found.append(word)
    called = PurePosixPath(name).name if len(found) == 1 and name not in ("", "-") else ""
    return dict.fromkeys(found, called)


def _options(arguments: Sequence[str]) -> Iterator[str]:
    words = iter(arguments[1:])
    for word in words:
        option, equals, _ = word.partition("=")
        if option in git.OPTIONS:
            yield word
            if option in git.WITH_VALUE and not equals:
                yield next(words, "")
