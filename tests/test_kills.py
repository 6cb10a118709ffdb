"""Whatever is killed, and whenever: every line once and in order, and true end states.

``CUBE_KILL_ROUNDS`` sets how many random moments are tried.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_cube.handle import Job
from jupyter_cube.lifecycle.state import State
from jupyter_cube.log.follow import Gap, Line
from jupyter_cube.store.folder import JobFolder
from jupyter_cube.store.store import Store

ROUNDS = int(os.environ.get("CUBE_KILL_ROUNDS", "50"))
LINES = 120
# One write a line: a task that is killed between two writes of one line leaves, rightly, half a line.
TASK = f"import sys, time\nfor i in range({LINES}):\n    sys.stdout.write(f'line {{i}}\\n')\n    time.sleep(0.005)\n"

KERNEL = """
import sys, time
from jupyter_cube.api import Options, submit_words, submit
if sys.argv[1] == "queued":
    submit("sleep 0.5", shell=True, name="blocker")
job = submit_words([sys.executable, "-S", "-c", sys.argv[2]], Options(name="counted", instances=4))
print(job.id, flush=True)
for _ in job.follow_sync(0):
    pass
time.sleep(60)
"""


class Follower(threading.Thread):
    """Collects what ``follow`` yields from a cursor on."""

    def __init__(self, folder: Path, cursor: int = 0) -> None:
        super().__init__(daemon=True)
        self.job = Job(JobFolder(folder))
        self.cursor = cursor
        self.got: list[tuple[int, str, str]] = []
        self.gaps: list[Gap] = []
        self.start()

    def run(self) -> None:
        for batch in self.job.follow_sync(self.cursor):
            for item in batch:
                if isinstance(item, Gap):
                    self.gaps.append(item)
                else:
                    self.got += map(shown, item.lines())


def shown(line: Line) -> tuple[int, str, str]:
    return line.cursor, f"{line.role}-{line.index}", line.line


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def pids(module: str, text: str) -> list[int]:
    """Processes of ours of that kind, and of this store or these locks."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
        except OSError:
            continue
        if f"jupyter_cube.{module}".encode() in words and text.encode() in words + environment:
            found.append(int(entry.name))
    return found


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_kill_at_a_random_moment(seed: int) -> None:  # noqa: PLR0915 - one story, told in order
    chance = random.Random(seed)
    victims = chance.sample(["kernel", "runner", "wrapper", "waiter"], chance.choice((1, 1, 2)))
    moment = chance.uniform(0.0, 1.1)
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL, "queued" if "waiter" in victims else "", TASK],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    store = Store(Path(os.environ["CUBE_STORE"]))
    try:
        assert kernel.stdout is not None
        job_id = kernel.stdout.readline().strip()
        folder = store.folder(job_id)
        first = Follower(folder.path)
        time.sleep(moment)
        wrapper = None
        for victim in victims:
            if victim == "kernel":
                kill(kernel.pid)
            elif victim == "runner":
                for pid in pids("runner", job_id):
                    kill(pid)
            elif victim == "waiter":
                for pid in pids("waiter", os.environ["CUBE_LOCKS"]):
                    kill(pid)
            else:
                task = chance.choice(folder.task_names)
                claim = folder.claim(task, 1)
                if claim is not None and folder.exit_record(task, 1) is None:
                    wrapper = task
                    kill(claim.wrapper.pid)
        resumed_at = first.got[-1][0] if first.got else 0
        second = Follower(folder.path, resumed_at)
        job = Job(folder)
        end = job.wait(30)
        assert end.final, job.snapshot()
        first.join(10)
        second.join(10)
        assert not first.is_alive()
        assert not second.is_alive()
        full = [shown(line) for line in job.lines() if isinstance(line, Line)]
        assert first.got == full
        assert second.got == [item for item in full if item[0] > resumed_at]
        assert not first.gaps
        states = {task.name: task for task in job.snapshot().tasks}
        for name, state in states.items():
            mine = [text for _, task, text in full if task == name]
            numbers = [int(text.split()[1]) for text in mine]
            assert numbers == list(range(len(numbers))), f"{name} lost, doubled or reordered lines"
            log = (folder.path / "tasks" / name / "1.log").read_text() if mine else ""
            assert mine == log.splitlines()
            if state.state is State.SUCCEEDED:
                assert len(numbers) == LINES
        if wrapper is None or states[wrapper].state is State.SUCCEEDED:
            assert end is State.SUCCEEDED, job.snapshot()
        else:
            assert end is State.FAILED
            assert states[wrapper].state in (State.FAILED, State.UNKNOWN)
            assert states[wrapper].exit is None
    finally:
        kill(kernel.pid)
        kernel.wait()
        if kernel.stdout is not None:
            kernel.stdout.close()


HOOKED = """
import os, signal, sys
left = int(sys.argv[2])
def hook(event, args):
    global left
    if event in ("os.rename", "os.link", "os.remove", "open", "fcntl.flock", "os.truncate", "shutil.rmtree"):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
from jupyter_cube.backends.local import launch, live, runner, start
from jupyter_cube.log import timeline
sys.addaudithook(hook)
sys.exit(runner.main([sys.argv[1]]))
"""


def test_owner_killed_before_every_step() -> None:
    """Owners die one after the other, each a step later than the one before; the last one finishes the job."""
    job = _submit_without_owner()
    for step in range(400):
        done = subprocess.run([sys.executable, "-c", HOOKED, str(job.folder), str(step)], timeout=60, check=False)
        if done.returncode == 0:
            break
    assert done.returncode == 0
    assert step > 10
    assert job.wait(20) is State.SUCCEEDED
    full = [shown(line) for line in job.lines() if isinstance(line, Line)]
    for name in ("worker-0", "worker-1"):
        assert [text for _, task, text in full if task == name] == [f"{number}" for number in range(200)]
    assert [cursor for cursor, _, _ in full] == sorted({cursor for cursor, _, _ in full})
    records = JobFolder(job.folder).records()
    ends = [record for record in records if record.get("state") == "SUCCEEDED" and "task" in record]
    assert sorted(record["task"] for record in ends) == [0, 1], "each task ended once"


def _submit_without_owner() -> Job:
    code = (
        "import sys; from jupyter_cube.backends.local import launch; launch.spawn_owner = lambda folder: None\n"
        "from jupyter_cube.api import submit\n"
        "print(submit('for i in $(seq 0 199); do echo $i; sleep 0.01; done', shell=True, instances=2).id)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return Job(Store(Path(os.environ["CUBE_STORE"])).folder(done.stdout.strip()))


def test_a_token_passed_between_tasks_comes_out_in_causal_order(tmp_path: Path) -> None:
    """Two tasks take turns, 20 ms apart; the merged log shows the turns in the order in which they happened."""
    code = (
        "import os, time, sys\n"
        "me, other = int(os.environ['PAI_TASK_INDEX']), 1 - int(os.environ['PAI_TASK_INDEX'])\n"
        f"place = {str(tmp_path)!r}\n"
        # an owner watches from here on
        "while not os.path.getsize(os.environ['CUBE_JOB'] + '/states.jsonl'): time.sleep(0.01)\n"
        "for turn in range(60):\n"
        "    if turn % 2 != me: continue\n"
        "    while turn and not os.path.exists(f'{place}/{turn - 1}'): time.sleep(0.001)\n"
        "    time.sleep(0.02)\n"
        "    print('turn', turn, flush=True)\n"
        "    open(f'{place}/{turn}', 'w').close()\n"
    )
    from jupyter_cube.api import Options, submit_words

    job = submit_words([sys.executable, "-c", code], Options(instances=2))
    assert job.wait(30) is State.SUCCEEDED
    turns = [int(line.line.split()[1]) for line in job.lines() if isinstance(line, Line)]
    assert turns == list(range(60))


def test_client_has_the_first_line_before_the_task_writes_its_second() -> None:
    from jupyter_cube.api import submit

    job = submit("echo first; sleep 0.5; echo second", shell=True)
    seen: list[str] = []
    for batch in job.follow_sync(0, provisional=True):
        for item in batch:
            if not isinstance(item, Gap):
                seen += [line.line for line in item.lines()]
        if seen == ["first"]:
            assert (job.folder / "tasks" / "worker-0" / "1.log").read_text() == "first\n"
            break
    assert seen == ["first"]
    job.wait(10)
