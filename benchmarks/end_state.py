"""From a task's exit to the job's final state at the client, on a quiet machine."""

from __future__ import annotations

import time

import harness
import jupyter_cube
from harness import Promise


def measure(rounds: int) -> list[Promise]:
    found = []
    for _ in range(rounds):
        job = jupyter_cube.submit("sleep 0.1; echo $EPOCHREALTIME", shell=True)
        state = job.wait()
        seen = time.time()
        (line,) = job.log.tail(1)
        assert state.value == "SUCCEEDED", state
        found.append((seen - float(line.line)) * 1000)
    print(f"{harness.spread(found)} ms\n")
    return [
        Promise("task exit -> final state, p50", harness.median(found), goal=20),
        Promise("task exit -> final state, p99", harness.percentile(found, 0.99), goal=20),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=100)
