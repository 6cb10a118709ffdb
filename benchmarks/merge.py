"""64 tasks merged and recorded, against a merger made of asyncio's ``readline`` and a queue.

Each task is a ``cat`` of a named pipe; feed.py writes to all of them, so both mergers get the same lines at the same
pace, and the start of 64 processes is not part of what is measured.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import harness
import jupyter_cube
from harness import Promise
from jupyter_cube.log.chunk import Chunk, Line

TASKS = 64
LINES = 10_000  # a task, for the rate
RATE = 5_000  # lines a second in all, for the latency
SECONDS = 4  # of that

Merger = Callable[[Path], AsyncIterator[list[bytes]]]


@contextmanager
def pipes() -> Iterator[Path]:
    """A folder of named pipes, one a task."""
    with tempfile.TemporaryDirectory() as folder:
        for index in range(TASKS):
            os.mkfifo(Path(folder, str(index)))
        yield Path(folder)


async def theirs(folder: Path) -> AsyncIterator[list[bytes]]:
    """The merger that people write: a readline loop a process, one queue."""
    queue: asyncio.Queue[bytes] = asyncio.Queue(10_000)

    async def task(index: int) -> None:
        process = await asyncio.create_subprocess_exec("cat", str(folder / str(index)), stdout=subprocess.PIPE)
        assert process.stdout is not None
        while line := await process.stdout.readline():
            await queue.put(line)
        await queue.put(b"")
        await process.wait()

    tasks = [asyncio.create_task(task(index)) for index in range(TASKS)]
    ended = 0
    while ended < TASKS:
        if line := await queue.get():
            yield [line]
        else:
            ended += 1
    await asyncio.gather(*tasks)


async def ours(folder: Path) -> AsyncIterator[list[bytes]]:
    """A job of as many tasks, followed as a view does: what is written before its owner is up is shown, too."""
    job = jupyter_cube.submit(
        'exec cat "$PIPES/$PAI_TASK_INDEX"', shell=True, instances=TASKS, env={"PIPES": str(folder)}
    )
    async for batch in job.follow(provisional=True):
        for piece in batch:
            if isinstance(piece, Chunk):
                yield piece.data.splitlines()
    account(job)


def account(job: jupyter_cube.Job) -> None:
    """Every line of every task once and in order, read again from the merged log."""
    expected: Counter[str] = Counter()
    for line in job.lines():
        assert isinstance(line, Line), line
        task = f"{line.role}-{line.index}"
        if int(line.line[:8]) != expected[task]:
            raise RuntimeError(f"{task}: line {line.line[:8]} where {expected[task]} was due")
        expected[task] += 1
    if len(expected) != TASKS or len(set(expected.values())) != 1:
        raise RuntimeError(f"lines are missing: {expected}")


def feed(folder: Path, lines: int, rate: int) -> subprocess.Popen[str]:
    """Start the writer."""
    words = [sys.executable, str(Path(__file__).with_name("feed.py")), str(folder), str(TASKS), str(lines), str(rate)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


async def rate_of(merger: Merger) -> float:
    """Lines a second from the first write to the last line at the reader."""
    with pipes() as folder, feed(folder, LINES, 0) as writer:
        count, last = 0, 0.0
        async for lines in merger(folder):
            count += len(lines)
            if count == TASKS * LINES:
                last = time.time()
        assert writer.stdout is not None
        start = float(writer.stdout.readline())
    if not last:
        raise RuntimeError(f"{count} of {TASKS * LINES} lines came")
    return count / (last - start)


async def latencies_of(merger: Merger) -> list[float]:
    """Milliseconds from the write of each line to the reader."""
    found = []
    lines_a_task = RATE * SECONDS // TASKS
    with pipes() as folder, feed(folder, lines_a_task, RATE):
        async for lines in merger(folder):
            now = time.time()
            found += [(now - float(line.split()[1])) * 1000 for line in lines]
    if len(found) != lines_a_task * TASKS:
        raise RuntimeError(f"{len(found)} of {lines_a_task * TASKS} lines came")
    return found


def measure(rounds: int) -> list[Promise]:
    found = harness.interleave(
        rounds, {"asyncio": lambda: asyncio.run(rate_of(theirs)), "ours": lambda: asyncio.run(rate_of(ours))}
    )
    for name, values in found.items():
        print(f"{name}: {harness.spread(values)} lines/s")
    late = {"asyncio": asyncio.run(latencies_of(theirs)), "ours": asyncio.run(latencies_of(ours))}
    for name, values in late.items():
        print(f"{name} at {RATE} lines/s: p50 {harness.median(values):.2f}", end=" ")
        print(f"p99 {harness.percentile(values, 0.99):.2f} ms")
    print()
    return [
        Promise(
            f"{TASKS} tasks merged and recorded",
            harness.median(found["ours"]),
            goal=3,
            unit="lines/s",
            peer="asyncio readline",
            theirs=harness.median(found["asyncio"]),
            at_least=True,
        ),
        Promise(f"{TASKS} tasks at {RATE} lines/s, p99", harness.percentile(late["ours"], 0.99), goal=5),
    ]


if __name__ == "__main__":
    harness.main(measure, rounds=5)
