"""Who holds something of a host and who waits for it: what the records in the shared folder say, and in words."""

from __future__ import annotations

import itertools
import os
import pwd
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_cube.host.allotment import Demand, Ledger, Limits, Request
from jupyter_cube.process import Identity


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody's task and what it has, as others see it. ``name`` is empty for another user's."""

    token: str
    uid: int
    identity: Identity
    request: Request
    devices: tuple[str, ...]
    since: float
    name: str = ""

    @property
    def group(self) -> str:
        """What all tasks of one allotment share."""
        return self.token.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Ticket:
    """A job's place in the queue. ``job`` and ``name`` are known for this user's only.

    Attributes:
        since: when it joined the queue, seconds since the epoch.
        job: the job's folder.
    """

    sequence: int
    uid: int
    group: str
    demand: Demand
    since: float
    path: Path
    job: str = ""
    name: str = ""

    def remove(self) -> None:
        """Leaves the queue: the job has been started, or is not wanted any more."""
        self.path.unlink(missing_ok=True)


def parse_name(name: str) -> tuple[int, str] | None:
    """Sequence and group of a queue file's name."""
    words = name.split("-")
    return (int(words[0]), words[2]) if len(words) == 3 and words[0].isdecimal() else None


def ticket_record(ticket: Ticket) -> dict[str, Any]:
    demand = ticket.demand
    return {
        "uid": ticket.uid,
        "cpu": demand.cpu,
        "memory_mb": demand.memory_mb,
        "gpu": demand.gpu,
        "devices": demand.devices,
        "since": ticket.since,
        "whole": demand.whole,
        "requests": [
            [len(list(same)), request.cpu, request.memory_mb, request.gpu]
            for request, same in itertools.groupby(demand.requests)
        ],
    }


def parse_ticket(path: Path, record: dict[str, Any], uid: int) -> Ticket | None:
    name = parse_name(path.name)
    if name is None:
        return None
    try:
        requests = tuple(
            request
            for count, cpu, memory_mb, gpu in record["requests"]
            for request in [Request(int(cpu), int(memory_mb), int(gpu))] * int(count)
        )
        demand = Demand(requests, bool(record["whole"]), tuple(map(str, record["devices"])))
        return Ticket(name[0], uid, name[1], demand, float(record["since"]), path) if requests else None
    except (KeyError, TypeError, ValueError):
        return None


def parse_holder(token: str, record: dict[str, Any], uid: int) -> Holder | None:
    try:
        identity = Identity(int(record["pid"]), str(record["start"]))
        request = Request(int(record["cpu"]), int(record["memory_mb"]), len(record["devices"]))
        return Holder(token, uid, identity, request, tuple(map(str, record["devices"])), float(record["since"]))
    except (KeyError, TypeError, ValueError):
        return None


def reason(ticket: Ticket, limits: Limits, holders: Sequence[Holder], tickets: Sequence[Ticket]) -> str:
    """What a job waits for and who has it, in words.

    Args:
        holders: all that is held.
        tickets: the whole queue.
    """
    demand = ticket.demand if ticket.demand.whole else replace(ticket.demand, requests=ticket.demand.requests[:1])
    ledger = Ledger(limits)
    for holder in holders:
        ledger.add(holder.request, holder.devices)
    free = [name for name in demand.devices if name not in ledger.devices]
    parts = []
    if demand.gpu > len(free):
        having = [holder for holder in holders if set(holder.devices) & set(demand.devices)]
        gpus = "1 GPU" if demand.gpu == 1 else f"{demand.gpu} GPUs"
        parts.append(f"needs {gpus}, {len(free)} free: {_who(having, 'devices')}")
    elif not ledger.fits(demand.cpu, 0):
        left = max(0, limits.tokens - ledger.cpu)
        parts.append(f"needs {demand.cpu} of {limits.tokens} CPU slots, {left} free: {_who(holders, 'cpu')}")
    elif not ledger.fits(0, demand.memory_mb):
        left = max(0, limits.memory_mb - ledger.memory_mb)
        parts.append(f"needs {demand.memory_mb} MiB of memory, {left} free: {_who(holders, 'memory_mb')}")
    # Jobs with GPUs and jobs without hold each other up only now and then: count those of the same kind.
    earlier = [
        other for other in tickets if other.sequence < ticket.sequence and bool(other.demand.gpu) == bool(demand.gpu)
    ]
    if earlier:
        parts.append(f"behind {len(earlier)} earlier job" + ("" if len(earlier) == 1 else "s"))
    return "; ".join(parts) or "about to start"


def _who(holders: Sequence[Holder], what: str) -> str:
    """Who has how much of something: each job once, other users by name."""
    words = []
    for (_, who), group in itertools.groupby(holders, key=lambda holder: (holder.group, _name(holder))):
        mine = list(group)
        if what == "devices":
            amount = ", ".join(name for holder in mine for name in holder.devices)
        elif what == "cpu":
            amount = str(sum(holder.request.cpu for holder in mine))
        else:
            amount = f"{sum(holder.request.memory_mb for holder in mine)} MiB"
        words.append(f"{who} holds {amount} since {_clock(mine[0].since)}")
    return "; ".join(words) or "nobody holds any"


def _name(holder: Holder) -> str:
    if holder.name or holder.uid == os.getuid():
        return holder.name or "another job"
    try:
        return f"user {pwd.getpwuid(holder.uid).pw_name}"
    except KeyError:  # a user of a container or of a directory that does not answer
        return f"user {holder.uid}"


def _clock(moment: float) -> str:
    recent = abs(time.time() - moment) < 20 * 3600
    return time.strftime("%H:%M" if recent else "%Y-%m-%d %H:%M", time.localtime(moment))
