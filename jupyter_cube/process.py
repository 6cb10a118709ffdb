"""Processes of this machine: who one is, whether it lives, which belong to a task, what memory they hold.

A process is known by its pid and start time, so that a recycled pid is never taken for it. Linux reads ``/proc``;
elsewhere (or with ``CUBE_NO_PROC=1``) ``ps`` answers, with start times of whole seconds.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_MARK = b"\0CUBE_TASK="
_DEAD = ("Z", "X")


@dataclass(frozen=True, slots=True)
class Identity:
    """A process: its pid and its start (clock ticks since boot; from ``ps`` a date without spaces)."""

    pid: int
    start: str


class _Process(NamedTuple):
    identity: Identity
    parent: int
    session: int
    state: str
    uid: int


def identify(pid: int) -> Identity | None:
    """The process that has this pid now; None where there is none or it has ended (a zombie)."""
    process = _look(pid)
    return process.identity if process and process.state not in _DEAD else None


def alive(identity: Identity) -> bool:
    """Whether that very process still runs; a zombie does not."""
    return identify(identity.pid) == identity


def open_pidfd(identity: Identity) -> int | None:
    """A descriptor that becomes readable when the process ends; None where it is gone or there are no pidfds."""
    if sys.platform != "linux" or not _has_proc():
        return None
    try:
        fd = os.pidfd_open(identity.pid)
    except OSError:
        return None
    # The descriptor is of whoever had the pid when it was opened, so the start time is compared after that.
    if alive(identity):
        return fd
    os.close(fd)
    return None


def task_processes(marks: Mapping[str, Identity]) -> dict[str, set[Identity]]:
    """All living processes of some tasks, found in one scan.

    A process belongs to a task by ``CUBE_TASK`` in its environment (of this user's processes), else by its session,
    which the wrapper leads, else by descent from one that does. The calling process and its descendants that have
    no mark of their own are never among them, nor are processes with the mark of another task.

    Args:
        marks: value of ``CUBE_TASK`` to the task's wrapper, alive or not.

    Returns:
        The same keys; a task without processes has an empty set.
    """
    found: dict[str, set[Identity]] = {mark: set() for mark in marks}
    if not marks:
        return found
    table = _scan()
    owner = _marked(table, marks)
    # Session 0 is the kernel's own threads'; an attempt that nobody claimed has no pid.
    sessions = {wrapper.pid: mark for mark, wrapper in marks.items() if wrapper.pid > 0}
    for pid, process in table.items():
        mark = sessions.get(process.session)
        if mark is not None and pid not in owner:
            leader = table.get(process.session)
            # A pid is not given out anew while a session of that number has members: another leader means that
            # the wrapper's session is gone.
            if leader.identity == marks[mark] if leader else process.uid == os.getuid():
                owner[pid] = mark
    owner[os.getpid()] = None
    for pid in table:
        mark = _inherit(pid, table, owner)
        if mark is not None and table[pid].state not in _DEAD:
            found[mark].add(table[pid].identity)
    return found


def _marked(table: Mapping[int, _Process], marks: Mapping[str, Identity]) -> dict[int, str | None]:
    """Pid to the mark in its environment, None for the mark of another task; unmarked ones are left out."""
    me = os.getpid()
    uid = os.getuid()
    session = os.getsid(0)
    # Whatever is older than every wrapper is of no task; its environment need not be read.
    starts = [wrapper.start for wrapper in marks.values()]
    oldest = min(map(int, starts)) if all(start.isdecimal() for start in starts) else 0
    wanted = [
        pid
        for pid, process in table.items()
        if process.uid == uid
        and pid != me
        and process.session not in (session, 0)
        and not (process.identity.start.isdecimal() and int(process.identity.start) < oldest)
    ]
    names = {mark.encode(): mark for mark in marks}
    owner: dict[int, str | None] = {}
    for pid, environment in _environments(wanted):
        # ps may show more than one: it does not part the command's words from the environment.
        values = [part.partition(b"\0")[0] for part in environment.split(_MARK)[1:]]
        if values:
            owner[pid] = next((names[value] for value in values if value in names), None)
    return owner


def _inherit(pid: int, table: Mapping[int, _Process], owner: dict[int, str | None]) -> str | None:
    """The mark of the nearest ancestor that has one (None: none has); remembered for all on the way."""
    way: list[int] = []
    while pid not in owner and pid in table and pid not in way:
        way.append(pid)
        pid = table[pid].parent
    mark = owner.get(pid)
    for each in way:
        owner[each] = mark
    return mark


def signal_all(identities: Iterable[Identity], number: int) -> int:
    """Sends a signal to each process that is still the same one.

    Returns:
        How many were reached. Ended ones, and those that this user may not signal, are not.
    """
    reached = 0
    for identity in identities:
        fd = open_pidfd(identity)
        try:
            if fd is not None:
                signal.pidfd_send_signal(fd, number)  # type: ignore[attr-defined,unused-ignore]  # Linux only
            elif alive(identity):
                os.kill(identity.pid, number)
            else:
                continue
            reached += 1
        except (ProcessLookupError, PermissionError):
            continue
        finally:
            if fd is not None:
                os.close(fd)
    return reached


def rss(identities: Iterable[Identity], *, limit: int = 0) -> int:
    """Memory that the processes hold together and cannot give back (no file pages), in bytes.

    Args:
        limit: the sum of resident sizes is returned while it does not exceed this; beyond it memory shared
            between forked workers is counted once, which costs a walk over each one's page tables.
    """
    pids = [identity.pid for identity in identities]
    if not _has_proc():
        listing = _ps("rss=", "-p", ",".join(map(str, pids))) if pids else ""
        return sum(int(line) for line in listing.split()) * 1024
    total = sum(_kilobytes(pid, "status", (b"RssAnon:", b"RssShmem:")) or 0 for pid in pids) * 1024
    if total <= limit or len(pids) < 2:
        return total
    shares = (
        _kilobytes(pid, "smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:"))
        or _kilobytes(pid, "status", (b"RssAnon:", b"RssShmem:"))
        or 0
        for pid in pids
    )
    return sum(shares) * 1024


def machine_id() -> str:
    """What tells this machine (or container image) from others; its name where the system gives it no id."""
    return _first_line("/etc/machine-id") or _first_line("/var/lib/dbus/machine-id") or os.uname().nodename


def boot_id() -> str:
    """What changes with each boot; empty where the system does not say."""
    if line := _first_line("/proc/sys/kernel/random/boot_id"):
        return line
    return _output("sysctl", "-n", "kern.bootsessionuuid").strip()


def pid_namespace() -> str:
    """The namespace in which this process's pids mean something; empty where there is only one."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _has_proc() -> bool:
    return not os.environ.get("CUBE_NO_PROC") and os.path.exists("/proc/self/stat")


def _read(path: str) -> bytes:
    """All of a small file; empty where it is gone or not ours to read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    parts = []
    try:
        while part := os.read(fd, 65536):
            parts.append(part)
    except OSError:  # the process has just ended
        return b""
    finally:
        os.close(fd)
    return b"".join(parts)


def _first_line(path: str) -> str:
    return _read(path).partition(b"\n")[0].decode("ascii", "replace").strip()


def _look(pid: int, *, uid: int = -1) -> _Process | None:
    if not _has_proc():
        listed = _parse_ps(_ps(_COLUMNS, "-p", str(pid)))
        return listed[0] if listed else None
    return _parse_stat(pid, _read(f"/proc/{pid}/stat"), uid)


def _parse_stat(pid: int, stat: bytes, uid: int) -> _Process | None:
    if not stat:
        return None
    # The command's name may hold spaces and parentheses; what follows the last one does not (proc(5)).
    words = stat[stat.rindex(b")") + 2 :].split(None, 20)
    return _Process(Identity(pid, words[19].decode()), int(words[1]), int(words[3]), words[0].decode(), uid)


def _scan() -> dict[int, _Process]:
    """Every process of the machine, by pid."""
    if not _has_proc():
        return {process.identity.pid: process for process in _parse_ps(_ps(_COLUMNS, "-A"))}
    table = {}
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        pid = int(name)
        try:
            uid = os.stat(f"/proc/{name}").st_uid
        except OSError:
            continue
        process = _parse_stat(pid, _read(f"/proc/{name}/stat"), uid)
        if process is not None:
            table[pid] = process
    return table


def _environments(pids: Sequence[int]) -> Iterable[tuple[int, bytes]]:
    """Each process's environment at its exec, every variable with a NUL before it."""
    if _has_proc():
        return ((pid, b"\0" + _read(f"/proc/{pid}/environ")) for pid in pids)
    if not pids:
        return ()
    # ps shows the variables behind the command, parted by spaces; a mark holds none.
    shown = ("-E", "-ww") if sys.platform == "darwin" else ("eww",)
    lines = _output("ps", *shown, "-o", "pid=,command=", "-p", ",".join(map(str, pids))).splitlines()
    pairs = (line.strip().partition(" ") for line in lines)
    return [(int(pid), rest.replace(" ", "\0").encode()) for pid, _, rest in pairs if pid.isdecimal()]


_COLUMNS = "pid=,ppid=,state=,uid=,lstart="


def _parse_ps(listing: str) -> list[_Process]:
    processes = []
    for line in listing.splitlines():
        words = line.split()
        if len(words) < 5:
            continue
        pid = int(words[0])
        try:
            session = os.getsid(pid)
        except OSError:
            session = 0
        identity = Identity(pid, "_".join(words[4:]))
        processes.append(_Process(identity, int(words[1]), session, words[2][:1], int(words[3])))
    return processes


def _ps(columns: str, *selection: str) -> str:
    return _output("ps", "-o", columns, *selection)


def _output(*words: str) -> str:
    """What a command prints, in English and UTC; empty where it fails or does not exist."""
    import subprocess

    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        done = subprocess.run(words, capture_output=True, check=False, env=environment, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _kilobytes(pid: int, file: str, names: tuple[bytes, ...]) -> int | None:
    """The sum of some lines of a /proc file, in kB; None where it holds none of them."""
    values = [int(line.split()[1]) for line in _read(f"/proc/{pid}/{file}").splitlines() if line.startswith(names)]
    return sum(values) if values else None
