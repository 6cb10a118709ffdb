"""A submit that uses a cached dataset, against the same submit without one; both until the task's first line."""

from __future__ import annotations

import time

import harness
import jupyter_cube
from harness import Promise


def measure(rounds: int) -> list[Promise]:
    def submitted(*require: str) -> tuple[float, float]:
        start = time.perf_counter()
        job = jupyter_cube.submit("true", shell=True, require=require)
        seconds = time.perf_counter() - start
        job.wait()
        ended = time.perf_counter() - start
        time.sleep(0.05)  # its runner leaves after the end has been recorded
        return seconds * 1000, ended * 1000

    first = jupyter_cube.submit("true", shell=True, require=("digits",))
    first.wait()
    ends: dict[str, list[float]] = {"with": [], "without": []}

    def side(name: str, *require: str) -> float:
        call, end = submitted(*require)
        ends[name].append(end)
        return call

    found = harness.interleave(rounds, {"without": lambda: side("without"), "with": lambda: side("with", "digits")})
    print(f"with {harness.spread(found['with'])} ms, without {harness.spread(found['without'])} ms")
    more = harness.median(ends["with"]) - harness.median(ends["without"])
    print(f"until the end: {more:.1f} ms more (the task enters its mounts)\n")
    added = harness.median(found["with"]) - harness.median(found["without"])
    return [Promise("a cached dataset adds to a submit", added, goal=10)]


if __name__ == "__main__":
    harness.main(measure, rounds=30)
