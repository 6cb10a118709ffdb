"""What a reader of the merged log gets: chunks of lines, and gaps where lines are missing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import NamedTuple


class Line(NamedTuple):
    """A line as it is shown: its last ``\\r`` state, what is not UTF-8 replaced."""

    cursor: int
    time: float
    role: str
    index: int  # type: ignore[assignment]  # what the product calls it; nobody looks for a value in a line
    attempt: int
    line: str
    late: bool


class Chunk(NamedTuple):
    """Whole lines of one task that were recorded together.

    Attributes:
        number: the task's number in the job.
        name: the task, ROLE-INDEX.
        time: of recording, seconds since the epoch.
        late: the bytes appeared while no owner was there.
        start: cursor before the bytes.
        end: cursor after them.
        data: the bytes; empty where a view has shown them already as provisional ones, whose cursor is now known.
        provisional: not recorded yet, ``start`` and ``end`` are where the reader stands.
        partial: the begin of a line that goes on; the next chunk of the task replaces it.
    """

    number: int
    name: str
    attempt: int
    time: float
    late: bool
    start: int
    end: int
    data: bytes
    provisional: bool = False
    partial: bool = False

    def texts(self) -> list[str]:
        """The lines alone."""
        if not self.data:
            return []
        if self.data.isascii() and b"\r" not in self.data:
            texts = self.data.decode("ascii").split("\n")
        else:
            texts = [_shown(raw) for raw in self.data.split(b"\n")]
        if self.data.endswith(b"\n"):
            texts.pop()
        return texts

    def lines(self) -> list[Line]:
        """The lines, each with the cursor after it."""
        texts = self.texts()
        cursors = [*accumulate((len(raw) + 1 for raw in self.data.split(b"\n")), initial=self.start)][1:]
        cursors = [self.end] * len(texts) if self.provisional else [*cursors[: len(texts) - 1], self.end]
        role, _, index = self.name.rpartition("-")
        fields = zip(
            cursors, repeat(self.time), repeat(role), repeat(int(index)), repeat(self.attempt), texts, repeat(self.late)
        )
        return [Line._make(values) for values in fields]

    def last(self, lines: int) -> Chunk:
        """Its last ``lines`` lines."""
        at = len(self.data)
        for _ in range(lines):
            if at <= 0:
                return self
            at = self.data.rfind(b"\n", 0, at - 1) + 1
        return self._replace(start=self.start + at, data=self.data[at:])

    def count_lines(self) -> int:
        """How many lines it has."""
        return self.data.count(b"\n") + (self.data[-1:] not in (b"", b"\n"))


def _shown(raw: bytes) -> str:
    return raw.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes that are missing from the merged log.

    Attributes:
        cursor: the place in the merged log after what is missing.
        task: ROLE-INDEX; empty where a reader has jumped over lines of all tasks.
        bytes: how many; of what was gone before it could be recorded nobody knows.
        lines: how many, None where that is not known.
    """

    cursor: int
    task: str
    attempt: int
    bytes: int
    lines: int | None
    reason: str
