from __future__ import annotations

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from jupyter_cube import process
from jupyter_cube.host import host as hosts
from jupyter_cube.host.allotment import Demand, Limits, Request
from jupyter_cube.host.host import Held, Host

DEVICES = ("gpu0", "gpu1", "gpu2")
LIMITS = Limits(cpus=4, tokens=4, memory_mb=1000, devices=DEVICES)
ENV = {**os.environ, "PYTHONPATH": str(Path(hosts.__file__).parents[1])}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(LIMITS, folder=tmp_path / "locks")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """The folder of a job."""
    (tmp_path / "job").mkdir()
    return str(tmp_path / "job")


def need(count: int = 1, *, cpu: int = 1, memory_mb: int = 0, gpu: int = 0, whole: bool = True) -> Demand:
    return Demand((Request(cpu, memory_mb, gpu),) * count, whole, DEVICES)


def take(host: Host, demand: Demand, name: str = "train") -> list[Held]:
    """All that a job asks for, which is there."""
    held = host.allot(demand, job="/jobs/x", name=name)
    assert held is not None
    return [each for each in held if each is not None]


def release(held: list[Held]) -> None:
    for each in held:
        each.release()


def test_what_is_given_is_not_given_again(host: Host) -> None:
    held = take(host, need(2, gpu=1))
    assert [each.devices for each in held] == [("gpu0",), ("gpu1",)]
    assert host.allot(need(2, gpu=1), job="/jobs/y") is None
    other = take(host, need(gpu=1))
    assert other[0].devices == ("gpu2",)
    held[1].release()
    assert take(host, need(gpu=1))[0].devices == ("gpu1",)
    release(held + other)


def test_a_part_where_a_part_will_do(host: Host) -> None:
    held = host.allot(need(5, gpu=1, whole=False), job="/jobs/x")
    assert held is not None
    assert [each.devices if each else None for each in held] == [("gpu0",), ("gpu1",), ("gpu2",), None, None]
    release([each for each in held if each])


def test_it_lasts_as_long_as_the_task_and_not_as_its_starter(host: Host) -> None:
    held = take(host, need(gpu=3))
    assert held[0].fd is not None
    task = subprocess.Popen(["sleep", "60"], pass_fds=[held[0].fd])
    identity = process.identify(task.pid)
    assert identity is not None
    held[0].bind(identity)
    held[0].close()
    assert host.allot(need(gpu=1), job="/jobs/y") is None
    assert [(holder.identity, holder.devices) for holder in host.holders()] == [(identity, DEVICES)]
    task.kill()
    task.wait()
    assert host.holders() == []
    release(take(host, need(gpu=3)))


STARTER = """
import sys, time
from pathlib import Path
from jupyter_cube.host.allotment import Demand, Limits, Request
from jupyter_cube.host.host import Host
host = Host(Limits(4, 4, 1000), folder=Path(sys.argv[1]))
held = host.allot(Demand((Request(gpu=3),), devices=("gpu0", "gpu1", "gpu2")), job="/jobs/x", name="x")
print(len(held), flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_had_is_free_and_its_files_go(host: Host) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, str(host.folder)], stdout=subprocess.PIPE, env=ENV
    ) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"1\n"
        assert host.allot(need(gpu=1), job="/jobs/y") is None
        starter.kill()
        starter.wait()
    (host.folder / "held" / ".half-made").touch()
    release(take(host, need(gpu=3)))
    assert list((host.folder / "held").iterdir()) == []
    take(host, need())[0].release()
    assert len(list((host.folder / "names").iterdir())) == 1


def test_the_queue_is_served_in_order(host: Host, folder: str) -> None:
    held = take(host, need(gpu=3))
    first = host.enqueue(need(gpu=2), job=folder, name="first")
    second = host.enqueue(need(gpu=1), job=folder, name="second")
    release(held)
    assert host.allot(need(gpu=2), job="/jobs/y") is None  # one is left, and two wait for it in front
    assert [ticket.name for ticket in host.startable()] == ["first", "second"]
    assert host.allot(second.demand, job=folder, ticket=second) is not None
    assert [ticket.name for ticket in host.my_tickets()] == ["first", "second"]
    second.remove()
    assert [ticket.name for ticket in host.my_tickets()] == ["first"]
    assert [ticket.name for ticket in host.startable()] == ["first"]
    first.remove()
    assert host.startable() == []


def test_jobs_without_gpus_do_not_wait_for_gpus(host: Host, folder: str) -> None:
    held = take(host, need(gpu=3))
    host.enqueue(need(gpu=1), job=folder)
    other = take(host, need(3))
    release(held + other)


def test_a_withdrawn_job_gets_nothing(host: Host, folder: str) -> None:
    ticket = host.enqueue(need(), job=folder)
    ticket.remove()
    assert host.allot(ticket.demand, job=folder, ticket=ticket) is None


def test_a_ticket_of_a_job_that_is_gone_goes(host: Host, folder: str) -> None:
    host.enqueue(need(), job=folder)
    host.enqueue(need(), job=folder + "-gone")
    assert [ticket.job for ticket in host.my_tickets()] == [folder]
    assert len(host.tickets()) == 1


def test_a_damaged_entry_is_in_nobodys_way(host: Host, folder: str) -> None:
    host.enqueue(need(), job=folder)
    for name in ("000000000000-0-damaged", "nonsense"):
        (host.folder / "queue" / name).write_text('{"requests": 3}\n')
    assert [ticket.sequence for ticket in host.tickets()] == [1]
    assert len(host.startable()) == 1
    assert len(list((host.folder / "queue").iterdir())) == 1


def test_a_job_that_starts_bit_by_bit_keeps_its_place(host: Host, folder: str) -> None:
    ticket = host.enqueue(need(5, gpu=1, whole=False), job=folder, name="sweep")
    held = host.allot(ticket.demand, job=folder, ticket=ticket)
    assert held is not None
    rest = host.shrink(ticket, [request for request, got in zip(ticket.demand.requests, held, strict=True) if not got])
    host.enqueue(need(gpu=1), job=folder, name="later")
    assert [(each.name, len(each.demand.requests)) for each in host.my_tickets()] == [("sweep", 2), ("later", 1)]
    release([held[0]] if held[0] else [])
    again = host.allot(rest.demand, job=folder, ticket=rest)
    assert again is not None
    assert [got is not None for got in again] == [True, False]
    release([each for each in held[1:] + again if each])


def test_others_see_what_is_used_but_not_by_what(host: Host, folder: str) -> None:
    held = take(host, need(gpu=1), "secret name")
    host.enqueue(need(gpu=1), job=folder, name="secret name")
    texts = {
        path: path.read_text() for path in host.folder.rglob("*") if path.is_file() and path.parent.name != "names"
    }
    assert len(texts) == 3
    for path, text in texts.items():
        assert "secret" not in text
        assert folder not in text
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [stat.S_IMODE(path.stat().st_mode) for path in (host.folder / "names").iterdir()] == [0o600] * 2
    release(held)


def clock(held: list[Held]) -> str:
    return time.strftime("%H:%M", time.localtime(held[0].path.stat().st_mtime))


def test_the_reason_for_waiting_names_who_has_it(host: Host, folder: str) -> None:
    held = take(host, need(2, gpu=1), "mine")
    ticket = host.enqueue(need(gpu=2), job=folder)
    at = clock(held)
    assert host.reason(ticket) == f"needs 2 GPUs, 1 free: mine holds gpu0, gpu1 since {at}"
    later = host.enqueue(need(gpu=3), job=folder)
    assert host.reason(later) == f"needs 3 GPUs, 1 free: mine holds gpu0, gpu1 since {at}; behind 1 earlier job"
    plain = host.enqueue(need(3), job=folder)
    assert host.reason(plain) == f"needs 3 of 4 CPU slots, 2 free: mine holds 2 since {at}"
    release(held)
    assert host.reason(ticket) == "about to start"
    assert host.reason(later) == "behind 1 earlier job"


def test_the_reason_for_waiting_names_memory(host: Host, folder: str) -> None:
    large = take(host, need(memory_mb=600), "large")
    ticket = host.enqueue(need(memory_mb=500), job=folder)
    assert host.reason(ticket) == f"needs 500 MiB of memory, 400 free: large holds 600 MiB since {clock(large)}"
    release(large)


def test_one_waiter_at_a_time(host: Host, folder: str) -> None:
    lock = host.waiter_lock()
    assert lock is not None
    assert host.waiter_lock() is None
    ticket = host.enqueue(need(), job=folder)
    assert not host.leave(lock)
    assert host.waiter_lock() is None
    ticket.remove()
    assert host.leave(lock)
    again = host.waiter_lock()
    assert again is not None
    os.close(again)


def when_changed(host: Host, change: Callable[[], object], *, after: float) -> float:
    """Seconds between a change and the return of one who has looked, and has waited for ``after`` seconds by then."""
    host.startable()
    moments: list[float] = []

    def later() -> None:
        time.sleep(after)
        moments.append(time.monotonic())
        change()

    thread = threading.Thread(target=later)
    thread.start()
    assert host.wait_for_change(20)
    thread.join()
    return time.monotonic() - moments[0]


def test_a_waiter_wakes_when_something_comes_free(host: Host, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not host.wait_for_change(0.01)
    held = take(host, need(gpu=3))
    assert held[0].fd is not None
    task = subprocess.Popen(["sleep", "60"], pass_fds=[held[0].fd])
    identity = process.identify(task.pid)
    assert identity is not None
    held[0].bind(identity)
    held[0].close()
    if (fd := process.open_pidfd(identity)) is not None:
        os.close(fd)
        monkeypatch.setattr(hosts, "POLL", 30)
        # By then it looks by itself only once a second: it is the holder's end that wakes it.
        assert when_changed(host, task.kill, after=1.1) < 0.7
        monkeypatch.undo()
    else:
        assert when_changed(host, task.kill, after=0) < 5
    task.wait()
    assert when_changed(host, lambda: host.enqueue(need(), job=folder), after=0) < 5


def test_a_change_between_the_look_and_the_wait_is_not_missed(host: Host) -> None:
    held = take(host, need(gpu=3))
    assert host.allot(need(gpu=1), job="/jobs/y") is None
    release(held)
    assert host.wait_for_change(20)


@dataclass(frozen=True)
class Nobody:
    """Another user of the host."""

    host: Host

    def run(self, script: Callable[[Host], bool]) -> None:
        """Runs it as that user and expects it to return True."""
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                code = 0 if script(Host(self.host.limits, folder=self.host.folder)) else 2
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0


@pytest.fixture
def nobody() -> Iterator[Nobody]:
    if os.getuid() != 0:
        pytest.skip("changes the user")
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield Nobody(Host(LIMITS, folder=place / "locks"))
    shutil.rmtree(place)


def test_users_share_the_host(nobody: Nobody) -> None:
    held = take(nobody.host, need(gpu=3), "secret")
    nobody.run(lambda host: host.allot(need(gpu=1), job="/jobs/y") is None)
    nobody.run(lambda host: [holder.name for holder in host.holders()] == [""])
    nobody.run(
        lambda host: host.reason(host.enqueue(need(gpu=1), job="/")).startswith(
            "needs 1 GPU, 0 free: user root holds gpu0, gpu1, gpu2 since "
        )
    )
    release(held)
    assert nobody.host.my_tickets() == []
    assert [ticket.uid for ticket in nobody.host.tickets()] == [65534]
    # That user has no waiter: its entry keeps nothing from others.
    release(take(nobody.host, need(gpu=3)))


def test_another_users_job_is_served_first_if_it_came_first(nobody: Nobody) -> None:
    held = take(nobody.host, need(gpu=3))
    nobody.run(lambda host: host.enqueue(need(gpu=1), job="/") is not None)
    (nobody.host.folder / "waiter-65534").touch()
    with open(nobody.host.folder / "waiter-65534") as waiter:
        fcntl.flock(waiter, fcntl.LOCK_EX)
        release(held)
        assert nobody.host.allot(need(gpu=3), job="/jobs/y") is None
        release(take(nobody.host, need(gpu=2)))
