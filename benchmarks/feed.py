"""Feeds named pipes for merge.py: one writer of all tasks' lines, so that both mergers get the same.

Usage: feed.py FOLDER TASKS LINES RATE - each task gets LINES lines; RATE lines a second in all, 0: as fast as they go.
Prints the time at which every pipe had its reader and the first line was written.
"""

from __future__ import annotations

import os
import sys
import time

WIDTH = 100  # bytes a line, with its newline


def line(number: int, stamp: str) -> bytes:
    """A line with its number in the task and, where latency counts, the time it was written."""
    return f"{number:08d} {stamp} ".encode().ljust(WIDTH - 1, b".") + b"\n"


def main(folder: str, tasks: int, lines: int, rate: float) -> None:
    # opening a pipe waits for its reader: when all are open, all tasks run
    pipes = [os.open(f"{folder}/{index}", os.O_WRONLY) for index in range(tasks)]
    blocks = []
    if not rate:
        block = 500
        blocks = [b"".join(line(i, "-") for i in range(at, min(at + block, lines))) for at in range(0, lines, block)]
    start = time.time()
    print(repr(start), flush=True)
    for data in blocks:
        for pipe in pipes:
            left = memoryview(data)
            while left:
                left = left[os.write(pipe, left) :]
    if rate:
        for total in range(lines * tasks):
            due = start + total / rate
            while (now := time.time()) < due:
                time.sleep(due - now)
            os.write(pipes[total % tasks], line(total // tasks, repr(time.time())))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
