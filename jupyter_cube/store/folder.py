"""A job's folder: all that is known of a job, read from the disk. The formats are in ``docs/formats.md``."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jupyter_cube import files, process, space
from jupyter_cube.errors import NotFoundError, StoreError
from jupyter_cube.lifecycle import plan as plans
from jupyter_cube.lifecycle import state as states
from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.lifecycle.state import JobState, State

VERSION = 1
NOBODY = "0 0 - \n"  # a claim for nobody


def me() -> process.Identity:
    """This process."""
    found = process.identify(os.getpid())
    assert found is not None
    return found


def order_record(number: int, tasks: Sequence[int] | None) -> dict[str, Any]:
    by = me()
    return {"number": number, "tasks": tasks, "time": time.time(), "pid": by.pid, "start": by.start}


@dataclass(frozen=True, slots=True)
class Attempt:
    """An order to run the job: for the ``number``-th time, all ``tasks`` (None) or some."""

    number: int
    tasks: tuple[int, ...] | None
    time: float
    by: process.Identity
    automatic: bool

    def record(self) -> dict[str, Any]:
        """The line of ``states.jsonl`` with which it begins."""
        again = {} if self.tasks is None else {"tasks": list(self.tasks)}
        return {"new_attempt": True, "attempt": self.number, "state": State.WAITING.value, **again}


@dataclass(frozen=True, slots=True)
class Claim:
    """Who runs an attempt: its wrapper's process, the GPUs it was given, its cgroup (empty: none)."""

    wrapper: process.Identity
    devices: tuple[str, ...]
    cgroup: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owned the job last, and where."""

    identity: process.Identity
    machine: str
    boot: str
    pid_namespace: str
    host: str

    @property
    def gone(self) -> bool:
        """It ran here before this boot, or in a container of this host's name that has ended."""
        return self.machine == process.machine_id() and self.host == os.uname().nodename and not self.here

    @property
    def here(self) -> bool:
        """It ran on this machine and its pids mean here what they meant there."""
        return (
            self.machine == process.machine_id()
            and self.boot == process.boot_id()
            and self.pid_namespace == process.pid_namespace()
        )

    @property
    def lost(self) -> str:
        """Why what it owned cannot run any more, where it was not here."""
        return "its host was restarted" if self.boot != process.boot_id() else "its container ended"

    @property
    def alive(self) -> bool:
        return self.here and process.alive(self.identity)


class JobFolder:
    """A job on the disk. Reading never changes anything; only the owner appends states."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._record: dict[str, Any] | None = None
        self._plan: Plan | None = None
        self._folded: tuple[tuple[int, int, int], JobState] | None = None

    @property
    def id(self) -> str:
        return self.path.name

    def __repr__(self) -> str:
        return f"JobFolder({str(self.path)!r})"

    @property
    def record(self) -> Mapping[str, Any]:
        """``job.json``."""
        if self._record is None:
            record = files.read_json(self.path / "job.json")
            if not isinstance(record, dict):
                raise NotFoundError(f"no job at {self.path}")
            self._record = record
        return self._record

    @property
    def plan(self) -> Plan:
        """What it runs, as ``job.json`` holds it."""
        if self._plan is None:
            try:
                self._plan = plans.from_json(self.record["plan"])
            except (TypeError, KeyError, AttributeError) as error:
                raise StoreError("the plan is damaged", place=str(self.path / "job.json")) from error
        return self._plan

    @property
    def writable(self) -> bool:
        """This version may change the job (a newer format is only read)."""
        return int(self.record.get("version", 0)) <= VERSION

    @property
    def task_names(self) -> tuple[str, ...]:
        return tuple(task.name for task in self.plan.tasks)

    def attempt_file(self, task: str, attempt: int, suffix: str) -> Path:
        """``tasks/TASK/ATTEMPT.SUFFIX``."""
        return self.path / "tasks" / task / f"{attempt}.{suffix}"

    def claim(self, task: str, attempt: int) -> Claim | None:
        """Who runs or ran that attempt; None where nobody has begun it."""
        try:
            text = self.attempt_file(task, attempt, "claim").read_text()
            pid, start, devices, group = text.rstrip("\n").split(" ", 3)
        except (FileNotFoundError, ValueError):
            return None
        return Claim(process.Identity(int(pid), start), () if devices == "-" else tuple(devices.split(",")), group)

    def forbid(self, task: str, attempt: int) -> bool:
        """Claim an attempt for nobody, so that a wrapper that is still coming leaves; False where one has begun."""
        target = self.attempt_file(task, attempt, "claim")
        try:
            os.link(self.path / "nobody", target)  # a link has room on a full disk, too
        except FileExistsError:
            claim = self.claim(task, attempt)
            return claim is not None and not claim.wrapper.pid
        return True

    @contextlib.contextmanager
    def starting(self) -> Iterator[bool]:
        """Whether the caller may start the job's tasks now: one at a time does, until it has let go or has died."""
        fd = os.open(self.path / "starting", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(fd)

    def exit_record(self, task: str, attempt: int) -> states.Exit | None:
        """How that attempt ended, as its wrapper wrote it."""
        return self._exit(task, attempt, "exit")

    def failed_record(self, task: str, attempt: int) -> states.Exit | None:
        """How that attempt will end, where its taskFails callbacks still run."""
        return self._exit(task, attempt, "failed")

    def _exit(self, task: str, attempt: int, suffix: str) -> states.Exit | None:
        try:
            data = files.read_json(self.attempt_file(task, attempt, suffix))
            return None if data is None else states.Exit(str(data["phase"]), data["code"], data["command_code"])
        except (StoreError, KeyError, TypeError):
            return None  # damaged: nobody knows how it ended

    def attempts(self) -> list[Attempt]:
        """All orders to run the job, oldest first."""
        orders = []
        for name in os.listdir(self.path / "orders"):
            if not name[:-5].isdigit():
                continue
            data = files.read_json(self.path / "orders" / name)
            tasks = None if data["tasks"] is None else tuple(data["tasks"])
            by = process.Identity(data["pid"], data["start"])
            orders.append(Attempt(data["number"], tasks, data["time"], by, bool(data.get("automatic"))))
        return sorted(orders, key=lambda order: order.number)

    def order(self, number: int, tasks: Sequence[int] | None, *, automatic: bool = False) -> None:
        """Order attempt ``number`` of ``tasks`` (None: all); ``automatic`` by the retry policy, not by a person."""
        data = {**order_record(number, tasks), "automatic": automatic}
        path = self.path / "orders" / f"{number}.json"
        with files.disk_errors(path):
            files.replace(path, json.dumps(data), sync=True)
            os.utime(self.path.parent)  # lists look at ended jobs only when this has changed

    def owner(self) -> Owner | None:
        """The last owner; None where there never was one."""
        try:
            first, second = (self.path / "owner").read_text().split("\n")[:2]
            pid, start = first.split(None, 1)
            data = json.loads(second)
        except (FileNotFoundError, ValueError):
            return None
        return Owner(
            process.Identity(int(pid), start), data["machine"], data["boot"], data["pid_namespace"], data["host"]
        )

    def write_owner(self, identity: process.Identity) -> None:
        """Record who owns the job; whoever spawned an owner writes the same before it is up."""
        about = {
            "machine": process.machine_id(),
            "boot": process.boot_id(),
            "pid_namespace": process.pid_namespace(),
            "uid": os.getuid(),
            "host": os.uname().nodename,
        }
        try:
            files.replace(self.path / "owner", f"{identity.pid} {identity.start}\n{json.dumps(about)}\n")
        except OSError as error:
            if error.errno not in space.FULL:  # the lock says that there is an owner, if not who
                raise

    @property
    def elsewhere(self) -> str:
        """The host that a local job belongs to, where it is not this one; else empty."""
        record = self.record
        return "" if record.get("machine") == process.machine_id() else str(record.get("host", "another host"))

    def records(self) -> list[dict[str, Any]]:
        """All lines of ``states.jsonl``."""
        return files.read_json_lines(self.path / "states.jsonl")

    def state(self) -> JobState:
        """The job as it is now, as far as it is recorded; an attempt that nobody owns yet is WAITING."""
        seen = self._seen()
        if self._folded is None or self._folded[0] != seen:
            self._folded = (seen, self._read_state())
        return self._folded[1]

    def _seen(self) -> tuple[int, int, int]:
        """What changes whenever the state does: size and time of its records, time of the orders."""
        try:
            status = os.stat(self.path / "states.jsonl")
            size, changed = status.st_size, status.st_mtime_ns
        except FileNotFoundError:
            size = changed = 0
        try:
            return size, changed, os.stat(self.path / "orders").st_mtime_ns
        except FileNotFoundError as error:
            raise NotFoundError(f"the job {self.id} has been deleted") from error

    def _read_state(self) -> JobState:
        folded = states.fold(self.plan, self.records())
        if self.last_attempt() > folded.attempt:
            order = self.attempts()[-1]
            return states.fold(self.plan, [order.record()], folded)
        if not folded.as_of:
            return replace(folded, as_of=float(self.record["created"]))
        return folded

    def last_attempt(self) -> int:
        """Number of the last attempt that was ordered."""
        try:
            names = os.listdir(self.path / "orders")
        except FileNotFoundError:
            return 1
        return max((int(name[:-5]) for name in names if name[:-5].isdigit()), default=1)

    def stop_request(self, attempt: int) -> dict[str, Any] | None:
        """What ``request_stop`` left for that attempt of the job."""
        data = files.read_json(f"{self.path}/orders/{attempt}.stop.json")
        return data if isinstance(data, dict) else None

    def request_stop(self, reason: str) -> None:
        """Ask the owner to stop the job; a repeated request changes nothing."""
        path = self.path / "orders" / f"{self.last_attempt()}.stop.json"
        if not path.exists():
            with files.disk_errors(path):
                files.replace(path, json.dumps({"time": time.time(), "reason": reason}), sync=True)

    def request_release(self, task: str, attempt: int) -> None:
        """Ask the owner to end what holds that attempt of a task."""
        path = self._release_order(task, attempt)
        with files.disk_errors(path):
            files.replace(path, json.dumps({"time": time.time()}))

    def release_requested(self, task: str, attempt: int) -> bool:
        """Whether ``request_release`` was called for that attempt."""
        return self._release_order(task, attempt).exists()

    def _release_order(self, task: str, attempt: int) -> Path:
        return self.path / "orders" / f"{task}.{attempt}.release"

    def note_child(self, task: str, child: str) -> None:
        """Another job was submitted from inside a task of this one; it ends with that task."""
        (self.path / "children").mkdir(exist_ok=True)
        files.replace(self.path / "children" / child, task)

    def children(self, task: str) -> list[str]:
        """Ids of the jobs that a task of this one has submitted."""
        try:
            names = os.listdir(self.path / "children")
        except FileNotFoundError:
            return []
        return [name for name in names if (self.path / "children" / name).read_text() == task]

    def remove_private(self) -> None:
        """Delete environment, secrets, inputs and scripts."""
        files.remove_tree(self.path / "private")
