"""What a verb gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_cube.handle import Job

if TYPE_CHECKING:
    from jupyter_cube.curation.offers import Ready


@dataclass(frozen=True, slots=True)
class Answer:
    """What a verb gives back.

    Attributes:
        document: what ``--json`` prints.
        text: what people read.
        code: the exit code of the command line.
        job: the job that runs because of it.
        ready: what a notebook shows as its next cell.
    """

    document: Any
    text: str
    code: int = 0
    job: Job | None = None
    ready: Ready | None = None
