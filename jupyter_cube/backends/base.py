"""What every backend is: a place that runs plans and leaves what happens in the job folder.

A backend is found by its entry point in the group ``jupyter_cube.backends``; the local one is registered like any
other. Logs are files in the job folder, so there is no verb for them here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from jupyter_cube.lifecycle.plan import Plan
from jupyter_cube.store.folder import JobFolder


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a backend has in all and has free now: CPUs, MiB, names of GPUs."""

    cpus: int
    free_cpus: int
    memory_mb: int
    free_memory_mb: int
    devices: tuple[str, ...]
    free_devices: tuple[str, ...]


class Backend(ABC):
    """Runs plans. Instances hold no state about jobs: any process may make one at any time."""

    name: ClassVar[str]

    @abstractmethod
    def check(self, plan: Plan) -> tuple[Plan, tuple[str, ...]]:
        """Called before the job is committed: the plan as it can run here, and warnings for the person.

        Raises:
            CapacityError: it can never run here.
        """

    @abstractmethod
    def settings(self, plan: Plan) -> Mapping[str, object]:
        """Called before the commit: what owners must know of this configuration, as JSON values."""

    @abstractmethod
    def submit(self, folder: JobFolder) -> None:
        """Called once, right after the folder of a new attempt is committed: start it or queue it."""

    @abstractmethod
    def own(self, folder: JobFolder) -> None:
        """Called by any reader of a job that has not ended: see to it that an owner lives. Must be cheap."""

    @abstractmethod
    def stop(self, folder: JobFolder) -> None:
        """Called after a stop has been requested in the folder: see to it that somebody acts on it."""

    @abstractmethod
    def debug(self, folder: JobFolder, task: str) -> tuple[list[str], Mapping[str, str], str]:
        """Words, environment and folder of a shell that sees what the task saw or sees: variables, files, mounts.

        The words are run in that folder, which is on this machine; the shell itself goes to the task's.

        Raises:
            ConflictError: what it needs has been deleted.
        """

    @abstractmethod
    def capacity(self) -> Capacity:
        """What there is, and what is free now."""

    @abstractmethod
    def waiting(self, folder: JobFolder) -> str:
        """Called to show a job that waits: why it does, in words; empty where nothing is known."""
