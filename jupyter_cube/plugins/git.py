"""The plugin ``git``: a clone of a repository, made or brought up to date before the task's command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from jupyter_cube.plugins.base import Made, Plugin
from jupyter_cube.text.record import Written, key
from jupyter_cube.text.shape import NAMES, Text

OPTIONS = ("--depth", "--branch", "-b", "--single-branch", "--no-tags", "--recursive", "--shallow-submodules")
WITH_VALUE = ("--depth", "--branch", "-b")
_OF_SUBMODULES = ("--recursive", "--shallow-submodules")
_ADDRESS = re.compile(r"(?!-)(?!.*::)[^\x00-\x20\x7f]+")
_REF = re.compile(r"(?!-)(?!.*\.\.)[\w./@+-]*")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SECRET = re.compile(r"<%\s*\$secrets\.[\w.]+\s*%>")
_LOCAL = re.compile(r"file://|(?!.*://)[^:]*(/|$)")  # else what is before the first colon is a host

# No hooks, no transports that run programs, no question that nobody can answer, no submodules of this machine where the
# repository is elsewhere. A clone that is there is taken when it is of the same repository, so that a retry works; one
# that was cut off by a kill has no index yet. Tasks and jobs may share the folder: one at a time, by one of a few
# locks, which git's own processes must not keep. The address is no quoted word, for a secret in it may hold a quote.
_SCRIPT = """\
export GIT_TERMINAL_PROMPT=0 GIT_ALLOW_PROTOCOL={protocols}
git() {{ command git -c core.hooksPath=/dev/null -c advice.detachedHead=false "$@" 9>&-; }}
lock() {{ "${{CUBE_PYTHON:-python3}}" -S -c "import fcntl; fcntl.flock(9, fcntl.LOCK_EX $1)" 2> /dev/null; }}
without_login() {{ printf %s "$1" | sed 's,://[^/@]*@,://,'; }}
IFS= read -r address << 'end of the address'
{address}
end of the address
shown=$(without_login "$address")
clone() {{
    for pause in 1 4 15; do
        if git clone -q{options} -- "$address" "$place"; then return 0; fi
        echo "$place: git clone failed, again in $pause s"
        sleep $pause
    done
    git clone -q{options} -- "$address" "$place"
}}
place={place}
mkdir -p "$(dirname "$place")" "$CUBE_CACHE/locks"
set -- $(ls -di "$(dirname "$place")")
set -- $(printf %s "$1 $(basename "$place")" | cksum)
exec 9>> "$CUBE_CACHE/locks/clone.$(($1 % 64))"
lock "| fcntl.LOCK_NB" || {{ echo "$place: waiting for another clone"; lock "" || true; }}
there=$(git config -f "$place/.git/config" --get remote.origin.url) || true
if [ -n "$(ls -A "$place" 2> /dev/null)" ] && [ "$(without_login "$there")" != "$(without_login "$address")" ]; then
    echo "error: $place is not empty, and no clone of $shown"
    exit 1
fi
if [ -d "$place/.git" ] && [ ! -e "$place/.git/index" ]; then
    rm -f "$place/.git/index.lock"
    if git -C "$place" rev-parse -q --verify HEAD > /dev/null; then
        git -C "$place" reset -q --hard
    elif [ "$(ls -A "$place")" = .git ]; then
        rm -rf "$place/.git"
    fi
fi
[ ! -d "$place/.git" ] || git -C "$place" remote set-url -- origin "$address"
if [ ! -d "$place/.git" ] && ! clone; then
    echo "error: $shown cannot be cloned"
    exit 1
fi
"""
# What has been changed in a clone is not thrown away: git refuses to check out over it.
_CHECK_OUT = """\
commit=$(git -C "$place" rev-parse -q --verify {here}) || {{
    if ! git -C "$place" fetch -q origin {ref}; then
        echo "error: $shown gives no "{ref}
        exit 1
    fi
    commit=$(git -C "$place" rev-parse -q --verify "FETCH_HEAD^{{commit}}")
}}
if ! git -C "$place" checkout -q --detach "$commit"; then
    echo "error: $place cannot be brought to "{ref}
    exit 1
fi
"""
# Not by clone: where they fail, it leaves a clone without them, which the next try would take for whole.
_SUBMODULES = """\
for pause in 1 4 15 0; do
    if git -C "$place" submodule --quiet update --init --recursive{depth}; then break; fi
    if [ $pause = 0 ]; then
        echo "error: the submodules of $shown cannot be cloned"
        exit 1
    fi
    echo "$place: git submodule failed, again in $pause s"
    sleep $pause
done
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
        address, ref = parameters.address, parameters.ref
        if not _ADDRESS.fullmatch(_SECRET.sub("secret", address)):
            raise ValueError(f"{address!r:.200} is no address of a repository")
        if not _REF.fullmatch(ref):
            raise ValueError(f"{ref!r:.100} is no branch, tag or commit")
        place = parameters.place or re.split("[/:]", re.sub(r"(/*\.git)?/*$", "", address))[-1]
        if place.startswith("-") or not place or _SECRET.search(place):
            raise ValueError(f"{place!r:.100} is no folder for a clone")
        options = _checked(parameters.options)
        of_clone = [option for option in options if option not in _OF_SUBMODULES]
        words = {
            "place": f'"$HOME"/{shlex.quote(place[2:])}' if place.startswith("~/") else shlex.quote(place),
            "address": address,
            "options": "".join(f" {shlex.quote(option)}" for option in of_clone),
            "depth": " --depth=1" if "--shallow-submodules" in options else "",
            "protocols": "file:git:http:https:ssh" if _LOCAL.match(address) else "git:http:https:ssh",
            "ref": shlex.quote(ref),
            # a branch may have moved, a commit or tag that is there needs no network
            "here": shlex.quote(f"{ref if _COMMIT.fullmatch(ref) else f'refs/tags/{ref}'}^{{commit}}"),
        }
        script = _SCRIPT.format(**words)
        if ref:
            script += _CHECK_OUT.format(**words)
        if "--recursive" in options:
            script += _SUBMODULES.format(**words)
        return Made({"taskStarts": script}, scope="job" if place.startswith(("/", "~/")) else "task")


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
        if equals and name not in WITH_VALUE[:2]:
            raise ValueError(f"the option {name} takes no value")
        value = name in WITH_VALUE and not equals
    if value:
        raise ValueError(f"the option {words[-1]} needs a value")
    return words
