"""Jobs on this machine as their user sees them: policies, retries, stop, timeouts, and nothing left behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jupyter_cube import process
from jupyter_cube.api import Job, job, submit
from jupyter_cube.backends.local import launch
from jupyter_cube.errors import CapacityError, ConflictError, JobFailedError
from jupyter_cube.lifecycle.state import State
from jupyter_cube.store.folder import JobFolder


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("CUBE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("CUBE_LOCKS", str(tmp_path / "locks"))
    yield tmp_path
    for path in (tmp_path / "store" / "jobs").glob("*"):
        if not (one := Job(JobFolder(path))).state.final:
            one.stop()
            one.wait(20)


def until(condition: Callable[[], object], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        time.sleep(0.01)


def shell(text: str, **options: object) -> Job:
    return submit(text, shell=True, **options)


def openpai(roles: str, *, extra: str = "") -> Job:
    return submit(
        "protocolVersion: 2\nname: p\ntype: job\nprerequisites:\n- {type: dockerimage, name: i, uri: u}\n"
        f"taskRoles:\n{roles}\n{extra}"
    )


def role(name: str, command: str, *, instances: int = 1, more: str = "") -> str:
    return (
        f"  {name}:\n    dockerImage: i\n    instances: {instances}\n{more}"
        f"    resourcePerInstance: {{cpu: 1, memoryMB: 500, gpu: 0}}\n    commands:\n    - {command}\n"
    )


def text(one: Job) -> list[str]:
    return [line.line for line in one.log.tail(1000)]


def owner_pid(one: Job) -> int:
    found = JobFolder(one.folder).owner()
    assert found is not None
    return found.identity.pid


def kill_owner(one: Job) -> None:
    until(lambda: (found := JobFolder(one.folder).owner()) is not None and found.alive)
    pid = owner_pid(one)
    os.kill(pid, signal.SIGKILL)
    until(lambda: process.identify(pid) is None)


def test_succeeds_with_its_log() -> None:
    one = shell("echo out; echo err >&2", instances=2)
    assert one.wait(20) is State.SUCCEEDED
    assert sorted(text(one)) == ["err", "err", "out", "out"]
    assert not (one.folder / "private").exists()


def test_failure_names_task_and_last_lines() -> None:
    one = shell("echo the reason; exit 7", name="bad")
    assert one.wait(20) is State.FAILED
    with pytest.raises(JobFailedError, match=r"worker-0 exit 7\n  worker-0 │ the reason"):
        one.result()


def test_command_that_is_not_found_says_so() -> None:
    one = openpai(role("w", "no-such-command-here"))
    assert one.wait(20) is State.FAILED
    assert one.snapshot().tasks[0].exit is not None
    assert one.snapshot().tasks[0].exit.code == 127


def test_timeout_fails_the_job() -> None:
    one = shell("echo up; sleep 60", timeout=0.5, grace=1)
    assert one.wait(20) is State.FAILED
    assert "timeout of 0.5 s" in one.snapshot().reason


DAEMON = """
python3 - <<'EOF'
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in range(3, 64):
            try: os.close(fd)
            except OSError: pass
        open({place!r} + "/daemon", "w").write(str(os.getpid()))
        time.sleep(60)
    os._exit(0)
EOF
while [ ! -s {place}/daemon ]; do sleep 0.01; done
echo up
"""


@pytest.mark.parametrize("ending", ["stop", "end"])
def test_daemonised_grandchildren_end_with_the_task(place: Path, ending: str) -> None:
    one = shell(DAEMON.format(place=str(place)) + ("sleep 60" if ending == "stop" else ""), grace=2)
    until(lambda: (place / "daemon").exists() and (place / "daemon").read_text())
    daemon = int((place / "daemon").read_text())
    if ending == "stop":
        until(lambda: "up" in text(one))
        one.stop()
    assert one.wait(20) is (State.STOPPED if ending == "stop" else State.SUCCEEDED)
    assert process.identify(daemon) is None


def test_stop_kills_what_ignores_term() -> None:
    one = shell("trap '' TERM; echo up; while true; do sleep 0.1; done", grace=0.5)
    until(lambda: text(one) == ["up"])
    one.stop("enough")
    assert one.wait(20) is State.STOPPED
    assert one.snapshot().reason == "enough"


def test_killed_runner_is_replaced_and_nothing_is_lost() -> None:
    one = shell("for i in $(seq 100); do echo $i; sleep 0.02; done", instances=2)
    until(lambda: len(text(one)) > 20)
    kill_owner(one)
    assert one.wait(30) is State.SUCCEEDED
    for index in (0, 1):
        mine = [line.line for line in one.log.tail(1000) if line.index == index]
        assert mine == [str(number) for number in range(1, 101)]


def test_ended_while_nobody_watched_is_still_known() -> None:
    """With runner and submitter gone, the task's last act starts an owner that finds the true end."""
    one = shell("echo up; sleep 1; exit 5")
    until(lambda: text(one) == ["up"])
    kill_owner(one)
    until(lambda: JobFolder(one.folder).state().state.final)  # reads only, starts nobody
    assert one.state is State.FAILED
    assert one.snapshot().tasks[0].exit.code == 5  # type: ignore[union-attr]


def test_killed_wrapper_is_failed_never_succeeded() -> None:
    one = shell("echo up; sleep 60")
    until(lambda: text(one) == ["up"])
    os.kill(one.snapshot().tasks[0].pid, signal.SIGKILL)
    assert one.wait(20) is State.FAILED
    assert one.snapshot().tasks[0].reason == "killed, no exit record"


def test_killed_wrapper_that_nobody_saw_is_unknown() -> None:
    one = shell("echo up; sleep 60")
    until(lambda: text(one) == ["up"])
    pid = one.snapshot().tasks[0].pid
    os.kill(owner_pid(one), signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    assert one.wait(20) is State.FAILED
    assert one.snapshot().tasks[0].state is State.UNKNOWN


def test_a_restarted_host_loses_its_tasks_and_says_so() -> None:
    one = shell("echo up; sleep 60")
    until(lambda: text(one) == ["up"])
    folder = JobFolder(one.folder)
    claim = folder.claim("worker-0", 1)
    assert claim is not None
    os.kill(owner_pid(one), signal.SIGKILL)
    os.killpg(claim.wrapper.pid, signal.SIGKILL)
    owner = one.folder / "owner"
    owner.write_text(owner.read_text().replace(process.boot_id(), "the boot before"))
    assert one.wait(20) is State.FAILED
    assert one.snapshot().tasks[0].state is State.UNKNOWN
    assert one.snapshot().tasks[0].reason == "its host was restarted"


def test_a_job_of_another_host_is_only_read() -> None:
    one = shell("echo up; sleep 60")
    until(lambda: text(one) == ["up"])
    record = one.folder / "job.json"
    mine = record.read_text()
    record.write_text(mine.replace(process.machine_id(), "another machine"))
    there = Job(JobFolder(one.folder))
    assert there.state is State.RUNNING
    with pytest.raises(ConflictError, match="the job is on"):
        there.stop()
    record.write_text(mine)
    one.stop()
    assert one.wait(20) is State.STOPPED


def test_more_jobs_than_slots_wait_and_all_run() -> None:
    slots = 2 * (os.cpu_count() or 1)
    many = [shell("sleep 1.5; echo ran", name=f"n{number}", cpu=1) for number in range(slots + 4)]
    waiting = [one for one in many if "CPU slots" in one.snapshot().reason]
    assert waiting, "there is room for no more than two tasks a CPU"
    assert {one.wait(40) for one in many} == {State.SUCCEEDED}


def test_stop_of_a_waiting_job() -> None:
    first = shell("sleep 30", cpu=1, instances=os.cpu_count() * 2 if os.cpu_count() else 4)
    second = shell("echo never")
    assert second.state is State.WAITING
    second.stop()
    assert second.wait(20) is State.STOPPED
    first.stop()
    assert first.wait(20) is State.STOPPED


def test_more_gpus_than_there_are_is_an_error() -> None:
    with pytest.raises(CapacityError, match="needs 99 GPUs"):
        shell("true", gpu=99)


def test_memory_limit_is_kept() -> None:
    one = submit("x = bytearray(400_000_000)\nimport time; time.sleep(30)", memory="100M")
    assert one.wait(30) is State.FAILED
    assert "out of memory" in one.snapshot().tasks[0].reason


INNER = """
import jupyter_cube, time
inner = jupyter_cube.submit("echo inner; sleep {pause}", shell=True, name="inner", detach={detach})
print("submitted", flush=True)
{then}
"""


def test_a_job_inside_a_task_runs_in_its_parents_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the parent holds all there is, waiting for room beside it would last for ever."""
    slots = 2 * (os.cpu_count() or 1)
    one = submit(INNER.format(pause=0, detach=False, then="print(inner.wait())"), cpu=1, name="outer", instances=slots)
    assert one.wait(60) is State.SUCCEEDED, text(one)
    assert job("inner").state is State.SUCCEEDED


@pytest.mark.parametrize("detach", [False, True])
def test_a_job_inside_a_task_ends_with_it_unless_detached(detach: bool) -> None:
    one = submit(INNER.format(pause=5, detach=detach, then=""), name="outer")
    assert one.wait(30) is State.SUCCEEDED, text(one)
    inner = job("inner")
    assert inner.wait(30) is (State.SUCCEEDED if detach else State.STOPPED)


def test_a_job_is_found_by_prefix_and_name() -> None:
    one = shell("true", name="findme")
    assert job(one.id[:8]) == one
    assert job("findme") == one
    one.wait(20)


def test_peers_find_each_other_by_ports() -> None:
    one = submit(
        "protocolVersion: 2\nname: p\ntype: job\nprerequisites:\n- {type: dockerimage, name: i, uri: u}\n"
        "taskRoles:\n  my_role:\n    dockerImage: i\n    instances: 2\n"
        "    resourcePerInstance: {cpu: 1, memoryMB: 500, gpu: 0, ports: {meet: 1}}\n    commands:\n"
        "    - |\n      python3 - <<'EOF'\n"
        "      import os, socket, time\n"
        "      index = int(os.environ['PAI_TASK_INDEX'])\n"
        "      port = int(os.environ['PAI_PORT_LIST_my_role_0_meet'])\n"
        "      assert port == int(os.environ['PAI_PORT_LIST_myrole_0_meet'])\n"
        "      host = os.environ['PAI_HOST_IP_my_role_0']\n"
        "      if index == 0:\n"
        "          with socket.create_server((host, port)) as server:\n"
        "              print('got', server.accept()[0].recv(10).decode())\n"
        "      else:\n"
        "          for _ in range(200):\n"
        "              try:\n"
        "                  socket.create_connection((host, port)).send(b'hello'); break\n"
        "              except ConnectionRefusedError:\n"
        "                  time.sleep(0.05)\n"
        "      EOF\n"
    )
    assert one.wait(30) is State.SUCCEEDED, text(one)
    assert text(one) == ["got hello"]


def test_a_damaged_exit_record_ends_the_task() -> None:
    one = shell("echo up; sleep 60")
    until(lambda: text(one) == ["up"])
    (one.folder / "tasks" / "worker-0" / "1.exit").touch()
    os.kill(one.snapshot().tasks[0].pid, signal.SIGKILL)
    assert one.wait(20) is State.FAILED
    assert one.snapshot().tasks[0].reason == "killed, no exit record"


def test_a_task_whose_command_never_ran_has_not_succeeded(place: Path) -> None:
    one = submit(
        "protocolVersion: 2\nname: p\ntype: job\nprerequisites:\n- {type: dockerimage, name: i, uri: u}\n"
        "- name: slow\n  type: script\n  plugin: com.microsoft.pai.runtimeplugin.cmd\n  failurePolicy: ignore\n"
        "  callbacks:\n  - {event: taskStarts, commands: [echo up, sleep 60]}\n"
        "taskRoles:\n" + role("w", "echo never", more="    prerequisites: [slow]\n")
    )
    until(lambda: text(one) == ["up"])
    one.stop()
    assert one.wait(20) is State.STOPPED
    assert one.snapshot().tasks[0].state is State.STOPPED


def test_an_owner_that_comes_too_late_changes_nothing() -> None:
    one = shell("echo up; sleep 60", grace=1)
    until(lambda: text(one) == ["up"])
    one.stop()
    assert one.wait(20) is State.STOPPED
    records = (one.folder / "states.jsonl").read_text()
    launch.spawn_owner(JobFolder(one.folder))
    pid = owner_pid(one)
    until(lambda: owner_pid(one) != pid or process.identify(owner_pid(one)) is None)
    until(lambda: (launch.reap() or True) and process.identify(owner_pid(one)) is None)
    assert (one.folder / "states.jsonl").read_text() == records
    assert one.state is State.STOPPED
