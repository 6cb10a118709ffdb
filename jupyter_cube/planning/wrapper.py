"""The script around every task, the same on every backend, and the files it runs.

``WRAPPER`` is POSIX sh. It is started with ``CUBE_JOB`` (the job folder), ``CUBE_TASK_NAME``, ``CUBE_ROLE``,
``CUBE_ATTEMPT``, ``CUBE_CWD`` (empty: a fresh folder), ``CUBE_STARTER`` (pid and start of who starts it),
``CUBE_DEVICES`` (names of its GPUs, by commas), ``CUBE_CGROUP`` and ``CUBE_TASK_ENV`` (export lines that win over the
job's environment files). It claims the attempt, writes its log itself, runs the prerequisites' callbacks and the
command, and leaves the exit record. What tasks do together is in ``nodes``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jupyter_cube.lifecycle.plan import Role

STRICT = "set -o errexit -o nounset -o pipefail\n"
# bash as sh ends a script that assigns these.
_READ_ONLY = frozenset({"BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"})
_SIMPLE = re.compile(r"""exec( "[^"\\`()]*"| '[^']*'| [\w./:=,@%+-]+)+""")
EVENTS = ("taskStarts", "taskSucceeds", "taskFails", "taskCompletes")

WRAPPER = r"""#!/bin/sh
# Runs one attempt of one task: claim, callbacks, command, exit record.
cd "$CUBE_JOB" || exit 1
base=$CUBE_JOB/tasks/$CUBE_TASK_NAME/$CUBE_ATTEMPT
scripts=$CUBE_JOB/private/$CUBE_ROLE

# A claim appears whole or not at all, and only one link can succeed.
if [ -z "$CUBE_NO_PROC" ] && [ -r /proc/$$/stat ]; then
    read -r stat < /proc/$$/stat
    set -- ${stat##*) }
    start=${20}
else
    set -- $(LC_ALL=C TZ=UTC ps -o lstart= -p $$)
    start=$(IFS=_; echo "$*")
fi
printf '%s %s %s %s\n' $$ "$start" "${CUBE_DEVICES:--}" "$CUBE_CGROUP" > "$base.claim.$$" || exit 1
# The room for its exit record is taken before it begins: on a full disk it could not say how it ended.
printf '%255s\n' '' > "$base.exit.$$" || { rm -f "$base.claim.$$" "$base.exit.$$"; exit 1; }
ln "$base.claim.$$" "$base.claim" 2>/dev/null || { rm -f "$base.claim.$$" "$base.exit.$$"; exit 0; }

# The log is 3 for this shell, which must not comment on what a signal ended (its 2), and 1 and 2 for what it runs.
exec </dev/null >> "$base.log" 3>&1 2>/dev/null
# The owner signals every process of the task; this one stays to run taskCompletes and to write the record.
trap : TERM
[ -z "$CUBE_CGROUP" ] || echo $$ > "$CUBE_CGROUP/cgroup.procs"
{ echo 500 > /proc/self/oom_score_adj; } 2>/dev/null

. "$CUBE_JOB/private/base.env"
. "$CUBE_JOB/private/job.env"
eval "$CUBE_TASK_ENV"
cannot=$CUBE_CANNOT unfilled=$CUBE_UNFILLED
unset CUBE_TASK_ENV CUBE_CGROUP CUBE_DEVICES CUBE_CANNOT CUBE_UNFILLED
export CUBE_ENV="$base.env"
if [ -z "$CUBE_CWD" ]; then
    CUBE_CWD=$base.work
    mkdir -p "$CUBE_CWD"
fi

phase=command code=0 command_code=null begun=0 skipped= run=exec

# In a subshell: a redirection on the command itself would catch this shell's comments too.
script() { (exec 2>&3 3>&-; $run bash "$scripts.$1"); }

command_script() {
    if [ -e "$scripts.exec" ]; then
        (exec 2>&3 3>&-; trap - TERM; [ "$run" = exec ] || $run sh "$scripts.exec"; . "$scripts.exec")
    else
        script command
    fi
}

stopping() { [ -e "$base.stop" ]; }

# alive PID START: that very process runs; else found is the start of whatever has the pid now.
alive() {
    found=
    if [ -z "$CUBE_NO_PROC" ] && [ -r /proc/self/stat ]; then
        IFS= read -r stat < "/proc/$1/stat" || return 1
        set -- "$2" ${stat##*) }
        found=${21}
    else
        set -- "$2" $(LC_ALL=C TZ=UTC ps -o stat=,lstart= -p "$1")
        [ $# -gt 1 ] || return 1
        found=$(shift 2; IFS=_; echo "$*")
    fi
    case $2 in Z* | X*) return 1 ;; esac
    [ "$found" = "$1" ]
}

# record SUFFIX: how it ends, whole or not at all.
record() {
    printf '{"phase": "%s", "code": %s, "command_code": %s}\n' "$phase" "$code" "$command_code" 1<> "$base.$1.$$" &&
        mv "$base.$1.$$" "$base.$1"
}

load_env() {
    [ -s "$CUBE_ENV" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
            [!A-Za-z_]*) ;;
            *[!A-Za-z0-9_]*=*) case ${line%%=*} in *[!A-Za-z0-9_]*) ;; *) export "$line" ;; esac ;;
            *=*) export "$line" ;;
        esac
    done < "$CUBE_ENV"
}

# call K EVENT: run that callback of prerequisite K; sets name, status and, with the failure policy, result.
call() {
    result=0 status=0
    [ -e "$scripts.$1.$2" ] || return 0
    case $skipped in *" $1 "*) return 0 ;; esac
    IFS= read -r name < "$scripts.$1.name"
    script "$1.$2" || status=$?
    [ -e "$scripts.$1.ignore" ] || result=$status
}

# there K: what prerequisite K brings is there already.
there() {
    [ -e "$scripts.$1.check" ] && script "$1.check" > /dev/null 3>&1 || return 1
    echo "$name: already there"
    skipped="$skipped $1 "
}

# begin K: taskStarts of prerequisite K, here or by another task.
begin() {
    result=0
    IFS= read -r name < "$scripts.$1.name"
    if [ -e "$scripts.$1.node" ]; then
        node_begin "$1"
    elif ! there "$1"; then
        call "$1" taskStarts
    fi
}

# finish EVENT: run the callbacks of EVENT, last prerequisite first; the first failure fails the task.
finish() {
    k=$begun
    while [ "$k" -gt 0 ]; do
        k=$((k - 1))
        if [ "$1" = taskCompletes ] && [ -e "$scripts.$k.node" ]; then
            node_complete "$k"
        else
            call "$k" "$1"
        fi
        if [ "$result" -ne 0 ] && [ "$code" -eq 0 ]; then
            code=$result phase="callback $name"
            [ "$1" != taskSucceeds ] || return 0
        fi
    done
}

# While taskFails runs, the task is held: its failure is known, it has not ended, and it can be released.
hold() {
    k=$begun
    while [ "$k" -gt 0 ]; do
        k=$((k - 1))
        [ -e "$scripts.$k.taskFails" ] || continue
        [ -e "$base.failed" ] || record failed
        stopping || [ -e "$base.release" ] || call "$k" taskFails
    done
    rm -f "$base.failed"
}

[ ! -e "$scripts.nodes" ] || . "$scripts.nodes"
if [ -n "$cannot" ]; then
    echo "jupyter-cube: $cannot"
    code=126
elif ! cd "$CUBE_CWD"; then
    echo "jupyter-cube: the working folder $CUBE_CWD is not there"
    code=126
elif ! command -v bash > /dev/null; then
    echo "jupyter-cube: there is no bash on PATH; tasks need one"
    code=127
else
    export PAI_WORK_DIR="$CUBE_CWD"
    while [ -e "$scripts.$begun.name" ]; do
        stopping && break
        begun=$((begun + 1))
        begin $((begun - 1))
        if [ "$result" -ne 0 ]; then
            code=$result phase="prerequisite $name"
            break
        fi
        load_env
    done
    if [ "$code" -eq 0 ] && ! stopping; then
        command_script
        code=$? command_code=$code
    fi
    if ! stopping && [ "$code" -eq 0 ]; then finish taskSucceeds; fi
    if ! stopping && [ "$code" -ne 0 ]; then hold; fi
    finish taskCompletes
fi
[ ! -e "$scripts.nodes" ] || node_drop

# Where the room could not be kept (a file system that copies what is written) it waits here on a full disk.
until record exit; do sleep 1; done

# Completion must not wait for a visitor: where the job's owner is gone, start another. Where there never was one,
# whoever started this task is about to start it.
exec >/dev/null 3>&-
read -r owner owner_start < "$CUBE_JOB/owner" || { owner=${CUBE_STARTER% *} owner_start=${CUBE_STARTER#* }; }
alive "$owner" "$owner_start" && exit 0
sh "$CUBE_JOB/owner.sh" &
"""


def role_scripts(role: Role, script: str, callbacks: Mapping[tuple[int, str], str]) -> dict[str, str]:
    """The files of a role in ``private``, without ``ROLE.`` in front.

    Args:
        script: the commands with secrets filled in.
        callbacks: (number of the prerequisite, event or ``check``) to script text, likewise.
    """
    if not role.strict and _SIMPLE.fullmatch(script):
        files = {"exec": script + "\n"}  # any shell can do that, it needs no bash in between
    else:
        files = {"command": (STRICT if role.strict else "") + script + "\n"}
    for number, prerequisite in enumerate(role.prerequisites):
        files[f"{number}.name"] = prerequisite.name + "\n"
        if prerequisite.ignore_failure:
            files[f"{number}.ignore"] = ""
    for (number, event), text in callbacks.items():
        lenient = role.prerequisites[number].ignore_failure and event != "check"
        strict = "" if lenient else "set -o errexit\n"
        files[f"{number}.{event}"] = strict + text + "\n"
    return files


def quote(text: str) -> str:
    """``text`` as one word for any POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def exports(variables: Mapping[str, str]) -> str:
    """Lines that export the variables; names that no shell can hold are left out."""
    return "".join(
        f"export {name}={quote(value)}\n"
        for name, value in variables.items()
        if name.isidentifier() and name.isascii() and name not in _READ_ONLY and "\0" not in value
    )
