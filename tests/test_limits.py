from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_cube.host import limits

EATER = "block = b'x' * (200 * 2**20)"


@pytest.fixture
def group() -> Iterator[str]:
    """A group with a limit of 60 MiB, where this user may make one."""
    path = limits.prepare(f"test/{os.getpid()} 1", 60)
    if path is None:
        pytest.skip("this user may not make memory groups here")
    yield path
    deadline = time.monotonic() + 10
    while not limits.remove(path):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run_in(group: str, *words: str) -> int:
    """Runs a command as a wrapper does: the shell moves itself into the group first."""
    script = 'echo $$ > "$CUBE_CGROUP/cgroup.procs"; exec "$@"'
    env = {**os.environ, "CUBE_CGROUP": group}
    return subprocess.run(["sh", "-c", script, "sh", *words], env=env, check=False).returncode


def test_the_machine_has_cpus_and_memory() -> None:
    assert 1 <= limits.cpus() <= (os.cpu_count() or 1)
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 1 <= limits.memory_mb() <= pages // 2**20


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")
def test_cpus_are_those_of_the_affinity() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert limits.cpus() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_a_task_over_its_limit_is_ended_and_counted(group: str) -> None:
    assert limits.oom_kills(group) == 0
    assert run_in(group, sys.executable, "-c", EATER) == -9
    assert limits.oom_kills(group) == 1


def test_a_task_within_its_limit_is_not(group: str) -> None:
    assert run_in(group, sys.executable, "-c", "block = b'x' * (20 * 2**20)") == 0
    assert limits.oom_kills(group) == 0


def test_reserving_address_space_is_no_use_of_memory(group: str) -> None:
    assert run_in(group, sys.executable, "-c", "import mmap; mmap.mmap(-1, 2**34, flags=mmap.MAP_PRIVATE | 0x20)") == 0
    assert limits.oom_kills(group) == 0


def test_a_group_that_is_there_gets_the_new_limit(group: str) -> None:
    assert limits.prepare(f"test/{os.getpid()} 1", 600) == group
    assert run_in(group, sys.executable, "-c", EATER) == 0
    assert limits.prepare(f"test/{os.getpid()} 1", 60) == group
    assert run_in(group, sys.executable, "-c", EATER) == -9


def test_members_and_removal(group: str) -> None:
    script = 'echo $$ > "$0/cgroup.procs"; setsid sleep 60 & echo; wait'
    child = subprocess.Popen(["sh", "-c", script, group], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    members = limits.members(group)
    assert child.pid in {member.pid for member in members}
    assert len(members) == 2
    assert not limits.remove(group)
    for member in members:
        os.kill(member.pid, 9)
    child.communicate()


LEAVER = """
import os, sys
from jupyter_cube.host import limits
path = sys.argv[1]
with open(path + "/cgroup.procs", "w") as file:
    file.write(str(os.getpid()))
assert limits.members(path) == set()
limits.leave_task()
assert str(os.getpid()) not in open(path + "/cgroup.procs").read().split()
assert limits.prepare("inner", 50) is not None and limits.remove(limits.prepare("inner", 50))
block = b"x" * (200 * 2**20)
"""


def test_an_owner_started_by_a_task_leaves_its_limit(group: str) -> None:
    root = str(Path(limits.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", LEAVER, group], env={**os.environ, "PYTHONPATH": root}, check=False)
    assert done.returncode == 0
    assert limits.oom_kills(group) == 0
    Path(group).with_name(limits.OWNERS).rmdir()


def test_no_limit_needs_no_group() -> None:
    assert limits.prepare("job/worker-0/1", 0) is None


def test_a_group_that_is_gone(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone")
    assert limits.oom_kills(gone) == 0
    assert limits.members(gone) == set()
    assert limits.remove(gone)


@pytest.mark.skipif(os.getuid() != 0, reason="changes the user")
def test_a_user_without_a_delegated_group_gets_none() -> None:
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os._exit(0 if limits.prepare("nobody", 60) is None else 1)
    assert os.waitpid(pid, 0)[1] == 0


class Machine:
    """A made-up control group tree, v2 as in a systemd user session, or v1 as in a container."""

    def __init__(self, root: Path) -> None:
        self.top = root / "cgroup"
        self.proc = root / "proc"
        self.proc.mkdir()

    def set(self, group: str, **files: str) -> None:
        folder = self.top / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.procs").touch()
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text + "\n")

    def v2(self, own: str) -> None:
        (self.proc / "cgroup").write_text(f"0::/{own}\n")
        (self.proc / "mountinfo").write_text(f"30 23 0:26 / {self.top} rw,nosuid - cgroup2 cgroup2 rw\n")

    def v1(self, own: str, root: str) -> None:
        (self.proc / "cgroup").write_text(f"4:memory:{own}\n2:cpu,cpuacct:{own}\n0::/\n")
        lines = [
            f"{number} 23 0:{number} {root} {self.top} rw - cgroup cgroup rw,{name}\n"
            for number, name in enumerate(["memory", "cpu,cpuacct"], 30)
        ]
        (self.proc / "mountinfo").write_text("".join(lines))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setattr(limits, "_PROC", made.proc)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    return made


def test_the_narrowest_limit_above_counts(machine: Machine) -> None:
    machine.v2("user/app/jupyter")
    machine.set("user", memory__max="268435456", cpu__max="max 100000")
    machine.set("user/app", memory__max="max", cpu__max="250000 100000")
    machine.set("user/app/jupyter", memory__max="134217728", cpu__max="400000 100000")
    assert limits.memory_mb() == 128
    assert limits.cpus() == 2


def test_limits_of_a_container_with_v1(machine: Machine) -> None:
    machine.v1("/docker/abc", "/docker/abc")
    machine.set("", memory__limit_in_bytes="67108864", cpu__cfs_quota_us="50000", cpu__cfs_period_us="100000")
    assert limits.memory_mb() == 64
    assert limits.cpus() == 1


def test_without_limits_the_machine_counts(machine: Machine) -> None:
    machine.v1("/", "/")
    machine.set("", memory__limit_in_bytes="9223372036854771712", cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    assert limits.cpus() == 64
    assert limits.memory_mb() == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def test_a_tasks_group_stands_where_it_may_and_outlives_the_notebook(machine: Machine) -> None:
    machine.v2("user/app/jupyter")
    machine.set("user", memory__max="max", cgroup__subtree_control="memory pids")
    machine.set("user/app", memory__max="max", cgroup__subtree_control="memory")
    machine.set("user/app/jupyter", memory__max="max", cgroup__subtree_control="")
    made = limits.prepare("abc/worker-0/1", 64)
    assert made == str(machine.top / "user/cube-abc-worker-0-1")
    assert Path(made, "memory.max").read_text() == str(64 * 2**20)
    assert Path(made, "memory.swap.max").read_text() == "0"


@pytest.mark.parametrize("limit", [{"memory__max": "1000000"}, {"cpu__max": "100000 100000"}])
def test_no_limit_is_escaped(machine: Machine, limit: dict[str, str]) -> None:
    machine.v2("user/app/jupyter")
    machine.set("user", memory__max="max", cgroup__subtree_control="memory")
    machine.set("user/app", cgroup__subtree_control="memory", **limit)
    machine.set("user/app/jupyter", memory__max="max", cgroup__subtree_control="")
    assert limits.prepare("abc", 64) == str(machine.top / "user/app/cube-abc")
    machine.set("user/app/jupyter", **limit)
    assert limits.prepare("abc", 64) is None  # a group with processes has no room for limited ones
