"""Prerequisites that run once a job attempt: set up once, shared, taken down once, whatever dies."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from plans import Job, Plan, Role, committed, everything, log, run, shared, until

from jupyter_cube.backends.local import nodes
from jupyter_cube.backends.registry import backend
from jupyter_cube.lifecycle.state import State
from jupyter_cube.store.folder import JobFolder


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def claimant(job: Job) -> tuple[int, str]:
    """Pid and task of who runs the node."""
    files = list(job.folder.glob("nodes/*/*/*/claim"))
    pid, _, task = files[0].read_text().split()
    return int(pid), task


def kill_owner(job: Job) -> None:
    until(lambda: (found := JobFolder(job.folder).owner()) is not None and found.alive)
    owner = JobFolder(job.folder).owner()
    assert owner is not None
    os.kill(owner.identity.pid, signal.SIGKILL)


def test_four_tasks_set_up_once_and_share_what_it_hands_on(notes: Path) -> None:
    once = shared(
        "set up",
        starts=f"echo ran >> {notes}; sleep 0.8; echo 'A=a b' >> $CUBE_ENV; printf B=2 >> $CUBE_ENV",
        succeeds=f"echo succeeds >> {notes}",
        completes=f"echo completes >> {notes}",
    )
    job = run(Role("w", 'echo "$A,$B"', instances=4, min_succeeded=-1, prerequisites=(once,)))
    assert job.wait(20) is State.SUCCEEDED
    assert lines(notes) == ["ran", *["succeeds"] * 4, "completes"]
    _, who = claimant(job)
    for index in range(4):
        waits = [] if f"w-{index}" == who else [f"set up: waits for {who}"]
        assert log(job, f"w-{index}") == [*waits, "a b,2"]


def test_its_log_is_the_log_of_the_task_that_ran_it() -> None:
    job = run(Role("w", "true", instances=3, min_succeeded=-1, prerequisites=(shared("p", starts="echo once"),)))
    assert job.wait(20) is State.SUCCEEDED
    assert everything(job) == ["once"]


def test_variables_of_earlier_prerequisites_are_kept_apart(notes: Path) -> None:
    job = run(
        Role(
            "w",
            "echo $A $B",
            instances=2,
            min_succeeded=-1,
            prerequisites=(
                shared("a", starts="echo A=$PAI_TASK_INDEX >> $CUBE_ENV"),
                shared("b", starts="echo B=b >> $CUBE_ENV; echo more >> $CUBE_ENV"),
            ),
        )
    )
    assert job.wait(20) is State.SUCCEEDED
    assert log(job, "w-0") == log(job, "w-1")
    assert log(job)[0] in ("0 b", "1 b")


def test_roles_with_the_same_key_share_it(notes: Path) -> None:
    once = shared("p", starts=f"echo ran >> {notes}", completes=f"echo completes >> {notes}")
    job = run(
        Role("a", "true", min_succeeded=-1, prerequisites=(once,)),
        Role("b", "sleep 0.5", min_succeeded=-1, prerequisites=(shared("q"), once)),
    )
    assert job.wait(20) is State.SUCCEEDED
    assert lines(notes) == ["ran", "completes"]


def test_all_fail_with_it_and_it_is_taken_down_once(notes: Path) -> None:
    once = shared(
        "p", starts="sleep 0.3; exit 4", fails=f"echo fails >> {notes}", completes=f"echo completes >> {notes}"
    )
    job = run(Role("w", "echo command", instances=3, min_failed=-1, min_succeeded=-1, prerequisites=(once,)))
    job.wait(20)
    for task in job.snapshot().tasks:
        assert task.state is State.FAILED
        assert task.exit is not None
        assert (task.exit.phase, task.exit.code, task.exit.command_code) == ("prerequisite p", 4, None)
    assert sorted(lines(notes)) == ["completes", "fails", "fails", "fails"]
    assert "command" not in everything(job)


def test_an_ignored_failure_is_ignored_by_all() -> None:
    once = replace(shared("p", starts="exit 4"), ignore_failure=True)
    job = run(Role("w", "echo command", instances=2, min_succeeded=-1, prerequisites=(once,)))
    assert job.wait(20) is State.SUCCEEDED
    assert everything(job) == ["command", "command"]


@pytest.mark.parametrize("owner_too", [False, True])
def test_all_fail_where_the_task_that_runs_it_is_killed(notes: Path, *, owner_too: bool) -> None:
    once = shared("p", starts=f"echo ran >> {notes}; sleep 30", completes=f"echo completes >> {notes}")
    job = run(Role("w", "true", instances=3, min_failed=-1, min_succeeded=-1, prerequisites=(once,)))
    until(lambda: lines(notes) == ["ran"])
    until(lambda: all((job.folder / "tasks" / f"w-{index}" / "1.claim").exists() for index in range(3)))
    pid, who = claimant(job)
    if owner_too:
        kill_owner(job)
    os.kill(pid, signal.SIGKILL)
    job.wait(20)
    for task in job.snapshot().tasks:
        if task.name == who:
            assert task.state in (State.FAILED, State.UNKNOWN)
        else:
            assert task.exit is not None
            assert (task.exit.phase, task.exit.code) == ("prerequisite p", 137)
            assert f"p: {who}, which ran it, was killed" in log(job, task.name)
    assert lines(notes) == ["ran", "completes"]


def test_a_retried_task_runs_a_failed_one_again(notes: Path) -> None:
    once = shared("p", starts=f"echo ran >> {notes}; [ $(wc -l < {notes}) -gt 1 ]", completes="echo completes")
    # The first to be tried again does not end before the other one has come.
    script = (
        f"echo command; touch {notes}.$PAI_TASK_INDEX; while ! [ -e {notes}.0 -a -e {notes}.1 ]; do sleep 0.02; done"
    )
    job = run(Role("w", script, instances=2, retries=2, min_succeeded=-1, prerequisites=(once,)))
    assert job.wait(30) is State.SUCCEEDED, job.snapshot()
    assert lines(notes) == ["ran", "ran"]
    shown = [line for line in everything(job) if line in ("command", "completes")]
    assert sorted(shown) == ["command", "command", "completes", "completes"]


def test_a_task_that_was_killed_while_it_ran_it_tries_again(notes: Path) -> None:
    once = shared("p", starts=f"echo ran >> {notes}; [ $(wc -l < {notes}) -gt 1 ] || kill -9 $PPID; sleep 0.2")
    job = run(Role("w", "echo command", retries=1, prerequisites=(once,)))
    assert job.wait(20) is State.SUCCEEDED, job.snapshot()
    assert log(job, attempt=2) == ["command"]


def test_a_retried_task_joins_one_that_is_set_up(notes: Path) -> None:
    once = shared("p", starts=f"echo ran >> {notes}; echo A=7 >> $CUBE_ENV", completes=f"echo completes >> {notes}")
    script = f"[ $PAI_TASK_INDEX = 0 ] && {{ while [ ! -e {notes}.go ]; do sleep 0.02; done; exit 0; }}\n"
    script += f"[ -e {notes}.tried ] || {{ touch {notes}.tried; exit 1; }}; echo again $A; touch {notes}.go"
    job = run(Role("w", script, instances=2, retries=1, min_succeeded=-1, prerequisites=(once,)))
    assert job.wait(20) is State.SUCCEEDED, job.snapshot()
    assert lines(notes) == ["ran", "completes"]
    assert log(job, "w-1", 2) == ["again 7"]


def test_the_next_attempt_of_the_job_runs_it_again(notes: Path) -> None:
    once = shared("p", starts=f"echo ran >> {notes}", completes=f"echo completes >> {notes}")
    job = run(Role("w", "exit 1", instances=2, min_failed=2, prerequisites=(once,)))
    assert job.wait(20) is State.FAILED
    job.retry()
    assert job.wait(20) is State.FAILED
    assert lines(notes) == ["ran", "completes"] * 2


@pytest.mark.parametrize("gang", [True, False])
def test_a_stop_ends_the_waiting_and_takes_down_once(notes: Path, *, gang: bool) -> None:
    once = shared("p", starts=f"echo ran >> {notes}; sleep 60", completes=f"echo completes >> {notes}")
    job = run(Role("w", "echo command", instances=3, prerequisites=(once,)), gang=gang)
    until(lambda: lines(notes) == ["ran"])
    until(lambda: all((job.folder / "tasks" / f"w-{index}" / "1.claim").exists() for index in range(3)))
    job.stop()
    assert job.wait(10) is State.STOPPED
    assert lines(notes) == ["ran", "completes"]
    assert "command" not in everything(job)


def test_it_is_taken_down_after_the_last_of_tasks_of_unequal_length(notes: Path) -> None:
    once = shared("p", starts="true", completes=f"echo completes in $PAI_TASK_INDEX >> {notes}")
    script = f"sleep 0.$((PAI_TASK_INDEX * 3)); echo over >> {notes}"
    job = run(Role("w", script, instances=3, min_succeeded=-1, prerequisites=(once,)))
    assert job.wait(20) is State.SUCCEEDED
    assert lines(notes) == ["over", "over", "over", "completes in 2"]


def test_what_is_there_already_is_skipped(notes: Path) -> None:
    there = shared(
        "p", check="echo looked; true", **{name: f"echo {name} >> {notes}" for name in ("starts", "completes")}
    )
    job = run(Role("w", "true", instances=2, min_succeeded=-1, prerequisites=(there,)))
    assert job.wait(20) is State.SUCCEEDED
    assert everything(job) == ["p: already there"] * 2
    assert lines(notes) == []


def test_what_is_not_there_yet_is_set_up(notes: Path) -> None:
    missing = shared("p", check=f"false\ntouch {notes}.never", starts=f"echo ran >> {notes}")
    job = run(Role("w", "true", prerequisites=(missing,)))
    assert job.wait(20) is State.SUCCEEDED
    assert lines(notes) == ["ran"]
    assert not Path(f"{notes}.never").exists()


# ---- the cache


def entry(job: Job, key: str = "k") -> Path:
    return job.folder.parents[1] / "cache" / "entries" / key


def test_an_entry_is_filled_once_for_all_jobs(notes: Path) -> None:
    fills = shared("data", cache="k", starts=f"echo ran >> {notes}; echo $CUBE_CACHE/x; echo A=1 >> $CUBE_ENV")
    role = Role("w", "echo A=$A", instances=2, min_succeeded=-1, prerequisites=(fills,))
    first = run(role)
    assert first.wait(20) is State.SUCCEEDED
    assert sorted(everything(first)) == [f"{first.folder.parents[1]}/cache/x", "A=1", "A=1"]
    second = run(role)
    assert second.wait(20) is State.SUCCEEDED
    assert sorted(everything(second)) == ["A=1", "A=1", "data: cached"]
    assert lines(notes) == ["ran"]


def test_two_jobs_race_for_an_entry(notes: Path) -> None:
    fills = shared("data", cache="k", starts=f"echo ran >> {notes}; sleep 0.8; echo A=1 >> $CUBE_ENV")
    jobs = [run(Role("w", "echo A=$A", prerequisites=(fills,))) for _ in range(2)]
    assert [job.wait(20) for job in jobs] == [State.SUCCEEDED] * 2
    assert lines(notes) == ["ran"]
    waited = next(job for job in jobs if "data: cached" in everything(job))
    other = next(job for job in jobs if job is not waited)
    assert log(waited) == [f"data: waits for w-0 of job {other.id}", "data: cached", "A=1"]


def test_a_failed_filling_is_done_again_from_nothing(notes: Path) -> None:
    data = "$CUBE_CACHE/entries/k/data"
    starts = f"ls -A {data}; touch {data}/.half {data}/x; echo ran >> {notes}; [ $(wc -l < {notes}) -gt 1 ]"
    role = Role("w", "true", prerequisites=(shared("data", cache="k", starts=starts),))
    assert run(role).wait(20) is State.FAILED
    again = run(role)
    assert again.wait(20) is State.SUCCEEDED
    assert log(again) == []
    assert lines(notes) == ["ran", "ran"]


@pytest.mark.parametrize("owner_too", [False, True])
def test_a_killed_filling_is_taken_over_by_another_job(notes: Path, *, owner_too: bool) -> None:
    starts = f"echo ran >> {notes}; [ $(wc -l < {notes}) -gt 1 ] || {{ sleep 60; echo late >> {notes}; }}"
    role = Role("w", "true", prerequisites=(shared("data", cache="k", starts=starts),))
    killed = run(role)
    until(lambda: lines(notes) == ["ran"])
    other = run(role)
    until(lambda: any(line.startswith("data: waits for") for line in log(other)))
    pid, _ = claimant(killed)
    if owner_too:
        kill_owner(killed)
    os.kill(pid, signal.SIGKILL)
    assert other.wait(20) is State.SUCCEEDED
    assert lines(notes) == ["ran", "ran"]
    until(lambda: killed.snapshot().state.final)
    assert killed.state is State.FAILED


def test_a_claim_of_another_boot_counts_for_nothing_and_one_of_another_host_for_something(notes: Path) -> None:
    role = Role("w", "true", prerequisites=(shared("data", cache="k", starts=f"echo ran >> {notes}"),))
    folder = committed(Plan("p", (role,)))
    claims = entry(Job(folder))
    claims.mkdir(parents=True)
    machine, host, *_ = nodes._here().split()
    (claims / "claim.1").write_text(f"{os.getpid()} 1 job w-0\n{machine} {host} another-boot pid:[1]\n")
    backend("local").submit(folder)
    assert Job(folder).wait(20) is State.SUCCEEDED
    assert lines(notes) == ["ran"]
    (claims / "done").unlink()
    (claims / "claim.1").write_text("1 1 job w-0\nelsewhere far another-boot pid:[1]\n")
    other = run(role)
    until(lambda: any("on far; if that has ended, remove" in line for line in log(other)))
    (claims / "claim.1").unlink()
    assert other.wait(20) is State.SUCCEEDED


def test_a_stopped_filling_leaves_nothing_that_counts(notes: Path) -> None:
    role = Role(
        "w",
        "true",
        prerequisites=(shared("data", cache="k", starts=f"trap 'exit 0' TERM; echo ran >> {notes}; sleep 60 & wait"),),
    )
    job = run(role)
    until(lambda: lines(notes) == ["ran"])
    job.stop()
    assert job.wait(10) is State.STOPPED
    assert not (entry(job) / "done").exists()
