"""``print`` in a kernel -> its first output at a client of the server, with and without Nagle's algorithm."""

from __future__ import annotations

import time

import harness
from harness import Promise
from serving import UNDELAYED, Cells, Server


def first_output(cells: Cells) -> float:
    """Milliseconds from sending a cell to its first output."""
    start = time.perf_counter()
    found = [time.perf_counter() for _ in cells.run("print(1)")]
    time.sleep(0.05)
    return (found[0] - start) * 1000


def measure(rounds: int) -> list[Promise]:
    with Server() as stock, Server(UNDELAYED) as undelayed, Cells(stock) as delayed, Cells(undelayed) as direct:
        sides = {"as it is": lambda: first_output(delayed), "Undelayed": lambda: first_output(direct)}
        found = harness.interleave(rounds, sides)
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} ms")
    print()
    middle = {name: harness.median(values) for name, values in found.items()}
    ours, theirs = middle["Undelayed"], middle["as it is"]
    return [Promise("print -> client, `Undelayed`", ours, goal=0.5, peer="as the server is", theirs=theirs)]


if __name__ == "__main__":
    harness.main(measure, rounds=30)
