"""The merged log of a job as a value: chunks and lines from a cursor on, backwards, by time.

A cursor that lies inside a line stands for the end of that line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from jupyter_cube.log.chunk import Chunk, Gap, Line
from jupyter_cube.log.reader import LIMIT, Reader
from jupyter_cube.log.timeline import Timeline


@dataclass(frozen=True)
class Log:
    """The merged log of the job in ``folder`` whose tasks have these ``names``."""

    folder: Path
    names: Sequence[str]

    @property
    def end(self) -> int:
        """The cursor after everything that is recorded."""
        with closing(Timeline(self.folder / "timeline")) as timeline:
            return timeline.position(len(timeline))

    def read(self, cursor: int = 0, *, tasks: Collection[str] | None = None, limit: int = LIMIT) -> list[Chunk | Gap]:
        """What is recorded after ``cursor``, about ``limit`` bytes in whole lines; empty at the end."""
        with closing(Reader(self.folder, self.names, cursor, tasks=tasks)) as reader:
            while not (items := reader.step(limit=limit)) and not reader.caught_up:
                pass
            return items

    def chunks(self, cursor: int = 0, *, tasks: Collection[str] | None = None) -> Iterator[Chunk | Gap]:
        """All that is recorded after ``cursor``."""
        with closing(Reader(self.folder, self.names, cursor, tasks=tasks)) as reader:
            while (items := reader.step()) or not reader.caught_up:
                yield from items

    def chunks_back(self, cursor: int | None = None, *, tasks: Collection[str] | None = None) -> Iterator[Chunk | Gap]:
        """All that is recorded before ``cursor`` (None: the end), the newest first."""
        with closing(Reader(self.folder, self.names, 0, tasks=tasks)) as reader:
            yield from reader.back(self.end if cursor is None else cursor)

    def read_back(
        self, cursor: int | None = None, *, lines: int, tasks: Collection[str] | None = None
    ) -> list[Chunk | Gap]:
        """The last ``lines`` lines before ``cursor`` (None: the end), oldest first."""
        found: list[Chunk | Gap] = []
        for item in self.chunks_back(cursor, tasks=tasks) if lines > 0 else ():
            last = item.last(lines) if isinstance(item, Chunk) else item
            found.append(last)
            lines -= last.count_lines() if isinstance(last, Chunk) else 0
            if lines <= 0:
                break
        return found[::-1]

    def tail(self, lines: int, *, tasks: Collection[str] | None = None) -> list[Line]:
        """The last ``lines`` lines."""
        items = self.read_back(lines=lines, tasks=tasks)
        return [line for item in items if isinstance(item, Chunk) for line in item.lines()]

    def at_time(self, when: float) -> int:
        """The cursor before what was recorded at ``when`` (seconds since the epoch) or later."""
        with closing(Timeline(self.folder / "timeline")) as timeline:
            return timeline.position(timeline.find_time(when))
