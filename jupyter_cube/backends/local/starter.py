"""When the owner of a job starts what waits: after other roles, after a pause, when there is room."""

from __future__ import annotations

import time
from collections.abc import Sequence

from jupyter_cube.errors import BackendError
from jupyter_cube.lifecycle.state import TaskState
from jupyter_cube.store.folder import JobFolder

_CLAIM_GRACE = 0.3  # seconds that a living starter is given to let its wrappers claim
_MOUNT_GRACE = 0.1  # seconds more for each task that mounts something before that
_PAUSE = 0.25  # seconds between attempts to get resources for a task of a running job
_LONGEST_PAUSE = 5.0  # seconds
_TRIES = 6  # starts of one attempt, over some 8 seconds


class Starter:
    """Starts the tasks of one job.

    Attributes:
        not_before: number of a task to when it may be tried again, on the monotonic clock.
    """

    def __init__(self, folder: JobFolder) -> None:
        self.not_before: dict[int, float] = {}
        self._folder, self._plan = folder, folder.plan
        self._grace = _CLAIM_GRACE + _MOUNT_GRACE * sum(bool(task.role.mounts) for task in self._plan.tasks)
        self._began = time.monotonic()
        self._next = 0.0
        self._tries: dict[tuple[int, int], int] = {}  # of a task's attempt

    def due(self, tasks: Sequence[TaskState], waiting: Sequence[int]) -> float:
        """When to look again, on the monotonic clock."""
        now = time.monotonic()
        startable = self._startable(tasks, waiting)
        if not startable:
            return now + 60.0
        due = max(self._next, min(self.not_before.get(number, 0.0) for number in startable))
        if any(number not in self.not_before for number in startable):
            due = min(due, now + 0.005 if now - self._began < self._grace else now + 0.05)
        return due

    def start(self, tasks: Sequence[TaskState], waiting: Sequence[int], *, begun: bool) -> None:
        """Start what may start; where the job has not begun and there is no room, queue it.

        Raises:
            StoreError: the disk is full.
            BackendError: what was started ends before it begins.
        """
        now = time.monotonic()
        if not waiting or now < self._next:
            return
        with self._folder.starting() as free:
            if not free:
                self._began = now
        if now - self._began < self._grace:
            return
        ready = [number for number in self._startable(tasks, waiting) if self.not_before.get(number, 0.0) <= now]
        if not ready:
            return
        from jupyter_cube.backends.local import start

        attempts = {number: tasks[number].attempt + 1 for number in ready}
        self._give_up(attempts)
        start.require_room(self._folder, len(ready))
        if begun:
            started = start.start(self._folder, attempts, whole=False)
        else:
            started = start.start_or_queue(self._folder, attempts)
        for number in started:
            key = (number, attempts[number])
            self._tries[key] = self._tries.get(key, 0) + 1
        tries = max((self._tries[number, attempts[number]] for number in started), default=1)
        self._next = now + min(_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)

    def _give_up(self, attempts: dict[int, int]) -> None:
        """A wrapper that ends before its claim leaves no word, and would be started for ever."""
        for number, attempt in attempts.items():
            if self._tries.get((number, attempt), 0) >= _TRIES:
                name = self._plan.tasks[number].name
                message = f"{name} was started {_TRIES} times and never began"
                raise BackendError(message, hint="look whether what it mounts hides what a shell needs")

    def _startable(self, tasks: Sequence[TaskState], waiting: Sequence[int]) -> list[int]:
        """Tasks that wait for room or for a pause to end, not for another role."""
        if not waiting:
            return []
        from jupyter_cube.backends.local import start

        return [number for number in waiting if start.may_start(self._plan, tasks, number)]
