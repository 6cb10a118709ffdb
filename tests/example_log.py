"""A job folder with logs that a test writes, and an owner that records them when the test says so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from jupyter_cube.log.chunk import Chunk, Line
from jupyter_cube.log.log import Log
from jupyter_cube.log.timeline import Recorder

NAMES = ("worker-0", "worker-1", "ps-0")


class Job:
    """Tasks ``names``, of which attempt 1 runs."""

    def __init__(self, folder: Path, names: Sequence[str] = NAMES) -> None:
        self.folder = folder
        self.log = Log(folder, names)
        self.recorder: Recorder | None = None
        self.running = {(number, 1) for number in range(len(names))}
        for name in names:
            (folder / "tasks" / name).mkdir(parents=True)

    def path(self, task: int, attempt: int = 1) -> Path:
        return self.folder / "tasks" / self.log.names[task] / f"{attempt}.log"

    def write(self, task: int, data: bytes, *, attempt: int = 1) -> None:
        with self.path(task, attempt).open("ab") as file:
            file.write(data)

    def own(self, *, late: bool = False) -> Recorder:
        """Start an owner; the one before is gone without a word."""
        self.kill()
        self.recorder = Recorder(self.folder, self.log.names)
        for number, attempt in sorted(self.running):
            self.recorder.add(number, attempt, late=late)
        return self.recorder

    def kill(self) -> None:
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None

    def record(self) -> bool:
        """One look of the owner; without inotify it may leave logs out that have not grown lately."""
        recorder = self.recorder or self.own()
        return recorder.record(time.time())

    def recorded(self, now: float = 0) -> None:
        """Look until what has been written is recorded."""
        recorder, deadline = self.recorder or self.own(), time.monotonic() + 20
        while not recorder.record(now or time.time()):
            assert time.monotonic() < deadline, "nothing was recorded"

    def say(self, task: int, *lines: str) -> None:
        """Write lines and have them recorded."""
        self.write(task, "".join(f"{line}\n" for line in lines).encode())
        self.recorded()

    def finish(self) -> None:
        """All running attempts have ended."""
        recorder = self.recorder or self.own()
        for number, attempt in sorted(self.running):
            assert recorder.finish(number, attempt)
        self.running.clear()

    def lines(self, cursor: int = 0, tasks: Sequence[str] | None = None) -> list[Line]:
        return [
            line for item in self.log.chunks(cursor, tasks=tasks) if isinstance(item, Chunk) for line in item.lines()
        ]

    def texts(self) -> list[str]:
        return [f"{line.role}-{line.index} {line.line}" for line in self.lines()]
