"""What jobs of this host hold and what waits: CPUs, memory and GPUs, given out among all users without a daemon.

What a task has is a locked file that its processes have open, so it is free when the last of them is gone. All that
is given or queued is so under one mutex; a process killed at any point leaves nothing behind but a file that the
next one removes. A job's folder and name stand in a file of their own that only its user can read.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jupyter_cube import process
from jupyter_cube.host.allotment import Demand, Ledger, Limits, Request
from jupyter_cube.host.lockfile import lock_shared, make_shared_folder, mutex, read_record, shared_folder, write_record
from jupyter_cube.host.ticket import Holder, Ticket, parse_holder, parse_name, parse_ticket, reason, ticket_record

POLL = 0.25  # seconds at most between two looks at what is held


@dataclass(slots=True)
class Held:
    """What one task has been given. It stays so while ``fd``, or a process's copy of it, is open.

    Attributes:
        token: names it among all of the host.
        devices: ids of the GPUs.
        cpu: CPUs.
        fd: to be passed to the task's wrapper (``pass_fds``); None once closed.
    """

    token: str
    devices: tuple[str, ...]
    cpu: int
    path: Path
    fd: int | None

    def bind(self, identity: process.Identity) -> None:
        """Notes the process that has it now, so that its end is noticed at once."""
        if self.fd is not None:
            os.write(self.fd, json.dumps({"pid": identity.pid, "start": identity.start}).encode() + b"\n")

    def close(self) -> None:
        """Leaves it to those who have a copy of the descriptor."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None

    def release(self) -> None:
        """Gives it back, whoever still has a copy."""
        self.path.unlink(missing_ok=True)
        self.close()


class Host:
    """The host's allotment and queue, as this process may use them.

    Args:
        folder: the shared folder; None: the host's own.
    """

    def __init__(self, limits: Limits, *, folder: Path | None = None) -> None:
        self.limits = limits
        self.folder = folder or shared_folder()
        self._uid = os.getuid()
        self._seen: tuple[set[str], set[str]] | None = None

    def allot(
        self, demand: Demand, *, job: str, name: str = "", ticket: Ticket | None = None
    ) -> list[Held | None] | None:
        """Gives a job what it needs, all or (``whole`` false) as much as there is.

        Args:
            demand: as ``clamp`` made it.
            job: the job's folder.
            ticket: its place in the queue, which it keeps until ``Ticket.remove``, so that a waiter killed between
                the two loses no job; None: behind all that wait.

        Returns:
            What each request got, None for one that has to wait; None where all have to, or the ticket is gone.
        """
        with self._locked():
            ledger, tickets = self._survey()
            if ticket is not None and not any(other.path == ticket.path for other in tickets):
                return None
            for _ in self._given(ledger, tickets, before=ticket):
                pass
            given = ledger.give(demand)
            if all(devices is None for devices in given):
                return None
            group = ticket.group if ticket else self._new_group(job, name)
            me = process.identify(os.getpid()) or process.Identity(os.getpid(), "")
            held: list[Held | None] = []
            try:
                for request, devices in zip(demand.requests, given, strict=True):
                    held.append(None if devices is None else self._hold(group, request, devices, me))
            except BaseException:
                for each in filter(None, held):
                    each.release()
                raise
            return held

    def enqueue(self, demand: Demand, *, job: str, name: str = "") -> Ticket:
        """Puts a job at the end of the queue; the caller then sees to it that a waiter lives."""
        with self._locked():
            names = os.listdir(self.folder / "queue")
            sequence = 1 + max((parsed[0] for file in names if (parsed := parse_name(file))), default=0)
            group = self._new_group(job, name)
            path = self.folder / "queue" / f"{sequence:012}-{self._uid}-{group}"
            ticket = Ticket(sequence, self._uid, group, demand, time.time(), path, job, name)
            write_record(path, ticket_record(ticket))
            return ticket

    def shrink(self, ticket: Ticket, requests: Sequence[Request]) -> Ticket:
        """The ticket for what is still to be started; it keeps its place."""
        smaller = replace(ticket, demand=replace(ticket.demand, requests=tuple(requests)))
        with self._locked():
            if ticket.path.exists():
                write_record(ticket.path, ticket_record(smaller))
        return smaller

    def startable(self) -> list[Ticket]:
        """This user's tickets for which there is something now, oldest first: what a waiter starts."""
        with self._locked():
            ledger, tickets = self._survey()
            ready = [ticket for ticket in self._given(ledger, tickets) if ticket.uid == self._uid]
        return [self._named(ticket) for ticket in ready]

    def tickets(self) -> list[Ticket]:
        """The whole queue, oldest first."""
        return [self._named(ticket) if ticket.uid == self._uid else ticket for ticket in self._tickets()]

    def my_tickets(self) -> list[Ticket]:
        """This user's part of the queue; tickets of jobs whose folder is gone are removed."""
        self._seen = self._present()
        mine = [self._named(ticket) for ticket in self._tickets() if ticket.uid == self._uid]
        for ticket in mine:
            if not os.path.isdir(ticket.job):
                ticket.remove()
        return [ticket for ticket in mine if ticket.path.exists()]

    def holders(self) -> list[Holder]:
        """What is held now, the longest-held first."""
        found = [
            replace(holder, name=self._label(holder.group)[1]) if holder.uid == self._uid else holder
            for holder in self._holders()
        ]
        return sorted(found, key=lambda holder: holder.since)

    def waiter_lock(self) -> int | None:
        """The lock of this user's one waiter, as a descriptor to keep or to pass on; None where one lives."""
        with self._locked():
            return lock_shared(self.folder / f"waiter-{self._uid}")

    def leave(self, fd: int) -> bool:
        """Ends the waiter's duty if its queue is empty; False (and the lock kept) where a job has come meanwhile."""
        with self._locked():
            if any(ticket.uid == self._uid for ticket in self._tickets()):
                return False
            os.close(fd)
            return True

    def wait_for_change(self, timeout: float) -> bool:
        """Returns when something has come free, or the queue has changed, since this object last looked.

        It looks in ``allot``, ``startable`` and ``my_tickets``.

        Args:
            timeout: seconds; then it returns False.
        """
        deadline = time.monotonic() + timeout
        held, queued = self._seen or self._present()
        poll = select.poll()
        fds: list[int] = []
        with contextlib.ExitStack() as stack:
            for holder in self._holders():
                fd = process.open_pidfd(holder.identity)
                if fd is not None:
                    stack.callback(os.close, fd)
                    fds.append(fd)
                    poll.register(fd, select.POLLIN)
            pause = 0.002
            while True:
                tokens, names = self._present()
                if held - tokens or queued != names:
                    return True
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                ended = poll.poll(max(1, 1000 * min(pause, left)))
                # A holder's end is not yet the end of all that it started: look often for a while.
                pause = 0.002 if ended else min(pause * 2, POLL)
                for fd, _ in ended:
                    poll.unregister(fd)

    def reason(self, ticket: Ticket) -> str:
        """What a job waits for and who has it, in words."""
        return reason(ticket, self.limits, self.holders(), self._tickets())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        make_shared_folder(self.folder)
        with mutex(self.folder):
            yield

    def _survey(self) -> tuple[Ledger, list[Ticket]]:
        """What is held, and the queue; removes what this user's dead processes left. Under the mutex."""
        ledger = Ledger(self.limits)
        holders = self._holders(sweep=True)
        for holder in holders:
            ledger.add(holder.request, holder.devices)
        tickets = self._tickets(sweep=True)
        groups = {holder.group for holder in holders} | {ticket.group for ticket in tickets}
        for name in os.listdir(self.folder / "names"):
            if name not in groups:
                self._sweep(self.folder / "names" / name)
        self._seen = ({holder.token for holder in holders}, {ticket.path.name for ticket in tickets})
        return ledger, tickets

    def _given(self, ledger: Ledger, tickets: Sequence[Ticket], before: Ticket | None = None) -> Iterator[Ticket]:
        """Goes through the queue in order; those that could start now."""
        attended = {self._uid: True}
        for ticket in tickets:
            if before is not None and ticket.path == before.path:
                return
            if ticket.uid not in attended:
                # Nobody would start it: it must not keep what others could use.
                record = read_record(self.folder / f"waiter-{ticket.uid}")
                attended[ticket.uid] = record is not None and record[2]
            if attended[ticket.uid] and any(given is not None for given in ledger.give(ticket.demand)):
                yield ticket

    def _hold(self, group: str, request: Request, devices: tuple[str, ...], me: process.Identity) -> Held:
        token = f"{group}-{os.urandom(4).hex()}"
        path = self.folder / "held" / token
        record = {
            "uid": self._uid,
            "pid": me.pid,
            "start": me.start,
            "cpu": request.cpu,
            "memory_mb": request.memory_mb,
            "devices": devices,
            "since": time.time(),
        }
        return Held(token, devices, request.cpu, path, write_record(path, record, lock=True))

    def _new_group(self, job: str, name: str) -> str:
        group = os.urandom(8).hex()
        write_record(self.folder / "names" / group, {"job": job, "name": name}, mode=0o600)
        return group

    def _label(self, group: str) -> tuple[str, str]:
        """Folder and name of one of this user's jobs."""
        found = read_record(self.folder / "names" / group)
        if found is None or found[1] != self._uid:
            return "", ""
        return str(found[0].get("job", "")), str(found[0].get("name", ""))

    def _named(self, ticket: Ticket) -> Ticket:
        job, name = self._label(ticket.group)
        return replace(ticket, job=job, name=name)

    def _holders(self, *, sweep: bool = False) -> list[Holder]:
        found = []
        for path in self._files("held", sweep=sweep):
            record = read_record(path)
            if record is not None and record[2]:
                if holder := parse_holder(path.name, record[0], record[1]):
                    found.append(holder)
            elif sweep:
                self._sweep(path)
        return found

    def _tickets(self, *, sweep: bool = False) -> list[Ticket]:
        found = []
        for path in self._files("queue", sweep=sweep):
            record = read_record(path)
            ticket = parse_ticket(path, record[0], record[1]) if record else None
            if ticket:
                found.append(ticket)
            elif sweep:
                self._sweep(path)
        return sorted(found, key=lambda ticket: (ticket.sequence, ticket.path.name))

    def _present(self) -> tuple[set[str], set[str]]:
        """Names of what is held and of what is queued, now."""
        tokens = {path.name for path in self._files("held") if (record := read_record(path)) and record[2]}
        return tokens, {path.name for path in self._files("queue")}

    def _files(self, folder: str, *, sweep: bool = False) -> Iterator[Path]:
        place = self.folder / folder
        try:
            names = os.listdir(place)
        except FileNotFoundError:  # nothing was ever given
            return
        for name in names:
            if not name.startswith("."):
                yield place / name
            elif sweep:  # half made by a process that was killed: nobody makes one without the mutex
                self._sweep(place / name)

    def _sweep(self, path: Path) -> None:
        """Removes a file that means nothing any more, if it is this user's."""
        with contextlib.suppress(OSError):
            if os.lstat(path).st_uid == self._uid:
                path.unlink()
