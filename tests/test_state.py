"""Folding of records and OpenPAI's completion policy."""

from __future__ import annotations

import pytest

from jupyter_cube.lifecycle.plan import Plan, Role, from_json, to_json
from jupyter_cube.lifecycle.state import Exit, State, TaskState, describe_end, fold, initial, verdict


def plan(*roles: Role) -> Plan:
    return Plan("p", roles)


def ended(role: str, index: int, state: State, at: float, code: int | None = None) -> TaskState:
    return TaskState(
        f"{role}-{index}", role, index, state, ended=at, exit=None if code is None else Exit("command", code, code)
    )


S, F, U, R = State.SUCCEEDED, State.FAILED, State.UNKNOWN, State.RUNNING


@pytest.mark.parametrize(
    ("roles", "tasks", "expected"),
    [
        pytest.param([Role("w", "", 2, min_succeeded=2)], [("w", 0, S, 1), ("w", 1, R, 0)], None, id="half way"),
        pytest.param([Role("w", "", 2, min_succeeded=2)], [("w", 0, S, 1), ("w", 1, S, 2)], S, id="role succeeded"),
        pytest.param([Role("w", "", 2, min_succeeded=2)], [("w", 0, F, 1), ("w", 1, R, 0)], F, id="one failure fails"),
        pytest.param(
            [Role("w", "", 2, min_succeeded=2)], [("w", 0, U, 1), ("w", 1, R, 0)], F, id="unknown counts as failed"
        ),
        pytest.param(
            [Role("ps", ""), Role("w", "", 2, min_succeeded=2)],
            [("ps", 0, R, 0), ("w", 0, S, 1), ("w", 1, S, 2)],
            S,
            id="the first role that fully succeeds ends the job",
        ),
        pytest.param(
            [Role("a", "", min_succeeded=-1), Role("b", "", min_succeeded=-1)],
            [("a", 0, S, 1), ("b", 0, R, 0)],
            None,
            id="-1 never ends it",
        ),
        pytest.param(
            [Role("a", "", min_succeeded=-1, min_failed=-1)], [("a", 0, F, 1)], S, id="nothing triggers, all ended"
        ),
        pytest.param(
            [Role("w", "", 3, min_failed=2, min_succeeded=1)],
            [("w", 0, F, 1), ("w", 1, S, 2), ("w", 2, F, 3)],
            S,
            id="the earliest trigger wins",
        ),
    ],
)
def test_verdict(roles: list[Role], tasks: list[tuple[str, int, State, float]], expected: State | None) -> None:
    found = verdict(plan(*roles), [ended(*task) for task in tasks])
    assert (found.state if found else None) is expected


def test_verdict_names_the_task_that_failed() -> None:
    found = verdict(plan(Role("w", "")), [ended("w", 0, F, 1, 137)])
    assert found is not None
    assert found.reason == "w-0 exit 137 (or signal 9)"


def test_describe_end_names_the_phase() -> None:
    task = TaskState("w-0", "w", 0, F, exit=Exit("prerequisite mnist", 4, None))
    assert describe_end(task) == "prerequisite mnist: exit 4"
    assert describe_end(TaskState("w-0", "w", 0, F, reason="killed, no exit record")) == "killed, no exit record"


def test_fold_follows_attempts() -> None:
    job = plan(Role("w", "", 2))
    records = [
        {"time": 1, "state": "RUNNING", "started": 0.5},
        {"time": 1, "task": 0, "state": "RUNNING", "attempt": 1, "pid": 7},
        {"time": 2, "task": 0, "state": "FAILED", "exit": {"phase": "command", "code": 1, "command_code": 1}},
        {"time": 2, "task": 1, "state": "SUCCEEDED", "attempt": 1},
        {"time": 3, "state": "FAILED", "reason": "w-0 exit 1"},
    ]
    state = fold(job, records)
    assert (state.state, state.started, state.ended, state.reason) == (F, 0.5, 3, "w-0 exit 1")
    assert state.tasks[0].exit == Exit("command", 1, 1)
    again = fold(job, [{"time": 4, "new_attempt": True, "attempt": 2, "state": "WAITING", "tasks": [0]}], state)
    assert again.state is State.WAITING
    assert again.ended == 0
    assert (again.tasks[0].state, again.tasks[0].attempt, again.tasks[0].base) == (State.WAITING, 1, 1)
    assert again.tasks[1].state is S


def test_fold_of_parts_is_fold_of_all() -> None:
    job = plan(Role("w", "", 2))
    records = [
        {"time": 1, "state": "RUNNING"},
        {"time": 2, "task": 1, "state": "RUNNING", "attempt": 1},
        {"time": 3, "warning": "odd"},
        {"time": 4, "task": 1, "state": "STOPPED", "reason": "x"},
    ]
    state = initial(job)
    for record in records:
        state = fold(job, [record], state)
    assert state == fold(job, records)


def test_plan_survives_json() -> None:
    job = plan(Role("w", "echo", 3, ports={"http": 1}, after=("a",)), Role("a", ""))
    assert from_json(to_json(job)) == job
    assert from_json({**to_json(job), "of_a_newer_version": 1}) == job
