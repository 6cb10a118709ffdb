from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jupyter_cube.host import host as hosts
from jupyter_cube.host.allotment import Demand, Limits, Request
from jupyter_cube.host.host import Host

DEVICES = ("gpu0", "gpu1", "gpu2")
ENV = {**os.environ, "PYTHONPATH": str(Path(hosts.__file__).parents[1])}

# One of several processes that start what they can and queue the rest; each serves the queue, too. As a wrapper does,
# a task claims its place first, so that one that is started twice runs once.
WORKER = r"""
import os, subprocess, sys
from pathlib import Path
from jupyter_cube import process
from jupyter_cube.host.allotment import Demand, Limits, Request
from jupyter_cube.host.host import Host

root = Path(sys.argv[1])
devices = ("gpu0", "gpu1", "gpu2")
host = Host(Limits(64, 64, 1000, devices), folder=root / "locks")
log = os.open(root / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
TASK = '''
echo > "$1.$$"; ln "$1.$$" "$1" 2>/dev/null || exit
echo "$(date +%s%N) start $1 $2 $$"; sleep 0.05; echo "$(date +%s%N) end $1 $2 $$"
'''

def start(demand, job, ticket=None):
    held = host.allot(demand, job=str(job), name=job.name, ticket=ticket)
    for number, each in enumerate(held or []):
        words = ["sh", "-c", TASK, "sh", str(job / f"claim{number}"), ",".join(each.devices)]
        task = subprocess.Popen(words, stdout=log, pass_fds=[each.fd], start_new_session=True)
        identity = process.identify(task.pid)
        if identity:
            each.bind(identity)
        each.close()
    return held is not None

for number in map(int, sys.argv[2:]):
    job = root / f"job{number}"
    demand = Demand((Request(gpu=1 + number % 2),) * (1 + (number % 4 == 2)), devices=devices)
    job.mkdir(exist_ok=True)
    begun = all((job / f"claim{task}").exists() for task in range(len(demand.requests)))
    if not begun and not any(ticket.job == str(job) for ticket in host.my_tickets()) and not start(demand, job):
        host.enqueue(demand, job=str(job), name=job.name)
while True:
    lock = host.waiter_lock()
    while lock is not None:
        for ticket in host.startable():
            if start(ticket.demand, Path(ticket.job), ticket):
                ticket.remove()
        if host.leave(lock):
            sys.exit()
        host.wait_for_change(1)
    if not host.my_tickets():
        sys.exit()
    host.wait_for_change(0.1)
"""


def intervals(log: str) -> list[tuple[int, int, str, str, int]]:
    """(start, end or 0, claim, device, pid) of every device of every task, in ns since the epoch, by start."""
    lines = [line.split() for line in log.splitlines()]
    ends = {int(pid): int(moment) for moment, what, _, _, pid in lines if what == "end"}
    return sorted(
        (int(moment), ends.get(int(pid), 0), claim, device, int(pid))
        for moment, what, claim, names, pid in lines
        if what == "start"
        for device in names.split(",")
    )


@pytest.mark.skipif(sys.platform != "linux", reason="its tasks need GNU date")
@pytest.mark.parametrize("seed", [1, 2])
def test_no_device_is_given_twice_whoever_is_killed(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    (tmp_path / "worker.py").write_text(WORKER)
    log = tmp_path / "log"
    log.touch()

    def work(number: int) -> subprocess.Popen[bytes]:
        share = [str(job) for job in range(20) if job % 5 == number]
        return subprocess.Popen([sys.executable, tmp_path / "worker.py", tmp_path, *share], env=ENV)

    workers = [work(number) for number in range(5)]
    killed: dict[int, int] = {}  # task to the moment before it was killed: until then it has its devices
    kills = 20
    deadline = time.monotonic() + 60
    while kills or any(worker.poll() is None for worker in workers):
        if time.monotonic() > deadline:
            for worker in workers:
                worker.kill()
                worker.wait()
            pytest.fail(f"some job starves, {kills} kills left")
        time.sleep(chance.uniform(0.005, 0.08))
        if not kills:
            continue
        kills -= 1
        victim = chance.randrange(6)
        if victim < 5:
            workers[victim].kill()
            workers[victim].wait()
            workers[victim] = work(victim)
            continue
        for pid in [pid for _, end, _, _, pid in intervals(log.read_text()) if not end and pid not in killed][-1:]:
            killed[pid] = time.time_ns()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
    assert [worker.wait() for worker in workers] == [0] * 5
    host = Host(Limits(64, 64, 1000, DEVICES), folder=tmp_path / "locks")
    while host.holders():
        assert time.monotonic() < deadline
        host.wait_for_change(0.1)
    tasks = intervals(log.read_text())
    claims = {claim for _, _, claim, _, _ in tasks}
    assert claims == {str(path) for path in tmp_path.glob("job*/claim[0-9]")}
    assert len(claims) == 25  # 20 jobs, five of them gangs of two
    for device in DEVICES:
        busy = [(start, end or killed[pid]) for start, end, _, name, pid in tasks if name == device]
        assert len(busy) > 1
        for (_, end), (start, _) in itertools.pairwise(busy):
            assert end <= start, f"{device} was given twice"
    assert host.tickets() == []
    assert host.allot(Demand((Request(gpu=3),), devices=DEVICES), job="/jobs/x") is not None
