"""A failed task that is held for debugging: seen, counted at once, released, stopped, and alive when its owner dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from plans import Job, Prerequisite, Role, log, run, until

from jupyter_cube.cli import main
from jupyter_cube.errors import ConflictError, NotFoundError
from jupyter_cube.lifecycle import hold
from jupyter_cube.lifecycle.state import State, TaskState
from jupyter_cube.store.folder import JobFolder

HOOK = Prerequisite("debug", {"taskFails": "echo will sleep; sleep 10m", "taskCompletes": "echo completes"})


def held(job: Job) -> list[str]:
    return [task.name for task in job.snapshot().tasks if task.held]


def held_job(script: str = "exit 9", **more: object) -> Job:
    job = run(Role("w", script, prerequisites=(HOOK,), **more))  # type: ignore[arg-type]
    until(lambda: held(job))
    return job


def test_it_is_seen_with_the_time_left_while_the_job_runs() -> None:
    job = held_job()
    state = job.snapshot()
    assert state.state is State.RUNNING
    assert state.tasks[0].held == "held for debugging, 10 min left"
    assert state.reason == "w-0 exit 9, held for debugging, 10 min left"
    assert job.describe()["tasks"][0]["held"] == "held for debugging, 10 min left"
    job.release()
    assert job.wait(10) is State.FAILED


def followed_until_released(job: Job, *words: str) -> tuple[str, str]:
    """Output and the one message of a ``logs --follow`` that says that the job is held."""
    command = [sys.executable, "-m", "jupyter_cube", "logs", job.id, "--follow", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    said = process.stderr.readline()
    job.release()
    out, more = process.communicate(timeout=60)
    assert (process.returncode, more) == (0, "")
    return out, said.rstrip("\n")


def test_the_list_of_jobs_shows_it_and_following_says_it_once(capsys) -> None:
    job = held_job()
    assert main(["jobs"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert "◐ HELD" in line
    assert line.endswith("  w-0 held for debugging")
    assert main(["jobs", "--json", "--state", "RUNNING"]) == 0
    [record] = json.loads(capsys.readouterr().out)
    assert (record["state"], record["held"]) == ("RUNNING", ["w-0"])
    out, said = followed_until_released(job)
    assert out == "will sleep\ncompletes\n"
    assert said.startswith("w-0 exit 9, held for debugging, 10 min left; enter it with: ")
    assert said.endswith(f"debug {job.short_id} --release")
    assert main(["jobs"]) == 0
    assert "✕ FAILED" in capsys.readouterr().out
    assert main(["jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["held"] == []


def test_one_of_several_held_tasks_is_named(capsys) -> None:
    job = held_job(instances=2, min_failed=2)
    until(lambda: len(held(job)) == 2)
    assert main(["jobs"]) == 0
    assert "w-0 and 1 more held for debugging" in capsys.readouterr().out
    _, said = followed_until_released(job, "--task", "w-1")
    assert said.startswith("w-1 exit 9, held")
    assert f"debug {job.short_id} --task w-1;" in said
    assert job.wait(20) is State.FAILED


def test_release_ends_it_with_its_own_exit_code_and_completes() -> None:
    job = held_job()
    job.release("w-0")
    assert job.wait(10) is State.FAILED
    task = job.snapshot().tasks[0]
    assert task.exit is not None
    assert (task.exit.phase, task.exit.code, task.exit.command_code) == ("command", 9, 9)
    assert not task.held
    assert log(job) == ["will sleep", "completes"]


def test_release_skips_the_callbacks_that_are_left() -> None:
    later = Prerequisite("first", {"taskFails": "echo never"})
    job = run(Role("w", "exit 9", prerequisites=(later, HOOK)))
    until(lambda: held(job))
    job.release()
    assert job.wait(10) is State.FAILED
    assert log(job) == ["will sleep", "completes"]


def test_a_callback_that_ignores_the_release_is_killed_and_no_other() -> None:
    stubborn = Prerequisite("p", {"taskFails": "trap '' TERM; sleep 60", "taskCompletes": "sleep 2.5; echo completes"})
    job = run(Role("w", "exit 9", prerequisites=(stubborn,)))
    until(lambda: held(job))
    job.release()
    assert job.wait(15) is State.FAILED
    assert log(job)[-1] == "completes"


def test_the_failure_counts_at_once() -> None:
    script = "[ $PAI_TASK_INDEX = 1 ] && exit 9; sleep 60"
    job = held_job(script, instances=2)
    until(lambda: job.snapshot().tasks[0].state is State.STOPPED)
    state = job.snapshot()
    assert (state.state, held(job)) == (State.RUNNING, ["w-1"])
    assert "w-1 exit 9" in state.tasks[0].reason
    job.release()
    assert job.wait(10) is State.FAILED
    assert job.snapshot().reason == "w-1 exit 9"


def test_a_failure_that_will_be_tried_again_does_not_count() -> None:
    script = "[ $PAI_TASK_INDEX = 1 ] && exit 9; sleep 0.5"
    job = held_job(script, instances=2, retries=1, min_succeeded=-1)
    until(lambda: job.snapshot().tasks[0].state is State.SUCCEEDED)
    job.release()
    until(lambda: job.snapshot().tasks[1].attempt == 2 and held(job))
    job.release()
    assert job.wait(10) is State.FAILED


def test_a_stop_ends_it_and_the_job_has_failed() -> None:
    job = held_job()
    job.stop()
    assert job.wait(10) is State.FAILED
    task = job.snapshot().tasks[0]
    assert task.state is State.FAILED
    assert task.exit is not None
    assert task.exit.code == 9
    # where the sleep dies before its shell, the shell says so
    assert [line for line in log(job) if line != "Terminated"] == ["will sleep", "completes"]


def test_a_stop_ends_it_where_the_job_has_not_failed() -> None:
    job = held_job("[ $PAI_TASK_INDEX = 1 ] && exit 9; sleep 60", instances=2, min_failed=2)
    job.stop()
    assert job.wait(10) is State.STOPPED
    assert [task.state for task in job.snapshot().tasks] == [State.STOPPED, State.FAILED]


@pytest.mark.parametrize("owner_dies", ["before", "during"])
def test_it_outlives_the_owner_and_can_be_released(owner_dies: str) -> None:
    job = held_job() if owner_dies == "during" else run(Role("w", "sleep 0.3; exit 9", prerequisites=(HOOK,)))
    until(lambda: (found := JobFolder(job.folder).owner()) is not None and found.alive)
    owner = JobFolder(job.folder).owner()
    assert owner is not None
    os.kill(owner.identity.pid, signal.SIGKILL)
    # A reader that notices starts another.
    until(lambda: job.snapshot() and (found := JobFolder(job.folder).owner()) and found.identity != owner.identity)
    until(lambda: held(job))
    assert job.state is State.RUNNING
    job.release()
    assert job.wait(10) is State.FAILED
    assert job.snapshot().reason == "w-0 exit 9"


def test_a_killed_hold_keeps_the_exit() -> None:
    job = held_job()
    os.kill(job.snapshot().tasks[0].pid, signal.SIGKILL)
    assert job.wait(10) is State.FAILED
    task = job.snapshot().tasks[0]
    assert task.exit is not None
    assert task.exit.code == 9


def test_a_failing_prerequisite_is_held_too() -> None:
    job = run(Role("w", "true", prerequisites=(HOOK, Prerequisite("data", {"taskStarts": "exit 4"}))))
    until(lambda: held(job))
    assert job.snapshot().tasks[0].reason.startswith("prerequisite data: exit 4, held")
    job.release()
    assert job.wait(10) is State.FAILED


def test_what_is_not_held_cannot_be_released(tmp_path: Path) -> None:
    job = run(Role("w", f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"))
    with pytest.raises(ConflictError, match="no task is held"):
        job.release()
    with pytest.raises(NotFoundError, match="no task 'w-7'"):
        job.release("w-7")
    (tmp_path / "go").touch()
    assert job.wait(10) is State.SUCCEEDED


@pytest.mark.parametrize(
    ("script", "seconds"),
    [
        ("sleep 5", 5),
        ("echo will sleep for 30 minutes; sleep 30m\necho", 1800),
        ("sleep 1h 30m && sleep 0.5", 5400.5),
        ("(sleep 1d)", 86400),
        ("sleep $N; nosleep 5; sleep 5x; sleeping 4", 0),
    ],
)
def test_how_long_is_read_from_the_script(script: str, seconds: float) -> None:
    assert hold.length(Role("w", "", prerequisites=(Prerequisite("p", {"taskFails": script}),))) == seconds


def test_words() -> None:
    now = time.time()
    clock = time.strftime("%H:%M", time.localtime(now))
    task = TaskState("w-0", "w", 0)
    assert hold.words(task, now) == ""
    assert hold.words(replace(task, held_since=now), now) == f"held for debugging since {clock}"
    assert hold.words(replace(task, held_since=now, held_until=now + 61), now) == "held for debugging, 61 s left"
    assert hold.words(replace(task, held_since=now, held_until=now + 7200), now) == "held for debugging, 2.0 h left"
    assert hold.words(replace(task, held_since=now, held_until=now - 1), now) == f"held for debugging since {clock}"
