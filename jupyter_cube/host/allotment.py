"""Who may have what of a machine: the rules, as functions of what is held and what waits.

First come, first served, for each resource: whoever waits for a GPU holds up only those that want one of the same
GPUs, whoever waits for CPUs or memory only those that need some of them too. Everybody counts at least one CPU.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jupyter_cube.errors import CapacityError


@dataclass(frozen=True, slots=True)
class Request:
    """What one task needs: CPUs, memory in MiB (0: not said), GPUs."""

    cpu: int = 1
    memory_mb: int = 0
    gpu: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """What there is to give.

    Attributes:
        cpus: CPUs of the machine; no task is given more.
        tokens: how many CPUs all tasks may be given together.
        memory_mb: memory of the machine that all tasks may be given together, MiB.
        devices: ids of the GPUs that this process may give.
    """

    cpus: int
    tokens: int
    memory_mb: int
    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What a job needs: its tasks' requests, all at once (``whole``) or as many as fit, and GPUs to choose from."""

    requests: tuple[Request, ...]
    whole: bool = True
    devices: tuple[str, ...] = ()

    @property
    def cpu(self) -> int:
        return sum(request.cpu for request in self.requests)

    @property
    def memory_mb(self) -> int:
        return sum(request.memory_mb for request in self.requests)

    @property
    def gpu(self) -> int:
        return sum(request.gpu for request in self.requests)


def clamp(demand: Demand, limits: Limits) -> tuple[Demand, list[str]]:
    """The demand as this machine can meet it.

    Returns:
        The demand with CPUs and memory no larger than the machine's, and a warning for each that was.

    Raises:
        CapacityError: more GPUs than there are.
    """
    most = demand.gpu if demand.whole else max((request.gpu for request in demand.requests), default=0)
    there = len(demand.devices)
    if most > there:
        tasks = f" for {len(demand.requests)} tasks" if demand.whole and len(demand.requests) > 1 else ""
        has = f"{there} that may be used" if there else "none that may be used"
        hint = "ask for fewer, or submit it on a machine that has them"
        raise CapacityError(f"needs {_count(most, 'GPU')}{tasks}, this machine has {has}", hint=hint)
    warnings = []
    cpu = max((request.cpu for request in demand.requests), default=0)
    if cpu > limits.cpus:
        warnings.append(f"asks for {cpu} CPUs a task; this machine has {limits.cpus}, which is what it gets")
    memory_mb = max((request.memory_mb for request in demand.requests), default=0)
    if memory_mb > limits.memory_mb:
        warnings.append(
            f"asks for {memory_mb} MiB of memory a task; this machine has {limits.memory_mb}, which is what it gets"
        )
    requests = tuple(
        Request(max(1, min(request.cpu, limits.cpus)), min(request.memory_mb, limits.memory_mb), request.gpu)
        for request in demand.requests
    )
    return replace(demand, requests=requests), warnings


class Ledger:
    """What is given and what is kept for those who came first; the queue is gone through with it in order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.cpu = 0
        self.memory_mb = 0
        self.devices: set[str] = set()
        self._kept_devices: set[str] = set()
        self._kept_rest = False

    def add(self, request: Request, devices: Sequence[str]) -> None:
        """Enters what somebody holds."""
        self.cpu += request.cpu
        self.memory_mb += request.memory_mb
        self.devices.update(devices)

    def give(self, demand: Demand) -> list[tuple[str, ...] | None]:
        """Gives a job what it needs, or keeps for it what it waits for.

        Returns:
            For each request the GPUs it is given, None for one that has to wait.
        """
        if demand.whole:
            return self._give(demand, demand.requests)
        return [self._give(demand, (request,))[0] for request in demand.requests]

    def fits(self, cpu: int, memory_mb: int) -> bool:
        """Whether CPUs and memory are there; what exceeds all there is fits where nothing else is given."""
        return _fits(self.cpu, cpu, self._limits.tokens) and _fits(self.memory_mb, memory_mb, self._limits.memory_mb)

    def _give(self, demand: Demand, requests: tuple[Request, ...]) -> list[tuple[str, ...] | None]:
        nothing: list[tuple[str, ...] | None] = [None] * len(requests)
        gpu = sum(request.gpu for request in requests)
        free = [name for name in demand.devices if name not in self.devices and name not in self._kept_devices]
        if gpu > len(free):
            self._kept_devices.update(demand.devices)
            return nothing
        cpu = sum(request.cpu for request in requests)
        if self._kept_rest or not self.fits(cpu, sum(request.memory_mb for request in requests)):
            self._kept_rest = True
            if gpu:
                self._kept_devices.update(demand.devices)
            return nothing
        given: list[tuple[str, ...] | None] = []
        for request in requests:
            mine, free = tuple(free[: request.gpu]), free[request.gpu :]
            self.add(request, mine)
            given.append(mine)
        return given


def _fits(given: int, asked: int, most: int) -> bool:
    return not asked or not given or given + asked <= most


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
