"""Completion policies, steps and retries of jobs on this machine."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from test_runner import openpai, place, role, shell, text

from jupyter_cube.errors import ConflictError
from jupyter_cube.lifecycle.state import State

__all__ = ["place"]  # a fixture


def test_first_failure_ends_the_other_tasks() -> None:
    one = shell('if [ "$PAI_TASK_INDEX" = 0 ]; then exit 1; fi; echo up; sleep 60', instances=2, grace=1)
    assert one.wait(20) is State.FAILED
    assert [task.state for task in one.snapshot().tasks] == [State.FAILED, State.STOPPED]


def test_first_role_that_succeeds_ends_the_job() -> None:
    one = openpai(role("ps", "sleep 60") + role("w", "echo done", instances=2))
    assert one.wait(20) is State.SUCCEEDED
    states = {task.name: task.state for task in one.snapshot().tasks}
    assert states == {"ps-0": State.STOPPED, "w-0": State.SUCCEEDED, "w-1": State.SUCCEEDED}


def test_roles_start_after_others() -> None:
    chain = "extras:\n  jupyter_cube:\n    after: {b: [a]}\n"
    completion = "    completion: {minSucceededInstances: -1}\n"
    one = openpai(
        role("b", "test -e /tmp/$PAI_JOB_NAME.a && echo second", more=completion)
        + role("a", "sleep 0.3; touch /tmp/$PAI_JOB_NAME.a; echo first", more=completion),
        extra=chain,
    )
    assert one.wait(20) is State.SUCCEEDED
    assert text(one) == ["first", "second"]


def test_retry_keeps_the_order_of_roles(place: Path) -> None:
    completion = "    completion: {minSucceededInstances: -1}\n"
    one = openpai(
        role("b", f"test -e {place}/now", more=completion) + role("a", "sleep 0.3; echo first", more=completion),
        extra="extras:\n  jupyter_cube:\n    after: {b: [a]}\n",
    )
    assert one.wait(20) is State.FAILED
    (place / "now").touch()
    one.retry()
    assert one.wait(20) is State.SUCCEEDED
    started = {task.role: task.started for task in one.snapshot().tasks}
    ended = {task.role: task.ended for task in one.snapshot().tasks}
    tick = 0.01  # a start is the time of a file, which the kernel takes from its last tick
    assert started["b"] >= ended["a"] - tick


def test_failed_step_stops_the_later_ones() -> None:
    completion = "    completion: {minSucceededInstances: -1}\n"
    one = openpai(
        role("a", "exit 3", more=completion) + role("b", "echo never", more=completion),
        extra="extras:\n  jupyter_cube:\n    after: {b: [a]}\n",
    )
    assert one.wait(20) is State.FAILED
    assert [task.state for task in one.snapshot().tasks] == [State.FAILED, State.STOPPED]
    assert text(one) == []


def test_task_retries_get_new_attempts(place: Path) -> None:
    one = shell(
        f'echo try; [ "$(ls {place} | grep -c mark)" = 2 ] || {{ mktemp {place}/markXXXX; exit 1; }}', retries=3
    )
    assert one.wait(30) is State.SUCCEEDED
    assert one.snapshot().tasks[0].attempt == 3
    assert {line.attempt for line in one.log.tail(100)} == {1, 2, 3}


def test_job_retries_run_all_tasks_again(place: Path) -> None:
    one = openpai(role("w", f"mkdir {place}/once && exit 1; true", instances=1), extra="jobRetryCount: 1\n")
    assert one.wait(30) is State.SUCCEEDED
    assert one.snapshot().attempt == 2
    assert one.snapshot().tasks[0].attempt == 2


def test_retry_by_hand(place: Path) -> None:
    one = shell(f"echo run; [ -e {place}/now ]", instances=2)
    assert one.wait(20) is State.FAILED
    (place / "now").touch()
    one.retry()
    assert not one.state.final
    assert one.wait(20) is State.SUCCEEDED
    assert [task.attempt for task in one.snapshot().tasks] == [2, 2]
    with pytest.raises(ConflictError, match="have been deleted"):
        one.retry()


def test_retry_of_failed_tasks_only(place: Path) -> None:
    one = shell(f'sleep 0.2; [ "$PAI_TASK_INDEX" = 0 ] || {{ sleep 0.5; [ -e {place}/now ]; }}', instances=2)
    assert one.wait(20) is State.FAILED
    (place / "now").touch()
    one.retry(failed=True)
    assert one.wait(20) is State.SUCCEEDED
    assert [task.attempt for task in one.snapshot().tasks] == [1, 2]


def test_steps_need_no_completion_policy() -> None:
    one = openpai(
        role("a", "echo first") + role("b", "echo second") + role("c", "echo third"),
        extra="extras:\n  jupyter_cube:\n    after: {b: [a], c: [a]}\n",
    )
    assert one.wait(20) is State.SUCCEEDED
    assert [task.state for task in one.snapshot().tasks] == [State.SUCCEEDED] * 3


def test_what_comes_after_a_failure_that_the_policy_allows_is_stopped() -> None:
    one = openpai(
        role("a", "exit 1", more="    completion: {minFailedInstances: -1}\n") + role("b", "echo never"),
        extra="extras:\n  jupyter_cube:\n    after: {b: [a]}\n",
    )
    assert one.wait(20).final
    assert [task.state for task in one.snapshot().tasks] == [State.FAILED, State.STOPPED]
    assert one.snapshot().tasks[1].reason == "a-0 did not succeed"


def test_retry_runs_what_never_began(place: Path) -> None:
    one = openpai(
        role("a", f"test -e {place}/now") + role("b", "echo second"),
        extra="extras:\n  jupyter_cube:\n    after: {b: [a]}\n",
    )
    assert one.wait(20) is State.FAILED
    (place / "now").touch()
    one.retry()
    assert one.wait(20) is State.SUCCEEDED, one.snapshot()
    assert text(one) == ["second"]


def test_a_timeout_counts_for_each_attempt() -> None:
    one = shell("sleep 0.8; exit 1", timeout=1.2)
    assert one.wait(20) is State.FAILED
    time.sleep(0.6)  # longer than what the timeout has left
    one.retry()
    assert one.wait(20) is State.FAILED
    assert "exit 1" in one.snapshot().reason


def test_a_task_that_never_begins_fails_its_job(place: Path) -> None:
    completion = "    completion: {minSucceededInstances: -1}\n"
    one = openpai(
        role("a", f"until test -e {place}/now; do sleep 0.05; done", more=completion) + role("b", "echo b"),
        extra="extras:\n  jupyter_cube:\n    after: {b: [a]}\n",
    )
    (place / "wrapper.sh").write_text("exit 1\n")  # as where a mount hides what a shell needs
    shutil.move(place / "wrapper.sh", one.folder / "wrapper.sh")
    (place / "now").touch()
    assert one.wait(30) is State.FAILED
    assert "b-0 was started 6 times and never began" in one.snapshot().reason
