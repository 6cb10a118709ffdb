"""Lines of a task to a Python client of the server, against those that a cell prints, without the channel's limits."""

from __future__ import annotations

import time

import harness
from harness import Promise
from serving import UNLIMITED, Cells, Server, Wire

LINES, PEER_LINES = 500_000, 100_000  # rates count, and the peer takes longer
CODE = "line = 'x' * 99\nfor _ in range({}):\n    print(line)\n"


def submitted(server: Server) -> str:
    """A job that prints the lines, from now on."""
    return str(server.ask("cube/api/jobs", {"text": CODE.format(LINES)})["id"])


def socket_lines(server: Server, job: str = "") -> float:
    """Lines a second of the whole log, all of them seen; without a job of a new one, from its submit on."""
    with Wire(server, "cube/api/socket") as wire:
        start = time.perf_counter()
        wire.say({"subscribe": "a", "to": "stream", "job": job or submitted(server)})
        seen = 0
        while "end" not in (message := wire.hear()[1]):
            seen += sum(len(chunk["lines"]) for chunk in message.get("chunks", ()))
        seconds = time.perf_counter() - start
    if seen != LINES:
        raise RuntimeError(f"{seen} of {LINES} lines came")
    return LINES / seconds


def kernel_lines(cells: Cells) -> float:
    """The same of a cell that prints them itself."""
    start = time.perf_counter()
    seen = sum(text.count("\n") for text in cells.run(CODE.format(PEER_LINES)))
    seconds = time.perf_counter() - start
    if seen != PEER_LINES:
        raise RuntimeError(f"{seen} of {PEER_LINES} lines came")
    return PEER_LINES / seconds


def measure(rounds: int) -> list[Promise]:
    with Server(UNLIMITED) as server, Cells(server) as cells:
        ended = submitted(server)
        socket_lines(server, ended)  # until its end
        found = harness.interleave(
            rounds,
            {
                "the log of an ended job": lambda: socket_lines(server, ended),
                "a new job, from its submit to its end": lambda: socket_lines(server),
                "kernel": lambda: kernel_lines(cells),
            },
        )
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} lines/s")
    print()
    ours, theirs = harness.median(found["the log of an ended job"]), harness.median(found["kernel"])
    promise = Promise("lines to a client", ours, goal=6, unit="lines/s", peer="kernel", theirs=theirs, at_least=True)
    return [promise]


if __name__ == "__main__":
    harness.main(measure, rounds=5)
