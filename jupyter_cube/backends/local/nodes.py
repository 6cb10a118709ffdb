"""What the tasks of a job do once, together: the prerequisites of the scope ``job``, and entries of the shared cache.

``NODES`` is the part of the wrapper for that, read by it where a role has such a prerequisite. All of it lies in files
(``docs/formats.md``): a claim is a hard link, which only one can make; a generation of a node is over when the folder
of its users can be removed, which only one can do, and only when nobody uses it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from jupyter_cube import process
from jupyter_cube.lifecycle.plan import Plan, Prerequisite

NODES = r"""
me=$CUBE_TASK_NAME.$CUBE_ATTEMPT waited=0

# node_find K: the newest generation of that node, in gen.
node_find() {
    IFS= read -r node < "$scripts.$1.node"
    IFS= read -r name < "$scripts.$1.name"
    node=$CUBE_JOB/$node g=1
    while [ -d "$node/$((g + 1))" ]; do g=$((g + 1)); done
    gen=$node/$g
}

# node_pause WHOM: a moment, longer and longer; said in the log when it is no longer a moment.
node_pause() {
    waited=$((waited + 1))
    [ "$waited" -ne 10 ] || echo "$name: waits for $1"
    if [ "$waited" -lt 20 ]; then pause=0.05; elif [ "$waited" -lt 60 ]; then pause=0.2; else pause=1; fi
    sleep $pause || stopping || sleep 1
}

# Nobody uses this generation any more, and its taskCompletes is over, or who ran it was killed.
node_ended() {
    [ ! -d "$gen/users" ] || return 1
    [ ! -e "$gen/ended" ] || return 0
    for use in "$gen"/use.*; do
        [ "$use" != "$gen/use.$me" ] && [ -e "$use" ] || continue
        read -r pid began < "$use" || return 1
        ! alive "$pid" "$began" || return 1
    done
}

# node_failed: in this generation it has failed, or whoever ran it was killed.
node_failed() {
    if read -r code_then word < "$gen/done"; then
        [ "$code_then" -ne 0 ]
    elif read -r pid began who < "$gen/claim"; then
        ! alive "$pid" "$began" && [ ! -e "$gen/done" ]
    else
        return 1
    fi
}

# node_clear: forget users that were killed, and when this task is asked to stop those that were to come; true where
# that was the last of them.
node_clear() {
    for user in "$gen"/users/*; do
        use=$gen/use.${user##*/}
        if read -r pid began < "$use"; then
            alive "$pid" "$began" || rm -f "$user"
        elif stopping && [ ! -e "$use" ]; then
            rm -f "$user"
        fi
    done
    rmdir "$gen/users"
}

# node_join K: become a user of the node's newest generation; of the next one where that has ended, or failed us before.
node_join() {
    while ! stopping; do
        node_find "$1"
        if [ -e "$gen/was.$CUBE_TASK_NAME" ] && node_failed; then
            if node_clear; then true > "$gen/ended"; fi
        else
            echo "$$ $start" > "$gen/use.$me"
            if true > "$gen/users/$me"; then
                true > "$gen/was.$CUBE_TASK_NAME"
                return 0
            fi
            rm -f "$gen/use.$me"
        fi
        if node_ended; then
            mkdir -p "$node/new.$me/users"
            mv "$node/new.$me" "$node/$((g + 1))"
            rm -rf "$node/new.$me" "$node/$((g + 1))/new.$me"
        else
            node_pause "its end in other tasks"
        fi
    done
    return 1
}

# node_begin K: run the node, or take over what another task has made of it; sets result.
node_begin() {
    waited=0
    node_join "$1" || return 0
    while :; do
        if read -r result word < "$gen/done"; then break; fi
        # The room for the result is taken before it begins: on a full disk the others would wait for ever.
        if ! echo "$$ $start $CUBE_TASK_NAME" > "$gen/draft.$me" || ! printf '%31s\n' '' > "$gen/result.$me"; then
            node_full
            rm -f "$gen/draft.$me" "$gen/result.$me"
            return 0
        fi
        if ln "$gen/draft.$me" "$gen/claim"; then
            rm -f "$gen/draft.$me" # they are one file
            node_run "$1"
            break
        fi
        read -r pid began who < "$gen/claim"
        if ! alive "$pid" "$began" && [ ! -e "$gen/done" ]; then
            if [ -e "$scripts.$1.ignore" ]; then code_then=0; else code_then=137; fi
            echo "$code_then killed" 1<> "$gen/result.$me"
            ln "$gen/result.$me" "$gen/done"
            rm -f "$gen/result.$me"
            continue
        fi
        node_pause "$who"
        if stopping; then rm -f "$gen/draft.$me" "$gen/result.$me"; return 0; fi
    done
    rm -f "$gen/draft.$me" "$gen/result.$me"
    read -r pid began who < "$gen/claim"
    if [ "$who" != "$CUBE_TASK_NAME" ]; then
        case $result.$word in
            *.there) echo "$name: already there"; skipped="$skipped $1 " ;;
            *.killed) echo "$name: $who, which ran it, was killed" ;;
            0.*) ;;
            *) echo "$name: failed in $who, exit $result" ;;
        esac
    fi
    if [ "$result" -eq 0 ]; then env_take "$gen/env"; fi
    node_protect "$1"
}

# Append the variables in a file to this task's.
env_take() {
    [ -s "$1" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line" || result=1; done < "$1" >> "$base.env"
    [ "$result" -eq 0 ] || node_full
}

# node_full: what it must keep for the task or for others finds no room.
node_full() {
    result=1
    echo "$name: the disk is full"
}

# node_run K: once a generation.
node_run() {
    word=done
    CUBE_ENV=$gen/env.new
    true > "$CUBE_ENV"
    if there "$1"; then
        word=there
    elif [ -e "$scripts.$1.cache" ]; then
        cache_take "$1"
    else
        call "$1" taskStarts
    fi
    mv "$gen/env.new" "$gen/env"
    CUBE_ENV=$base.env
    # Where the room could not be kept it waits here on a full disk, as the others do.
    until echo "$result $word" 1<> "$gen/result.$me"; do sleep 1; done
    mv "$gen/result.$me" "$gen/done"
}

# node_leave K: this task does not use the node any more; true where it was the last one and the node has been run.
node_leave() {
    node_find "$1"
    while [ "$g" -gt 1 ] && [ ! -e "$gen/users/$me" ]; do g=$((g - 1)) gen=$node/$g; done
    [ -e "$gen/users/$me" ] || return 1
    rm -f "$gen/users/$me"
    word=
    if node_clear && [ -e "$gen/claim" ]; then
        read -r code_then word < "$gen/done"
        [ "$word" = there ] || return 0
    fi
    rm -f "$gen/use.$me"
    return 1
}

# node_complete K: taskCompletes, after the last user.
node_complete() {
    result=0
    node_leave "$1" || return 0
    call "$1" taskCompletes
    true > "$gen/ended"
    rm -f "$gen/use.$me"
}

# Others may wait for this task to be done with nodes that it never came to.
node_drop() {
    k=$begun
    while [ -e "$scripts.$k.name" ]; do
        [ ! -e "$scripts.$k.node" ] || node_complete "$k"
        k=$((k + 1))
    done
}

# node_protect K: what was mounted to be filled is read-only for all that runs from now on.
node_protect() {
    if [ -n "$unfilled" ] && [ "$result" -eq 0 ] && [ -e "$scripts.$1.cache" ] && [ -e "$scripts.protect" ]; then
        . "$scripts.protect"
        run=protected
    fi
}

# cache_take K: fill the entry of the cache, unless another job has or does.
cache_take() {
    { IFS= read -r entry; IFS= read -r here; } < "$scripts.$1.cache"
    while :; do
        if [ -e "$entry/done" ]; then
            echo "$name: cached"
            result=0
            cat "$entry/env" > "$CUBE_ENV" || node_full
            return 0
        fi
        n=0
        for one in "$entry"/claim.*; do
            [ ! -e "$one" ] || [ "${one##*.}" -le "$n" ] || n=${one##*.}
        done
        if [ "$n" -eq 0 ] || [ -e "$entry/failed.$n" ] || cache_abandoned "$entry/claim.$n"; then
            draft=$entry/draft.${CUBE_JOB##*/}.$me
            if ! printf '%s %s %s\n%s\n' $$ "$start" "${CUBE_JOB##*/} $CUBE_TASK_NAME" "$here" > "$draft"; then
                node_full
                rm -f "$draft"
                return 0
            fi
            n=$((n + 1))
            ln "$draft" "$entry/claim.$n" || n=0
            rm -f "$draft"
            if [ "$n" -gt 0 ]; then
                # It may have been filled between the look and the claim, which then is no news to anybody.
                if [ -e "$entry/done" ]; then rm -f "$entry/claim.$n"; continue; fi
                cache_fill "$1"
                return 0
            fi
        else
            node_pause "$whom"
        fi
        if stopping; then result=143; return 0; fi
    done
}

# cache_abandoned CLAIM: who made it does not run any more, nor does what it has started.
cache_abandoned() {
    { IFS=' ' read -r pid began job who; IFS= read -r there; } < "$1" || return 1
    whom="$who of job $job"
    if [ "$there" = "$here" ]; then
        ! alive "$pid" "$began" || return 1
        if [ -z "$found" ] || [ "$found" = "$began" ]; then
            kill -KILL -- "-$pid" && sleep 0.1
        fi
        return 0
    fi
    # Another boot of this host, or a container of it that has ended.
    [ "${there% * *}" != "${here% * *}" ] || return 0
    host=${there#* }
    whom="$whom on ${host%% *}; if that has ended, remove $1"
    return 1
}

cache_fill() {
    (cd "$entry/data" && for one in ..?* .[!.]* *; do rm -rf -- "./$one"; done)
    CUBE_ENV=$entry/env.new
    true > "$CUBE_ENV"
    call "$1" taskStarts
    CUBE_ENV=$gen/env.new
    cat "$entry/env.new" > "$CUBE_ENV" || node_full
    if [ "$status" -eq 0 ] && [ "$result" -eq 0 ] && ! stopping; then
        mv "$entry/env.new" "$entry/env"
        true > "$entry/done"
        rm -f "$entry"/claim.* "$entry"/failed.*
    else
        true > "$entry/failed.$n"
    fi
}
"""


def used(plan: Plan) -> bool:
    """Some tasks of the plan do something together."""
    return any(_shared(one) for role in plan.roles for one in role.prerequisites)


def folder_of(key: str) -> str:
    """The name of a node's folder."""
    return key if re.fullmatch(r"[A-Za-z0-9_][\w.@+-]{0,99}", key) else hashlib.sha256(key.encode()).hexdigest()[:32]


def entry(cache: str, key: str) -> str:
    """The folder of an entry of the cache."""
    return f"{cache}/entries/{folder_of(key)}"


def make_entry(cache: str, key: str) -> str:
    """The folder of an entry, made where it is missing; one whose data are gone is to be filled again."""
    path = entry(cache, key)
    if not os.path.isdir(f"{path}/data"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}/done")
        os.makedirs(f"{path}/data", exist_ok=True)
    os.utime(path)  # it is used, and not cleared
    return path


def lay(path: str, plan: Plan, *, attempt: int, starting: Mapping[int, int], cache: str) -> dict[str, str]:
    """Make the folders of an attempt's nodes.

    Args:
        path: the job's folder.
        attempt: of the job.
        starting: number of a task that starts at once to number of its attempt.

    Returns:
        Names in ``private`` to texts.
    """
    texts: dict[str, str] = {}
    together = plan.gang and not any(role.after for role in plan.roles)
    for role in plan.roles:
        shared = [(number, one) for number, one in enumerate(role.prerequisites) if _shared(one)]
        for number, one in shared:
            node = f"nodes/{attempt}/{folder_of(one.key or f'{role.name}.{number}')}"
            os.makedirs(f"{path}/{node}/1/users", exist_ok=True)
            texts[f"{role.name}.{number}.node"] = f"{node}\n"
            if one.cache:
                texts[f"{role.name}.{number}.cache"] = f"{make_entry(cache, one.cache)}\n{_here()}\n"
            # All of them start together, so the last one has left when all of these have.
            for task in plan.tasks if together else ():
                if task.role.name == role.name and task.number in starting:
                    with open(f"{path}/{node}/1/users/{task.name}.{starting[task.number]}", "w"):
                        pass
        if shared:
            texts[f"{role.name}.nodes"] = NODES
    return texts


def _shared(one: Prerequisite) -> bool:
    return one.scope == "job"


def _here() -> str:
    """Where a pid means the same process as here."""
    words = (process.machine_id(), os.uname().nodename, process.boot_id() or "-", process.pid_namespace() or "-")
    return " ".join(words)


def leave(path: Path, attempt: int, task: str, task_attempt: int) -> None:
    """Nobody waits for an attempt of a task that has ended without leaving its nodes."""
    name = f"{task}.{task_attempt}"
    for generation in path.glob(f"nodes/{attempt}/*/[0-9]*"):
        for file in (generation / "users" / name, generation / f"use.{name}"):
            with contextlib.suppress(FileNotFoundError):
                file.unlink()
