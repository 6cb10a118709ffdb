"""``debug`` opens a shell that sees what a task sees, on a real terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from plans import Job, Mount, Prerequisite, Role, run, until

from jupyter_cube.backends.local import mounts
from jupyter_cube.errors import ConflictError
from jupyter_cube.lifecycle.state import State

TOP = "/cube-test-debug"
HOOK = Prerequisite("hook", {"taskStarts": "echo HANDED=on >> $CUBE_ENV", "taskFails": "sleep 10m"})


class Shell:
    """What ``jupyter cube debug`` opens, on a terminal of its own."""

    def __init__(self, *words: str) -> None:
        self.here, there = pty.openpty()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "jupyter_cube", "debug", *words],
            stdin=there,
            stdout=there,
            stderr=there,
            start_new_session=True,
            env={**os.environ, "TERM": "dumb"},
        )
        os.close(there)
        self.seen = ""

    def run(self, line: str) -> list[str]:
        """The lines that a command writes."""
        begin, end = f"<{len(self.seen)}", f"{len(self.seen)}>"
        os.write(self.here, f"echo '<''{begin[1:]}'; {line}; echo '{end[:-1]}''>'\n".encode())
        self._read_until(rf"\r?\n{end}\r?\n")
        text = self.seen[self.seen.rindex(f"\n{begin}") :].replace("\r", "")
        return text.split("\n")[2 : text.split("\n").index(end)]

    def _read_until(self, pattern: str) -> None:
        deadline = time.monotonic() + 20
        while not re.search(pattern, self.seen):
            assert time.monotonic() < deadline, self.seen
            if select.select([self.here], [], [], 0.1)[0]:
                self.seen += os.read(self.here, 65536).decode()

    def end(self) -> int:
        os.write(self.here, b"exit\n")
        code = self.child.wait(10)
        os.close(self.here)
        return code


@pytest.fixture
def held() -> Job:
    refused = mounts.refused(Path(os.environ["CUBE_STORE"]))
    places = () if refused else (Mount("job", "place", TOP),)
    script = f"echo content > file; [ ! -e {TOP} ] || echo inside > {TOP}/only; exit $((PAI_TASK_INDEX * 9))"
    job = run(
        Role(
            "w", script, instances=2, min_succeeded=-1, env={"FROM_ROLE": "a 'b'"}, prerequisites=(HOOK,), mounts=places
        )
    )
    until(lambda: any(task.held for task in job.snapshot().tasks))
    return job


def test_the_shell_of_a_held_task_sees_folder_variables_files_and_mounts(held: Job) -> None:
    shell = Shell(held.id)
    assert shell.run("pwd") == [f"{held.folder}/tasks/w-1/1.work"]
    assert shell.run("cat file") == ["content"]
    assert shell.run('echo "$PAI_TASK_INDEX|$FROM_ROLE|$HANDED|$CUDA_VISIBLE_DEVICES|$PAI_WORK_DIR|$CUBE_TASK"') == [
        f"1|a 'b'|on||{held.folder}/tasks/w-1/1.work|"
    ]
    if (held.folder / "private" / "w.mounts").exists():
        assert shell.run(f"cat {TOP}/only") == ["inside"]
        assert not os.path.exists(TOP)
    assert shell.run("id -u") == [str(os.getuid())]
    held.release()
    assert held.wait(10) is State.FAILED
    assert shell.run("echo still here") == ["still here"]
    assert shell.end() == 0


def test_the_shell_of_an_ended_task_sees_the_same(held: Job) -> None:
    held.release()
    assert held.wait(10) is State.FAILED
    shell = Shell(held.id)
    assert shell.run("cat file; echo $PAI_TASK_INDEX $HANDED") == ["content", "1 on"]
    if (held.folder / "private" / "w.mounts").exists():
        assert shell.run(f"cat {TOP}/only") == ["inside"]
    assert shell.end() == 0
    other = Shell(held.id, "--task", "w-0")
    assert other.run("echo $PAI_TASK_INDEX") == ["0"]
    assert other.end() == 0


def test_a_killed_task_can_be_looked_at(held: Job) -> None:
    os.kill(held.snapshot().tasks[1].pid, signal.SIGKILL)
    assert held.wait(10) is State.FAILED
    shell = Shell(held.id)
    assert shell.run("cat file") == ["content"]
    assert shell.end() == 0


def test_a_job_without_its_environment_says_so() -> None:
    job = run(Role("w", "true"))
    assert job.wait(10) is State.SUCCEEDED
    with pytest.raises(ConflictError) as caught:
        job.debug()
    assert str(caught.value).startswith("p: its environment has been deleted; its log stays; run it again with: ")
    assert str(caught.value).endswith(f"submit {job.folder}/spec.yaml")
