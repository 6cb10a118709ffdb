"""Whatever is killed while jobs set something up together: one at a time does it, and no task runs without it.

``CUBE_KILL_ROUNDS`` sets six times how many random moments are tried.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest
from plans import Job, Role, everything, run, shared

from jupyter_cube.lifecycle.state import State
from jupyter_cube.store.folder import JobFolder

ROUNDS = int(os.environ.get("CUBE_KILL_ROUNDS", "50")) // 6
pytestmark = pytest.mark.skipif(shutil.which("flock") is None, reason="the scripts tell with flock that they are alone")

# A lock is free when the last process that has it is gone, so it tells two at a time from one after another.
ALONE = 'exec 9>> "{place}"; flock -n 9 || echo not alone >> {faults}'


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wrappers(job: Job) -> dict[str, int]:
    """Tasks that run now, and the pids of their wrappers."""
    folder = JobFolder(job.folder)
    claims = {name: folder.claim(name, 1) for name in folder.task_names}
    return {
        name: claim.wrapper.pid
        for name, claim in claims.items()
        if claim is not None and claim.wrapper.pid and folder.exit_record(name, 1) is None
    }


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_kill_at_a_random_moment(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    faults, data = tmp_path / "faults", "$CUBE_CACHE/entries/k/data"
    fill = f"{ALONE.format(place=tmp_path / 'fill', faults=faults)}\n"
    fill += f'[ -z "$(ls -A {data})" ] || echo leftovers >> {faults}\n'
    fill += f"for i in 1 2 3 4 5; do touch {data}/$i; sleep 0.08; done"
    fills = shared("data", cache="k", starts=fill)
    each = f"{ALONE.format(place=f'{tmp_path}/$CUBE_JOB_ID', faults=faults)}\nsleep 0.2; echo UP=1 >> $CUBE_ENV"
    once = shared("up", starts=each, completes="echo completes")
    command = f'[ "$(ls {data} | wc -l).$UP" = 5.1 ] || echo without >> {faults}; sleep 0.2; echo command'
    role = Role("w", command, instances=3, min_failed=-1, min_succeeded=-1, prerequisites=(fills, once))
    jobs = [run(role) for _ in range(2)]
    killed: set[str] = set()
    for _ in range(chance.choice((1, 2))):
        time.sleep(chance.uniform(0.0, 0.8))
        victim = chance.choice(jobs)
        running = wrappers(victim)
        claims = [path.read_text().split() for path in victim.folder.glob("nodes/*/*/*/claim")]
        if chance.random() < 0.4 and (owner := JobFolder(victim.folder).owner()) is not None:
            kill(owner.identity.pid)
        if claims and chance.random() < 0.6:
            running = {name: pid for name, pid in running.items() if name == claims[-1][-1]}
        if running:
            name = chance.choice(sorted(running))
            kill(running[name])
            killed.add(f"{victim.id}/{name}")
    for job in jobs:
        assert job.wait(30).final, job.snapshot()
        shown = everything(job)
        unharmed = not any(mark.startswith(job.id) for mark in killed)
        completes = shown.count("completes")
        assert completes <= 1
        if unharmed:
            assert job.state is State.SUCCEEDED
            assert (completes, shown.count("command")) == (1, 3)
        for task in job.snapshot().tasks:
            if f"{job.id}/{task.name}" not in killed:
                assert task.state is State.SUCCEEDED or (task.exit and task.exit.code == 137), task
    assert not faults.exists(), faults.read_text()
