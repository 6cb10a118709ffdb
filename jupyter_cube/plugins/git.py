
"""The plugin ``git``: a clone of a repository, made or brought up to date before the task's command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.record import Written, key
from jupyter_cube.shape import NAMES, Text

OPTIONS = ("--depth", "--branch", "-b", "--single-branch", "--no-tags", "--recursive", "--shallow-submodules")
_WITH_VALUE = ("--depth", "--branch", "-b")
_ADDRESS = re.compile(r"(?!-)(?!.*::)[^\x00-\x20\x7f]+")
_REF = re.compile(r"(?!-)(?!.*\.\.)[\w./@+-]*")

# No hooks, no transports that run programs, no question that nobody can answer. A clone that is there is taken when it
# is of the same repository, so that a retry works.
_SCRIPT = """\
export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL=file:git:http:https:ssh
git() {{ command git -c core.hooksPath=/dev/null -c advice.detachedHead=false "$@"; }}
place={place}
if [ -n "$(ls -A "$place" 2> /dev/null)" ]; then
    there=$(git -C "$place" config --get remote.origin.url || true)
    if [ "$there" != {address} ]; then
        echo "error: $place is not empty, and no clone of "{address}
        exit 1
    fi
    git -C "$place" fetch -q --tags origin
else
    for pause in 1 4 15 0; do
        if git clone -q{options} -- {address} "$place"; then break; fi
        if [ $pause = 0 ]; then
            echo "error: "{address}" cannot be cloned"
            exit 1
        fi
        sleep $pause
    done
fi
"""
_CHECK_OUT = """\
ref={ref}
git -C "$place" checkout -q "$ref" -- 2> /dev/null || {{
    git -C "$place" fetch -q origin "$ref" && git -C "$place" checkout -q FETCH_HEAD --
}} || {{
    echo "error: "{address}" has no $ref"
    exit 1
}}
if git -C "$place" rev-parse -q --verify "refs/remotes/origin/$ref" > /dev/null; then
    git -C "$place" reset -q --hard "origin/$ref"
fi
"""


@dataclass(frozen=True, kw_only=True)
class GitParameters(Written):
    """A repository, and where its clone is."""

    address: str = key("repo_uri", Text(), about="the repository's address")
    options: tuple[str, ...] = key("options", NAMES, default=(), about=f"of git clone: {', '.join(OPTIONS)}")
    place: str = key("clone_dir", Text(), default="", about="the folder; default: the repository's name")
    ref: str = key("ref", Text(), default="", about="branch, tag or commit; default: the repository's own")


class GitPlugin(Plugin):
    """A clone at an absolute path is made once for all tasks, at a relative one by every task in its own folder."""

    name: ClassVar[str] = "git"
    parameters: ClassVar[type[Written]] = GitParameters

    def make(self, parameters: Any) -> Made:
        address = parameters.address
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"{address!r:.200} is no address of a repository")
        if not _REF.fullmatch(parameters.ref):
            raise ValueError(f"{parameters.ref!r:.100} is no branch, tag or commit")
        place = parameters.place or re.sub(r"\.git$", "", address.rstrip("/")).rpartition("/")[2]
        if place.startswith("-") or not place:
            raise ValueError(f"{place!r:.100} is no folder for a clone")
        words = {
            "place": shlex.quote(place),
            "address": shlex.quote(address),
            "options": "".join(f" {shlex.quote(option)}" for option in _checked(parameters.options)),
        }
        script = _SCRIPT.format(**words)
        if parameters.ref:
            script += _CHECK_OUT.format(ref=shlex.quote(parameters.ref), **words)
        return Made({"taskStarts": script}, scope="job" if place.startswith("/") else "task")


def _checked(options: Sequence[str]) -> list[str]:
    """The words of the options, if all of them do no harm."""
    words = [word for option in options for word in shlex.split(option)]
    value = False
    for word in words:
        if value:
            value = False
            if word.startswith("-"):
                raise ValueError(f"{word!r:.100} is no value of an option")
            continue
        name, equals, _ = word.partition("=")
        if name not in OPTIONS:
            raise ValueError(f"the option {word!r:.100} is not possible; there are {', '.join(OPTIONS)}")
        value = name in _WITH_VALUE and not equals
    return words
