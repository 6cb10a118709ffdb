from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_cube.errors import CapacityError
from jupyter_cube.host.allotment import Demand, Ledger, Limits, Request, clamp

LIMITS = Limits(cpus=4, tokens=8, memory_mb=1000, devices=("a", "b", "c"))


def job(count: int = 1, *, cpu: int = 1, memory_mb: int = 0, gpu: int = 0, whole: bool = True) -> Demand:
    return Demand((Request(cpu, memory_mb, gpu),) * count, whole, LIMITS.devices)


def served(*demands: Demand, held: Demand | None = None) -> list[int]:
    """How many tasks of each job get what they need, the jobs having come in this order."""
    ledger = Ledger(LIMITS)
    if held is not None:
        for number, request in enumerate(held.requests):
            ledger.add(request, LIMITS.devices[number * request.gpu : (number + 1) * request.gpu])
    return [sum(given is not None for given in ledger.give(demand)) for demand in demands]


@pytest.mark.parametrize(
    ("queue", "expected"),
    [
        pytest.param([job(8)], [8], id="as many as there are CPU slots"),
        pytest.param([job(9)], [9], id="a gang larger than everything starts alone"),
        pytest.param([job(), job(9)], [1, 0], id="but not beside another"),
        pytest.param([job(9), job()], [9, 0], id="and nothing beside it"),
        pytest.param([job(5), job(5), job()], [5, 0, 0], id="a small one does not pass a large one"),
        pytest.param([job(5), job(5, whole=False)], [5, 3], id="as many as fit"),
        pytest.param([job(5), job(5, whole=False), job()], [5, 3, 0], id="the rest keeps its place"),
        pytest.param([job(memory_mb=600), job(memory_mb=600)], [1, 0], id="memory"),
        pytest.param([job(memory_mb=600), job(memory_mb=400)], [1, 1], id="memory to the last"),
        pytest.param([job(2, memory_mb=600)], [2], id="too much memory starts alone"),
        pytest.param([job(2, memory_mb=600), job()], [2, 1], id="beside what says nothing of memory"),
        pytest.param([job(gpu=3), job(gpu=1)], [1, 0], id="a GPU is given once"),
        pytest.param([job(2, gpu=1), job(gpu=1), job(gpu=1)], [2, 1, 0], id="GPUs in order"),
        pytest.param([job(2, gpu=1), job(2, gpu=1), job(gpu=1)], [2, 0, 0], id="a GPU is kept for the gang in front"),
        pytest.param([job(3, gpu=1), job(gpu=1), job()], [3, 0, 1], id="no wait for GPUs without GPUs"),
        pytest.param([job(3, gpu=1), job(4, cpu=2, gpu=0)], [3, 0], id="tasks with GPUs have CPUs too"),
        pytest.param([job(7), job(gpu=1, cpu=2), job(gpu=1), job()], [7, 0, 0, 0], id="CPUs in order for all"),
        pytest.param([job(4, gpu=1, whole=False)], [3], id="as many as there are GPUs"),
    ],
)
def test_who_is_served(queue: list[Demand], expected: list[int]) -> None:
    assert served(*queue) == expected


def test_nobody_is_given_what_is_held() -> None:
    assert served(job(2, gpu=1), job(1, gpu=1), held=job(2, gpu=1)) == [0, 0]
    ledger = Ledger(LIMITS)
    ledger.add(Request(gpu=2), ("a", "c"))
    assert ledger.give(job(gpu=1)) == [("b",)]


def test_each_task_gets_gpus_of_its_own() -> None:
    demand = Demand((Request(gpu=2), Request(), Request(gpu=1)), devices=LIMITS.devices)
    assert Ledger(LIMITS).give(demand) == [("a", "b"), (), ("c",)]


def test_jobs_that_see_different_gpus_do_not_wait_for_each_other() -> None:
    first = replace(job(gpu=2), devices=("a", "b"))
    waits = replace(job(gpu=1), devices=("a", "b"))
    other = replace(job(gpu=1), devices=("c",))
    assert served(first, waits, other) == [1, 0, 1]


def test_clamp_to_the_machine() -> None:
    demand, warnings = clamp(job(2, cpu=16, memory_mb=29065), LIMITS)
    assert demand.requests == (Request(4, 1000), Request(4, 1000))
    assert warnings == [
        "asks for 16 CPUs a task; this machine has 4, which is what it gets",
        "asks for 29065 MiB of memory a task; this machine has 1000, which is what it gets",
    ]
    assert clamp(job(100, cpu=4), LIMITS)[1] == []


def test_every_task_counts_one_cpu() -> None:
    assert clamp(job(cpu=0), LIMITS)[0].requests == (Request(1),)


@pytest.mark.parametrize(
    ("demand", "message"),
    [
        (job(gpu=4), "needs 4 GPUs, this machine has 3 that may be used"),
        (job(2, gpu=2), "needs 4 GPUs for 2 tasks, this machine has 3 that may be used"),
        (replace(job(gpu=1), devices=()), "needs 1 GPU, this machine has none that may be used"),
        (job(2, gpu=4, whole=False), "needs 4 GPUs, this machine has 3 that may be used"),
    ],
)
def test_more_gpus_than_there_are(demand: Demand, message: str) -> None:
    with pytest.raises(CapacityError, match=f"^{message}; ask for fewer, or submit it on a machine that has them$"):
        clamp(demand, LIMITS)


def test_a_job_that_starts_bit_by_bit_may_have_more_tasks_than_gpus() -> None:
    assert clamp(job(20, gpu=1, whole=False), LIMITS) == (job(20, gpu=1, whole=False), [])
