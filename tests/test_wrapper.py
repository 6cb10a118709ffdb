"""The script around every task, run for real by every POSIX sh there is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from jupyter_cube import process
from jupyter_cube.backends.local import nodes
from jupyter_cube.lifecycle.plan import Plan, Prerequisite, Role
from jupyter_cube.planning import wrapper

SHELLS = [words for words in (["dash"], ["busybox", "sh"], ["bash", "--posix"]) if shutil.which(words[0])]


class Case:
    """A job folder by hand, with one task."""

    def __init__(self, path: Path, shell: list[str]) -> None:
        self.path = path
        self.shell = shell
        self.tasks = path / "tasks" / "w-0"
        self.tasks.mkdir(parents=True)
        (path / "tasks" / "w-1").mkdir()
        (path / "private").mkdir()
        (path / "private" / "job.env").write_text(
            wrapper.exports({"FROM_JOB": "a 'b'\n$c", "PATH": os.environ["PATH"]})
        )
        (path / "private" / "base.env").write_text("FROM_BASE=1; export FROM_BASE\n")
        (path / "wrapper.sh").write_text(wrapper.WRAPPER)
        self.starter = "1 never"
        # This test owns the job, so no owner has to be started.
        me = process.identify(os.getpid())
        assert me is not None
        (path / "owner").write_text(f"{me.pid} {me.start}\n{{}}\n")
        (path / "owner.sh").write_text('touch "$CUBE_JOB/owner-started"\n')

    def lay(self, role: Role) -> None:
        callbacks = {
            (number, event): text
            for number, prerequisite in enumerate(role.prerequisites)
            for event, text in (*prerequisite.scripts.items(), ("check", prerequisite.check))
            if text
        }
        for name, text in wrapper.role_scripts(role, role.script, callbacks).items():
            (self.path / "private" / f"{role.name}.{name}").write_text(text)

    def start(self, *, attempt: int = 1, cwd: str = "", task: str = "w-0") -> subprocess.Popen[bytes]:
        env = {
            "PATH": os.environ["PATH"],
            "CUBE_JOB": str(self.path),
            "CUBE_TASK_NAME": task,
            "CUBE_ROLE": "w",
            "CUBE_ATTEMPT": str(attempt),
            "CUBE_CWD": cwd,
            "CUBE_DEVICES": "gpu0,gpu1",
            "CUBE_STARTER": self.starter,
            "CUBE_CGROUP": "",
            "CUBE_TASK_ENV": wrapper.exports({"FROM_TASK": "t"}),
            **{name: value for name, value in os.environ.items() if name == "CUBE_NO_PROC"},
        }
        return subprocess.Popen([*self.shell, str(self.path / "wrapper.sh")], env=env, start_new_session=True)

    def run(self, role: Role, **options: object) -> dict[str, object]:
        self.lay(role)
        assert self.start(**options).wait(20) == 0  # type: ignore[arg-type]
        return self.exit()

    def exit(self, attempt: int = 1) -> dict[str, object]:
        record = json.loads((self.tasks / f"{attempt}.exit").read_text())
        assert isinstance(record, dict)
        return record

    @property
    def log(self) -> str:
        return (self.tasks / "1.log").read_text()


@pytest.fixture(params=SHELLS, ids=lambda words: words[0])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return Case(tmp_path / "a job's $HOME `folder`", request.param)


def test_command_and_environment(case: Case) -> None:
    role = Role("w", 'printf "%s|%s\\n" "$FROM_JOB" "$FROM_TASK"; pwd; echo err >&2; exit 3')
    assert case.run(role) == {"phase": "command", "code": 3, "command_code": 3}
    assert case.log == f"a 'b'\n$c|t\n{case.tasks / '1.work'}\nerr\n"


def test_claim_names_the_wrapper_and_its_devices(case: Case) -> None:
    case.lay(Role("w", "sleep 30"))
    child = case.start()
    claim = case.tasks / "1.claim"
    deadline = time.monotonic() + 10
    while not claim.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    identity = process.identify(child.pid)
    assert identity is not None
    assert claim.read_text() == f"{identity.pid} {identity.start} gpu0,gpu1 \n"
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def test_second_wrapper_of_an_attempt_leaves(case: Case) -> None:
    (case.tasks / "1.claim").write_text("1 1 - \n")
    case.lay(Role("w", "echo ran"))
    assert case.start().wait(20) == 0
    assert sorted(path.name for path in case.tasks.iterdir()) == ["1.claim"]


def prerequisite(name: str, *, starts: str = "", fails: bool = False, ignore: bool = False) -> Prerequisite:
    scripts = {event: f"echo {name} {event}" for event in wrapper.EVENTS}
    if starts:
        scripts["taskStarts"] += f"\n{starts}"
    if fails:
        scripts["taskStarts"] += "\nexit 4"
    return Prerequisite(name, scripts, ignore_failure=ignore)


def test_callbacks_run_in_order_and_back(case: Case) -> None:
    role = Role("w", "echo command", prerequisites=(prerequisite("a"), prerequisite("b")))
    assert case.run(role)["code"] == 0
    assert case.log.splitlines() == [
        *("a taskStarts", "b taskStarts", "command", "b taskSucceeds", "a taskSucceeds"),
        *("b taskCompletes", "a taskCompletes"),
    ]


def test_failing_command_runs_task_fails(case: Case) -> None:
    role = Role("w", "exit 9", prerequisites=(prerequisite("a"),))
    assert case.run(role) == {"phase": "command", "code": 9, "command_code": 9}
    assert case.log.splitlines() == ["a taskStarts", "a taskFails", "a taskCompletes"]


def test_failing_prerequisite_fails_the_task_and_only_those_begun_complete(case: Case) -> None:
    role = Role("w", "echo command", prerequisites=(prerequisite("a", fails=True), prerequisite("b")))
    assert case.run(role) == {"phase": "prerequisite a", "code": 4, "command_code": None}
    assert case.log.splitlines() == ["a taskStarts", "a taskFails", "a taskCompletes"]


def test_ignored_failure_changes_nothing(case: Case) -> None:
    role = Role("w", "echo command", prerequisites=(prerequisite("a", fails=True, ignore=True),))
    assert case.run(role) == {"phase": "command", "code": 0, "command_code": 0}
    assert "command" in case.log.splitlines()


def test_a_check_that_succeeds_skips_all_events(case: Case) -> None:
    scripts = {event: f"echo {event}" for event in wrapper.EVENTS}
    role = Role("w", "echo command", prerequisites=(Prerequisite("p", scripts, check="echo looked; echo err >&2"),))
    assert case.run(role)["code"] == 0
    assert case.log.splitlines() == ["p: already there", "command"]


@pytest.mark.parametrize("cache", ["", "k"])
def test_two_tasks_run_a_node_once(case: Case, cache: str) -> None:
    scripts = {
        "taskStarts": "echo starts; sleep 0.8; echo 'A=a b' >> \"$CUBE_ENV\"",
        "taskSucceeds": "echo succeeds",
        "taskCompletes": "echo completes",
    }
    role = Role(
        "w", "echo $A", instances=2, prerequisites=(Prerequisite("p", scripts, scope="job", key="k", cache=cache),)
    )
    case.lay(role)
    laid = nodes.lay(
        str(case.path), Plan("j", (role,)), attempt=1, starting={0: 1, 1: 1}, cache=str(case.path / "cache")
    )
    for name, text in laid.items():
        (case.path / "private" / name).write_text(text)
    children = [case.start(task=task) for task in ("w-0", "w-1")]
    assert [child.wait(20) for child in children] == [0, 0]
    logs = [(case.path / "tasks" / task / "1.log").read_text().splitlines() for task in ("w-0", "w-1")]
    first, second = sorted(logs, key=lambda lines: lines[0] != "starts")
    assert [line for line in first if line != "completes"] == ["starts", "a b", "succeeds"]
    assert [line for line in second if line != "completes"][1:] == ["a b", "succeeds"]
    assert second[0].startswith("p: waits for w-")
    assert (first + second).count("completes") == 1
    assert (case.path / "cache" / "entries" / "k" / "done").exists() is bool(cache)


def test_the_failure_is_on_the_disk_while_task_fails_runs(case: Case) -> None:
    fails = 'cat "$CUBE_JOB/tasks/w-0/1.failed"; touch "$CUBE_JOB/tasks/w-0/1.release"'
    role = Role(
        "w",
        "exit 9",
        prerequisites=(Prerequisite("a", {"taskFails": "echo never"}), Prerequisite("b", {"taskFails": fails})),
    )
    assert case.run(role) == {"phase": "command", "code": 9, "command_code": 9}
    assert case.log == '{"phase": "command", "code": 9, "command_code": 9}\n'
    assert not (case.tasks / "1.failed").exists()


def test_failing_task_succeeds_fails_the_task(case: Case) -> None:
    scripts = {"taskSucceeds": "exit 5", "taskFails": "echo fails", "taskCompletes": "echo completes"}
    role = Role("w", "true", prerequisites=(Prerequisite("p", scripts),))
    assert case.run(role) == {"phase": "callback p", "code": 5, "command_code": 0}
    assert case.log.splitlines() == ["fails", "completes"]


def test_prerequisite_hands_values_on(case: Case) -> None:
    starts = 'echo "DATA=/a b=c" >> "$CUBE_ENV"; echo "not a variable=1" >> "$CUBE_ENV"; printf LAST=1 >> "$CUBE_ENV"'
    role = Role("w", 'echo "$DATA $LAST"', prerequisites=(prerequisite("a", starts=starts),))
    assert case.run(role)["code"] == 0
    assert "/a b=c 1" in case.log.splitlines()


@pytest.mark.parametrize("script", ['exec sh -c "exit 7"', "exec sh -c 'exit 7'", 'exec "$SHELL_NAME" -c "exit 7"'])
def test_simple_command_needs_no_bash(case: Case, script: str) -> None:
    (case.path / "private" / "job.env").write_text(wrapper.exports({"SHELL_NAME": "sh", "PATH": os.environ["PATH"]}))
    case.lay(Role("w", script))
    assert (case.path / "private" / "w.exec").exists()
    assert case.run(Role("w", script))["code"] == 7


@pytest.mark.parametrize("script", ["exec a <(b)", "exec a; b", "exec a && b", "a", 'exec "$(a)"', "exec a*"])
def test_other_commands_are_bash(script: str) -> None:
    assert set(wrapper.role_scripts(Role("w", script), script, {})) == {"command"}


@pytest.mark.parametrize(
    ("script", "code"),
    [("false\necho on", 1), ("echo $NOT_THERE", 1), ("false | true\necho on", 1), ("x=1\ncd /\necho $x $PWD", 0)],
)
def test_strict_commands_are_one_script(case: Case, script: str, code: int) -> None:
    assert case.run(Role("w", script, strict=True))["code"] == code
    assert ("1 /\n" in case.log) is (code == 0)


def test_plain_commands_have_bash_rules(case: Case) -> None:
    assert case.run(Role("w", "false\nyes | head -1\necho $NOT_THERE"))["code"] == 0


def test_stop_marker_and_term_leave_only_task_completes(case: Case) -> None:
    role = Role("w", "echo ready; sleep 60", prerequisites=(prerequisite("a"),))
    case.lay(role)
    child = case.start()
    deadline = time.monotonic() + 10
    while not (case.tasks / "1.log").exists() or "ready" not in case.log:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    (case.tasks / "1.stop").touch()
    os.killpg(child.pid, signal.SIGTERM)
    assert child.wait(10) == 0
    assert case.exit() == {"phase": "command", "code": 143, "command_code": 143}
    assert case.log.splitlines()[0] == "a taskStarts"
    assert case.log.splitlines()[-1] == "a taskCompletes"
    assert not {"a taskSucceeds", "a taskFails"} & set(case.log.splitlines())


def test_log_holds_nothing_of_ours_when_a_signal_ends_the_command(case: Case) -> None:
    assert case.run(Role("w", "exec sh -c 'echo mine; kill -TERM $$'"))["code"] == 143
    assert case.log == "mine\n"


def test_missing_working_folder_is_said(case: Case) -> None:
    assert case.run(Role("w", "true"), cwd="/not/there")["code"] == 126
    assert "/not/there is not there" in case.log


def test_owner_is_started_only_where_none_lives(case: Case) -> None:
    case.run(Role("w", "true"))
    assert not (case.path / "owner-started").exists()
    me = process.identify(os.getpid())
    assert me is not None
    case.starter = f"{me.pid} {me.start}"
    (case.path / "owner").unlink()  # nobody has owned it yet, and its starter lives
    assert case.start(attempt=3).wait(20) == 0
    assert not (case.path / "owner-started").exists()
    (case.path / "owner").write_text(f"{os.getpid()} 1\n{{}}\n")  # our pid, of another start
    assert case.start(attempt=2).wait(20) == 0
    deadline = time.monotonic() + 10
    while not (case.path / "owner-started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_variables_that_bash_does_not_let_go_are_left_out(case: Case) -> None:
    names = {"UID": "7", "SHELLOPTS": "x", "PPID": "1", "KEPT": "yes", "PATH": os.environ["PATH"]}
    (case.path / "private" / "base.env").write_text(wrapper.exports(names))
    assert case.run(Role("w", "echo $KEPT"))["code"] == 0
    assert case.log == "yes\n"
