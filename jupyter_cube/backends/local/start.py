"""Starting the tasks of a local job when there is room for them, or putting the job into the host's queue.

The submitter, the runner and the waiter all start tasks, and all through here: resources are allotted first, and their
lock goes over to the task's wrapper.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Mapping, Sequence

from jupyter_cube import files, process, space
from jupyter_cube.backends.local import launch
from jupyter_cube.host import allotment, devices, limits
from jupyter_cube.host.allotment import Demand, Limits, Request
from jupyter_cube.host.host import Held, Host
from jupyter_cube.host.ticket import Ticket
from jupyter_cube.lifecycle.plan import Plan, Role
from jupyter_cube.lifecycle.state import State, TaskState
from jupyter_cube.store.folder import JobFolder

_ROOM = 16 << 10  # bytes on the disk that a starting task needs for what it says of itself


def machine(settings: Mapping[str, object], *, gpus: bool) -> Limits:
    """What this machine has to give.

    Args:
        settings: ``cpus``, ``memory_mb`` and ``devices`` of the configuration.
        gpus: look for devices too, which may ask a driver.
    """
    cpus, memory_mb = _size()
    names = settings.get("devices")
    found = devices.discover(None if names is None else [str(name) for name in names]) if gpus else ()  # type: ignore[attr-defined]
    return Limits(
        cpus,
        int(float(str(settings.get("cpus") or 0))) or 2 * cpus,
        int(float(str(settings.get("memory_mb") or 0))) or memory_mb,
        tuple(device.id for device in found),
    )


@functools.cache
def _size() -> tuple[int, int]:
    """CPUs and MiB of the machine, read once a process."""
    return limits.cpus(), limits.memory_mb()


def host(settings: Mapping[str, object], *, gpus: bool) -> Host:
    """The host's allotment under these settings."""
    return Host(machine(settings, gpus=gpus))


def _host_of(folder: JobFolder) -> Host:
    return host(folder.record["host_limits"], gpus=any(role.resources.gpu for role in folder.plan.roles))


def _request(role: Role) -> Request:
    return Request(max(1, role.resources.cpu), role.resources.memory_mb, role.resources.gpu)


def _demand(folder: JobFolder, here: Host, numbers: Sequence[int], *, whole: bool) -> Demand:
    requests = tuple(_request(folder.plan.tasks[number].role) for number in numbers)
    demand, _ = allotment.clamp(Demand(requests, whole, here.limits.devices), here.limits)
    return demand


def first_wave(plan: Plan) -> tuple[Request, ...]:
    """What the tasks need that start first."""
    return tuple(_request(task.role) for task in plan.tasks if not task.role.after)


def may_start(plan: Plan, tasks: Sequence[TaskState], number: int) -> bool:
    """Every role that this task's role comes after has succeeded as a whole."""
    after = plan.tasks[number].role.after
    return all(task.state is State.SUCCEEDED for task in tasks if task.role in after)


def require_room(folder: JobFolder, tasks: int) -> None:
    """Before a start is tried again: a wrapper that has no room for its claim leaves no word.

    Raises:
        StoreError: the disk is full.
    """
    with files.disk_errors(folder.path):
        space.require(str(folder.path), _ROOM * tasks)


def start(folder: JobFolder, attempts: Mapping[int, int], *, whole: bool) -> tuple[int, ...]:
    """Start tasks as far as there is room.

    Args:
        attempts: number of the task to number of its attempt.
        whole: all of them or none.

    Returns:
        The numbers of those that have been started.
    """
    if not attempts:
        return ()
    with files.disk_errors(folder.path):
        held = _allot(folder, list(attempts), whole=whole)
        if held is None:
            return ()
        with _given_back(held):
            return _spawn(folder, attempts, held)


def start_or_queue(folder: JobFolder, attempts: Mapping[int, int]) -> tuple[int, ...]:
    """Start the first tasks of an attempt with an owner; where there is no room, queue the job and see to a waiter.

    Returns:
        The numbers of the tasks that have been started.

    Raises:
        StoreError: the disk is full.
    """
    with files.disk_errors(folder.path), folder.starting() as mine:
        return _start_or_queue(folder, attempts) if mine else ()


def _start_or_queue(folder: JobFolder, attempts: Mapping[int, int]) -> tuple[int, ...]:
    whole = folder.plan.gang
    held = _allot(folder, list(attempts), whole=whole)
    if held is not None:
        with _given_back(held):
            return _begin(folder, attempts, held)
    here = _host_of(folder)
    demand = _demand(folder, here, list(attempts), whole=whole)
    here.enqueue(demand, job=str(folder.path), name=folder.plan.name)
    launch.spawn_waiter(folder.path.parents[1])
    return ()


@contextlib.contextmanager
def _given_back(held: Sequence[Held | None]) -> Iterator[None]:
    """What was allotted is free again where the start fails; what tasks have taken over stays theirs."""
    try:
        yield
    finally:
        for one in held:
            if one is not None:
                one.close()


def _begin(folder: JobFolder, attempts: Mapping[int, int], held: Sequence[Held | None]) -> tuple[int, ...]:
    launch.prepare(folder, attempts)
    if sum(one is not None for one in held) > 1:
        # The order between tasks is known from when an owner is up; it waits for them to claim.
        launch.spawn_owner(folder)
        return _spawn(folder, attempts, held)
    started = _spawn(folder, attempts, held)
    launch.spawn_owner_beside(folder)
    return started


def _allot(folder: JobFolder, numbers: Sequence[int], *, whole: bool) -> Sequence[Held | None] | None:
    here = _host_of(folder)
    if _inside(folder):
        # It runs within what its parent's task was given: waiting for room beside its parent, it could wait for ever.
        given = [here.limits.devices[: folder.plan.tasks[number].role.resources.gpu] for number in numbers]
        return [Held("", names, 0, here.folder, None) for names in given]
    demand = _demand(folder, here, numbers, whole=whole)
    return here.allot(demand, job=str(folder.path), name=folder.plan.name)


def _inside(folder: JobFolder) -> bool:
    """The job was submitted by a task of another one, which still runs."""
    parent = str(folder.record["parent"])
    path = folder.path.parent / parent
    return bool(parent) and path.exists() and not JobFolder(path).state().state.final


def start_queued(here: Host, ticket: Ticket) -> bool:
    """Start a job from the queue, as the waiter does; False where there is no room after all."""
    folder = JobFolder(files.existing(ticket.job))
    with files.disk_errors(folder.path), folder.starting() as mine:
        return mine and _start_queued(here, ticket, folder)


def _start_queued(here: Host, ticket: Ticket, folder: JobFolder) -> bool:
    state = folder.state()
    waiting = first_attempts(folder)
    claimed = any(folder.claim(folder.task_names[number], attempt) for number, attempt in waiting.items())
    if state.state.final or claimed or folder.stop_request(state.attempt) is not None:
        # Another waiter was killed between the start and here, or nobody wants it any more.
        ticket.remove()
        launch.spawn_owner(folder)
        return False
    held = here.allot(ticket.demand, job=ticket.job, name=ticket.name, ticket=ticket)
    if held is None:
        return False
    with _given_back(held):
        _begin(folder, waiting, held)
    ticket.remove()
    return True


def first_attempts(folder: JobFolder) -> dict[int, int]:
    """Task number to attempt number of the tasks that the last order starts first."""
    order, tasks = folder.attempts()[-1], folder.state().tasks
    numbers = range(len(tasks)) if order.tasks is None else order.tasks
    return {number: tasks[number].attempt + 1 for number in numbers if may_start(folder.plan, tasks, number)}


def _spawn(folder: JobFolder, attempts: Mapping[int, int], held: Sequence[Held | None]) -> tuple[int, ...]:
    plan = folder.plan
    started: list[int] = []
    for (number, attempt), one in zip(attempts.items(), held, strict=True):
        if one is None:
            continue
        task = plan.tasks[number]
        mark = f"{folder.id}-{task.name}-{attempt}"
        cgroup = limits.prepare(mark, task.role.resources.memory_mb) or ""
        pid = launch.spawn_task(folder, task, attempt, one, cgroup=cgroup)
        identity = process.identify(pid)
        if identity is not None:
            one.bind(identity)
        one.close()
        started.append(number)
    return tuple(started)


# ---- the queue


def ticket_of(folder: JobFolder) -> Ticket | None:
    """The job's place in the queue; None where it does not wait there."""
    here = host(folder.record["host_limits"], gpus=False)
    return next((ticket for ticket in here.my_tickets() if ticket.job == str(folder.path)), None)


def withdraw(folder: JobFolder) -> None:
    """Take the job out of the queue."""
    if (ticket := ticket_of(folder)) is not None:
        ticket.remove()


def see_to_queue(folder: JobFolder) -> None:
    """Start a waiter where somebody waits and none lives."""
    here = host(folder.record["host_limits"], gpus=False)
    if here.my_tickets() and (fd := here.waiter_lock()) is not None:
        os.close(fd)
        launch.spawn_waiter(folder.path.parents[1])


def waits_for(folder: JobFolder) -> str:
    """What a queued job waits for and who has it, in words; empty where it is not queued."""
    here = _host_of(folder)
    for ticket in here.my_tickets():
        if ticket.job == str(folder.path):
            return here.reason(ticket)
    return ""
