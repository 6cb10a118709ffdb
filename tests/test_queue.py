"""GPUs given out to twenty jobs of five processes, while owners and waiters are killed."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import State
from jupyter_cube.store.store import Store

DEVICES = ("a0", "a1", "a2")

SUBMITTER = """
import sys
from jupyter_cube.api import submit
for number in range(4):
    gpus = int(sys.argv[1 + number])
    submit(
        'echo "$CUDA_VISIBLE_DEVICES $(date +%s.%N)"; sleep 0.3; echo "$CUDA_VISIBLE_DEVICES $(date +%s.%N)"',
        shell=True, gpu=gpus, name=f"g{gpus}",
    )
"""


def ours(module: str, stores: str) -> list[int]:
    """Pids of the runners or waiters that work below this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"jupyter_cube.backends.local.{module}".encode() in words and stores.encode() in environment + words:
            found.append(int(entry.name))
    return found


def test_no_device_is_given_twice_and_nobody_starves(tmp_path: Path) -> None:
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "jupyter_cube_config.json").write_text(json.dumps({"devices": DEVICES, "cpus": 16}))
    chance = random.Random(7)
    wanted = [chance.choice((1, 1, 2, 3)) for _ in range(20)]
    submitters = [
        subprocess.Popen([sys.executable, "-c", SUBMITTER, *map(str, wanted[first : first + 4])])
        for first in range(0, 20, 4)
    ]
    store = Store(Path(os.environ["CUBE_STORE"]))
    deadline = time.monotonic() + 120
    kills = 0
    while True:
        jobs = [Job(store.folder(name)) for name in store.ids()]
        if len(jobs) == 20 and all(one.state.final for one in jobs):
            break
        assert time.monotonic() < deadline, [(one.name, one.state, one.snapshot().reason) for one in jobs]
        victims = ours("runner", str(store.path)) + ours("waiter", os.environ["CUBE_LOCKS"])
        if victims and chance.random() < 0.3:
            os.kill(chance.choice(victims), signal.SIGKILL)
            kills += 1
        time.sleep(0.05)
    assert [child.wait() for child in submitters] == [0] * 5
    assert kills > 3
    assert {one.state for one in jobs} == {State.SUCCEEDED}
    intervals: list[tuple[float, float, str]] = []
    for one, gpus in ((one, int(one.name[1:])) for one in jobs):
        first, last = (line.line.split() for line in one.log.tail(10))
        assert first[0] == last[0]
        names = first[0].split(",")
        assert len(names) == gpus
        assert set(names) <= set(DEVICES)
        intervals += [(float(first[1]), float(last[1]), name) for name in names]
    for name in DEVICES:
        mine = sorted(interval for interval in intervals if interval[2] == name)
        for before, after in itertools.pairwise(mine):
            assert before[1] <= after[0], f"{name} was given twice"
