from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from jupyter_cube import process
from jupyter_cube.process import Identity

HAS_PROC = os.path.exists("/proc/self/stat")
needs_proc = pytest.mark.skipif(not HAS_PROC, reason="needs /proc")


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine as it is, also where the whole suite runs with the switch."""
    monkeypatch.delenv("CUBE_NO_PROC", raising=False)


@pytest.fixture(params=["proc", "ps"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to learn about processes."""
    if request.param == "proc" and not HAS_PROC:
        pytest.skip("needs /proc")
    monkeypatch.setenv("CUBE_NO_PROC", "1" if request.param == "ps" else "")
    return str(request.param)


@pytest.fixture
def spawn() -> Iterator[Callable[..., Identity]]:
    """Starts the wrapper of a task (sh, in a session of its own); everything it starts is ended afterwards."""
    started: list[tuple[subprocess.Popen[bytes], str]] = []

    def start(script: str, mark: str = "job/worker-0/1") -> Identity:
        env = {**os.environ, "CUBE_TASK": mark}
        child = subprocess.Popen(["sh", "-c", script], start_new_session=True, env=env)
        started.append((child, mark))
        return identity_of(child.pid)

    yield start
    for child, mark in started:
        left = process.task_processes({mark: Identity(child.pid, "0")})[mark]
        process.signal_all(left, signal.SIGKILL)
        child.kill()
        child.wait()


def identity_of(pid: int) -> Identity:
    found = process.identify(pid)
    assert found is not None
    return found


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def commands(identities: set[Identity]) -> list[str]:
    pids = ",".join(str(identity.pid) for identity in identities)
    done = subprocess.run(["ps", "-o", "args=", "-p", pids], capture_output=True, text=True, check=False)
    return sorted(done.stdout.split("\n")[:-1])


@pytest.mark.usefixtures("source")
def test_a_process_is_known_until_it_ends() -> None:
    child = subprocess.Popen(["sleep", "60"])
    identity = identity_of(child.pid)
    assert process.alive(identity)
    assert process.identify(child.pid) == identity
    child.kill()
    # It stays as a zombie until it is waited for, and a zombie does not live.
    until(lambda: not process.alive(identity))
    assert child.wait() == -signal.SIGKILL
    assert process.identify(child.pid) is None


@pytest.mark.usefixtures("source")
def test_another_process_with_the_same_pid_is_not_it() -> None:
    me = identity_of(os.getpid())
    other = Identity(me.pid, "1")
    assert not process.alive(other)
    assert process.open_pidfd(other) is None
    assert process.signal_all([other], signal.SIGKILL) == 0


@needs_proc
def test_a_pidfd_tells_the_end_at_once() -> None:
    child = subprocess.Popen(["sleep", "60"])
    fd = process.open_pidfd(identity_of(child.pid))
    assert fd is not None
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    assert poll.poll(0) == []
    child.kill()
    assert poll.poll(10_000)
    child.wait()
    os.close(fd)


@needs_proc
def test_without_proc_there_is_no_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    me = identity_of(os.getpid())
    monkeypatch.setenv("CUBE_NO_PROC", "1")
    assert process.open_pidfd(me) is None


@pytest.mark.usefixtures("source")
def test_all_processes_of_a_task_are_found(spawn: Callable[..., Identity]) -> None:
    wrapper = spawn(
        "sleep 61 &"  # by session
        " (setsid sleep 62 &);"  # a daemon: its parent gone, its session its own, the mark kept
        " (env -i setsid sh -c 'sleep 63; true') & wait"  # no mark, another session: by descent
    )
    mark = "job/worker-0/1"

    def found() -> set[Identity]:
        return process.task_processes({mark: wrapper})[mark]

    wanted = ["sleep 61", "sleep 62", "sleep 63"]
    until(lambda: [line for line in commands(found()) if line in wanted] == wanted)
    assert wrapper in found()
    assert os.getpid() not in {identity.pid for identity in found()}
    process.signal_all(found(), signal.SIGKILL)
    until(lambda: not found())


@pytest.mark.usefixtures("source")
def test_what_outlives_the_wrapper_is_found(spawn: Callable[..., Identity]) -> None:
    mark = "job/worker-0/1"
    wrapper = spawn("sleep 64 & setsid sleep 65 & wait")

    def found() -> set[Identity]:
        return process.task_processes({mark: wrapper})[mark]

    def both() -> bool:
        return {"sleep 64", "sleep 65"} <= set(commands(found()))

    until(both)
    os.kill(wrapper.pid, signal.SIGKILL)
    until(lambda: not process.alive(wrapper))
    assert both()
    assert len(found()) == 2


@pytest.mark.usefixtures("source")
def test_tasks_are_told_apart(spawn: Callable[..., Identity]) -> None:
    first = spawn("sleep 66 & wait", "job/worker-1/1")
    second = spawn("sleep 67 & wait", "job/worker-11/1")
    marks = {"job/worker-1/1": first, "job/worker-11/1": second, "job/worker-2/1": Identity(0, "0")}

    def sleeping() -> list[bool]:  # a forked child is its parent's twin until it becomes the program
        found = process.task_processes(marks)
        return [f"sleep {n}" in commands(found[mark]) for mark in marks for n in (66, 67)]

    until(lambda: sleeping().count(True) == 2)
    assert sleeping() == [True, False, False, True, False, False]
    assert process.task_processes(marks)["job/worker-2/1"] == set()


@pytest.mark.usefixtures("source")
def test_a_task_started_by_a_task_is_not_part_of_it(spawn: Callable[..., Identity]) -> None:
    outer = spawn("CUBE_TASK=other/worker-0/1 setsid -w sh -c 'sleep 68; true' & wait")
    mark = "job/worker-0/1"
    inner = "other/worker-0/1"
    try:
        until(lambda: "sleep 68" in commands(process.task_processes({inner: Identity(0, "0")})[inner]))
        assert process.task_processes({mark: outer})[mark] == {outer}
    finally:
        process.signal_all(process.task_processes({inner: Identity(0, "0")})[inner], signal.SIGKILL)


@needs_proc
def test_a_session_of_a_recycled_pid_is_not_the_tasks(spawn: Callable[..., Identity]) -> None:
    leader = spawn("sleep 69 & wait", "unrelated")
    assert process.task_processes({"job/a-0/1": Identity(leader.pid, "1")})["job/a-0/1"] == set()


@pytest.mark.usefixtures("source")
def test_a_signal_reaches_every_living_process() -> None:
    children = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]
    identities = [identity_of(child.pid) for child in children]
    children[0].kill()
    children[0].wait()
    assert process.signal_all(identities, signal.SIGTERM) == 2
    assert [child.wait() for child in children[1:]] == [-signal.SIGTERM] * 2


FORKS = r"""
import os, sys
block = bytearray(os.urandom(1) * 64 * 2**20)
children = [os.fork()]
if children[0]:
    children.append(os.fork())
os.write(1, b"%d\n" % os.getpid())
sys.stdin.read()
"""


@pytest.fixture
def workers() -> Iterator[set[Identity]]:
    """Three processes that share 64 MiB."""
    child = subprocess.Popen([sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    yield {identity_of(int(child.stdout.readline())) for _ in range(3)}
    child.communicate()


def test_memory_is_counted(workers: set[Identity], source: str) -> None:
    one = process.rss(list(workers)[:1])
    assert 64 * 2**20 < one < (100 if source == "proc" else 150) * 2**20
    assert process.rss([]) == 0


@needs_proc
def test_shared_memory_is_counted_once_where_it_matters(workers: set[Identity]) -> None:
    assert process.rss(workers, limit=2**40) > 3 * 64 * 2**20
    assert 64 * 2**20 < process.rss(workers, limit=100 * 2**20) < 110 * 2**20


def test_the_machine_has_a_name_that_stays() -> None:
    assert process.machine_id()
    assert process.machine_id() == process.machine_id()
    assert process.boot_id() == process.boot_id()


@needs_proc
def test_the_boot_and_the_namespace_are_known() -> None:
    assert len(process.boot_id()) == 36
    assert process.pid_namespace().startswith("pid:[")
