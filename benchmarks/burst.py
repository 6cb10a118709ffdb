"""Ten trivial jobs, from the first submit until all are done, against submitit's local executor."""

from __future__ import annotations

import time

import harness
import jupyter_cube
from harness import Promise

JOBS = 10


def nothing() -> None:
    """What the peer runs."""


def measure(rounds: int) -> list[Promise]:
    with harness.submitit_executor() as executor:

        def theirs() -> float:
            start = time.perf_counter()
            for job in [executor.submit(nothing) for _ in range(JOBS)]:
                job.result()
            return (time.perf_counter() - start) * 1000

        def ours() -> float:
            start = time.perf_counter()
            for job in [jupyter_cube.submit("true", shell=True) for _ in range(JOBS)]:
                assert job.wait().value == "SUCCEEDED"
            return (time.perf_counter() - start) * 1000

        found = harness.interleave(rounds, {"submitit": theirs, "ours": ours})
    print(f"ours {harness.spread(found['ours'])} ms, submitit {harness.spread(found['submitit'])} ms\n")
    return [
        Promise(
            f"{JOBS} trivial jobs, submit -> all done",
            harness.median(found["ours"]),
            goal=0.1,
            peer="submitit",
            theirs=harness.median(found["submitit"]),
        )
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=5)
