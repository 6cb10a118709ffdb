"""A task that has failed and is held: by its taskFails callbacks, until these have ended or it is released."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import replace

from jupyter_cube.lifecycle.plan import Role
from jupyter_cube.lifecycle.state import JobState, State, TaskState, describe_end

EVENT = "taskFails"
_SLEEP = re.compile(r"(?:^|[\s;&|(])sleep((?:\s+\d+(?:\.\d+)?[smhd]?)+)(?=[\s;&|)]|$)")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def holds(role: Role) -> bool:
    """A failing task of the role is held."""
    return any(EVENT in one.scripts for one in role.prerequisites)


def length(role: Role) -> float:
    """How long a task of the role is held, in seconds, by the ``sleep`` commands in its scripts; 0: nobody can tell."""
    return sum(_slept(one.scripts[EVENT] for one in role.prerequisites if EVENT in one.scripts))


def _slept(scripts: Iterable[str]) -> Iterable[float]:
    for script in scripts:
        for words in _SLEEP.findall(script):
            for number, unit in _LENGTH.findall(words):
                yield float(number) * _UNITS[unit]


def words(task: TaskState, now: float) -> str:
    """``held for debugging, 28 min left``, ``held for debugging since 14:02``; empty where it is not held."""
    if not task.held_since:
        return ""
    left = task.held_until - now
    if left <= 0:
        return f"held for debugging since {time.strftime('%H:%M', time.localtime(task.held_since))}"
    return f"held for debugging, {_rounded(left)} left"


def _rounded(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def shown(state: JobState, now: float) -> JobState:
    """The state with the holds in words, in ``held`` and as a reason of tasks and job."""
    if state.state.final or not any(task.held_since for task in state.tasks):
        return state
    tasks = tuple(_shown(task, now) for task in state.tasks)
    first = next(task for task in tasks if task.held_since)
    reason = state.reason
    if state.state is State.RUNNING and not reason:
        reason = f"{first.name} {first.reason}"
    return replace(state, tasks=tasks, reason=reason)


def _shown(task: TaskState, now: float) -> TaskState:
    held = words(task, now)
    return replace(task, held=held, reason=f"{describe_end(task)}, {held}") if held else task
