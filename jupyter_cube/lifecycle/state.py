"""States of jobs and tasks, and the pure functions that fold them.

The owner of a job appends one JSON object a line to ``states.jsonl``; ``fold`` makes the present from them.
The names are OpenPAI's (job protocol v2, job and task states).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jupyter_cube.lifecycle.plan import Plan, Role


class State(str, enum.Enum):
    """State of a job or a task; the value is the word that is stored and shown."""

    WAITING = "WAITING"  # not started: for resources, for another role, for a retry
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"  # asked to stop, something of it still runs
    STOPPED = "STOPPED"  # ended on a person's wish, or because the job ended without it
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"  # it is gone and nobody saw how it ended; counts as failed

    @property
    def final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({State.STOPPED, State.SUCCEEDED, State.FAILED, State.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Exit:
    """How an attempt ended.

    Attributes:
        phase: ``command``, ``prerequisite NAME`` or ``callback NAME``.
        code: that phase's exit code; None where no record was left.
        command_code: the command's own exit code; None where it did not run.
    """

    phase: str = "command"
    code: int | None = None
    command_code: int | None = None


@dataclass(frozen=True, slots=True)
class TaskState:
    """A task as it is now. Times are seconds since the epoch, 0 where not yet.

    ``base`` is the number of the task's last attempt before the job's present attempt. ``held_since`` is when it failed
    where its taskFails callbacks still run, ``held_until`` when these should end (0: nobody can tell); readers say that
    in words in ``held`` (``hold.shown``).
    """

    name: str
    role: str
    index: int
    state: State = State.WAITING
    attempt: int = 0
    base: int = 0
    started: float = 0
    ended: float = 0
    exit: Exit | None = None
    reason: str = ""
    held: str = ""
    held_since: float = 0
    held_until: float = 0
    progress: float | None = None
    devices: tuple[str, ...] = ()
    pid: int = 0


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as it is now. ``as_of`` is the time of the last record."""

    state: State
    tasks: tuple[TaskState, ...]
    attempt: int = 1
    started: float = 0
    ended: float = 0
    reason: str = ""
    as_of: float = 0
    warnings: tuple[str, ...] = field(default=())


def initial(plan: Plan, *, attempt: int = 1) -> JobState:
    """The state of a job of which nothing has been recorded."""
    tasks = tuple(TaskState(task.name, task.role.name, task.index) for task in plan.tasks)
    return JobState(State.WAITING, tasks, attempt)


def fold(plan: Plan, records: Iterable[Mapping[str, Any]], since: JobState | None = None) -> JobState:
    """The state after ``records``, oldest first, of which ``since`` (None: nothing yet) is the state before."""
    state = since or initial(plan)
    tasks = list(state.tasks)
    for record in records:
        time = float(record.get("time", 0))
        if "task" in record:
            number = int(record["task"])
            if number < len(tasks):
                tasks[number] = _task_after(tasks[number], record, time)
        else:
            state = _job_after(state, record, time)
            if record.get("new_attempt"):
                again = record.get("tasks")
                for number, task in enumerate(tasks):
                    if again is None or number in again:
                        tasks[number] = TaskState(
                            task.name, task.role, task.index, attempt=task.attempt, base=task.attempt
                        )
        state = replace(state, as_of=max(state.as_of, time))
    return replace(state, tasks=tuple(tasks))


def _task_after(task: TaskState, record: Mapping[str, Any], time: float) -> TaskState:
    changes: dict[str, Any] = {
        name: record[name] for name in ("attempt", "reason", "progress", "pid") if name in record
    }
    if "held" in record:
        held = record["held"]
        changes.update(held_since=float(held["since"]), held_until=float(held["until"]))
    if "devices" in record:
        changes["devices"] = tuple(record["devices"])
    if "exit" in record:
        changes["exit"] = Exit(**record["exit"]) if record["exit"] else None
    if "state" in record:
        new = State(record["state"])
        changes.update(state=new, held_since=0.0, held_until=0.0)
        if new is State.RUNNING and task.state is not State.RUNNING:
            changes.update(started=float(record.get("started", time)), ended=0.0)
            changes.setdefault("reason", "")
        if new.final:
            changes["ended"] = float(record.get("ended", time))
    return replace(task, **changes)


def _job_after(state: JobState, record: Mapping[str, Any], time: float) -> JobState:
    changes: dict[str, Any] = {name: record[name] for name in ("attempt", "reason") if name in record}
    if record.get("new_attempt"):
        changes["started"] = 0.0
    if "warning" in record:
        changes["warnings"] = (*state.warnings, str(record["warning"]))
    if "state" in record:
        new = State(record["state"])
        changes["state"] = new
        changes.setdefault("reason", "")
        if new is State.RUNNING and not state.started:
            changes["started"] = float(record.get("started", time))
        changes["ended"] = float(record.get("ended", time)) if new.final else 0.0
    return replace(state, **changes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the completion policy says: the job is over, as ``state``, because of ``reason``."""

    state: State
    reason: str


def verdict(plan: Plan, tasks: Sequence[TaskState]) -> Verdict | None:
    """OpenPAI's completion policy (frameworkcontroller, ``CompletionPolicy``), None while the job goes on.

    Of each role: ``min_failed`` failed tasks fail the job at once, ``min_succeeded`` succeeded ones end it
    as succeeded; the earliest trigger wins. When nothing triggers and every task has ended, the job succeeded.
    A task that is held counts as failed, unless it will be tried again.
    """
    triggers: list[tuple[float, Verdict]] = []
    for role in plan.roles:
        mine = [task for task in tasks if task.role == role.name]
        failed = sorted((task for task in mine if _has_failed(task, role)), key=_over)
        succeeded = sorted((task for task in mine if task.state is State.SUCCEEDED), key=_over)
        triggers += _trigger(role, role.min_failed, failed, State.FAILED)
        triggers += _trigger(role, role.min_succeeded, succeeded, State.SUCCEEDED)
    if triggers:
        return min(triggers, key=lambda trigger: trigger[0])[1]
    if all(task.state.final for task in tasks):
        return Verdict(State.SUCCEEDED, "all tasks have ended")
    return None


def _has_failed(task: TaskState, role: Role) -> bool:
    held = bool(task.held_since) and task.attempt - task.base > role.retries
    return held or task.state in (State.FAILED, State.UNKNOWN)


def _over(task: TaskState) -> float:
    """When it was known how it ends."""
    return task.held_since or task.ended


def _trigger(role: Role, wanted: int, ended: Sequence[TaskState], state: State) -> list[tuple[float, Verdict]]:
    if wanted < 1 or len(ended) < wanted:
        return []
    last = ended[wanted - 1]
    if state is State.SUCCEEDED:
        reason = f"{len(ended)} of {role.instances} tasks of {role.name} succeeded"
    else:
        reason = f"{last.name} {describe_end(last)}"
    return [(_over(last), Verdict(state, reason))]


def describe_end(task: TaskState) -> str:
    """How a failed task ended, in words: ``exit 1``, ``exit 137 (or signal 9)``, ``taskStarts of mnist: exit 4``."""
    if task.reason and (task.exit is None or task.exit.code is None):
        return task.reason
    if task.exit is None or task.exit.code is None:
        return "ended without an exit record"
    code = task.exit.code
    words = f"exit {code}" + (f" (or signal {code - 128})" if 128 < code < 128 + 65 else "")
    words = words if task.exit.phase == "command" else f"{task.exit.phase}: {words}"
    return f"{words}, {task.reason}" if task.reason else words
