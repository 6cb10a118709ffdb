"""The tree of errors: a message, a place and a next step, shown in one line.

CubeError
├── UsageError          a mistake in what was typed (exit code 2, HTTP 400)
│   └── SpecError       faults in a file or cell, all of them at once
├── NotFoundError       no such job, task or item (2, 404)
├── ConflictError       not possible in the job's present state (2, 409)
├── CapacityError       the machine can never give what was asked for (2, 422)
├── JobFailedError      a job that was waited for ended otherwise than SUCCEEDED (1, 200)
├── DetachedError       a person interrupted the waiting, the job goes on (130, 200)
├── StoreError          the disk is full, read-only or a record is damaged (3, 507)
└── BackendError        the backend cannot be reached or refuses (3, 502)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong (or, as a warning, odd) and where.

    Attributes:
        message: what is wrong, one sentence without a full stop.
        line: 1-based line in the file or cell, 0 where there is none.
        column: 1-based column, 0 where there is none.
        path: the place in the document, such as ``taskRoles.worker.commands``.
        hint: the next thing to do, one sentence without a full stop.
        file: the file's name, ``cell`` for a cell.
    """

    message: str
    line: int = 0
    column: int = 0
    path: str = ""
    hint: str = ""
    file: str = ""

    @property
    def place(self) -> str:
        """Where it is, in one text: ``job.yaml:4:7: taskRoles.worker``."""
        line = f":{self.line}" + (f":{self.column}" if self.column else "") if self.line else ""
        return ": ".join(part for part in (self.file + line, self.path) if part)

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}; {self.hint}" if self.hint else text


def near(name: str, names: Iterable[str]) -> str:
    """A hint for an unknown name: the nearest of the known ones, else all of them if they are few."""
    import difflib  # only a mistake needs it

    known = [str(each) for each in names]
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(repr(each) for each in close) + "?"
    return "known: " + ", ".join(known) if 0 < len(known) <= 12 else ""


class CubeError(Exception):
    """Base of all errors that are a user's or a machine's, not a bug.

    Args:
        message: what is wrong, one sentence.
        place: where: a file and line, a job, an option.
        hint: the next thing to do.
    """

    exit_code: ClassVar[int] = 2
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, place: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.place}: {self.message}" if self.place else self.message
        return f"{text}; {self.hint}" if self.hint else text

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of a traceback: one line."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(CubeError):
    """A mistake in what was typed; nothing was started."""


class SpecError(UsageError):
    """One or more faults in a file or a cell; nothing was started."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {fault}" for fault in self.faults]


class NotFoundError(CubeError):
    """No job, task, item or file of that name."""

    status: ClassVar[int] = 404


class ConflictError(CubeError):
    """The job's present state does not allow it."""

    status: ClassVar[int] = 409


class CapacityError(CubeError):
    """The machine or cluster can never give what was asked for."""

    status: ClassVar[int] = 422


class JobFailedError(CubeError):
    """A job that was waited for did not end as SUCCEEDED."""

    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 200


class DetachedError(CubeError):
    """Somebody interrupted the waiting; the job goes on."""

    exit_code: ClassVar[int] = 130
    status: ClassVar[int] = 200


class StoreError(CubeError):
    """The store cannot be read or written."""

    exit_code: ClassVar[int] = 3
    status: ClassVar[int] = 507


class BackendError(CubeError):
    """The backend cannot be reached or refuses."""

    exit_code: ClassVar[int] = 3
    status: ClassVar[int] = 502
