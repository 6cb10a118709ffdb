"""``jupyter cube``: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_cube import api
from jupyter_cube.cli import main
from jupyter_cube.lifecycle.state import State

COMMAND = [sys.executable, "-m", "jupyter_cube"]


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The working folder, with a script that does well and one that does not."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.sh").write_text("echo one\necho two\n")
    (tmp_path / "bad.sh").write_text("echo boom\nexit 3\n")
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(words)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_submit_prints_the_id_and_nothing_else(capsys) -> None:
    code, out, err = run(capsys, "submit", "good.sh", "--name", "train")
    assert code == 0
    assert api.job(out.strip()).wait(20) is State.SUCCEEDED
    assert f"logs {out[:6]} --follow" in err


@pytest.mark.parametrize(("script", "expected"), [("good.sh", 0), ("bad.sh", 1)])
def test_the_exit_code_says_how_a_job_ended(capsys, script: str, expected: int) -> None:
    code, out, err = run(capsys, "submit", script, "--follow")
    assert code == expected
    assert out == ("one\ntwo\n" if expected == 0 else "boom\n")
    assert ("succeeded" if expected == 0 else "failed") in err
    code, out, _ = run(capsys, "submit", script, "--wait")
    assert code == expected
    assert run(capsys, "wait", out.strip())[0] == expected


def test_following_as_json(capsys) -> None:
    code, out, _ = run(capsys, "submit", "bad.sh", "--follow", "--json")
    first, *lines, last = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert set(first) == {"id", "state"}
    assert last == {"id": first["id"], "state": "FAILED"}
    assert [line["line"] for line in lines] == ["boom"]
    assert set(lines[0]) == {"cursor", "time", "role", "index", "attempt", "line"}
    assert lines[0]["time"].endswith("Z")


BROKEN = """\
protocolVersion: 2
name: x
type: job
taskRoles:
  worker:
    instances: many
"""


def test_check_and_plan_say_what_is_wrong_and_start_nothing(capsys, folder: Path) -> None:
    (folder / "broken.yaml").write_text(BROKEN)
    code, out, _ = run(capsys, "check", "broken.yaml", "--json")
    [report] = json.loads(out)
    assert code == 2
    assert not report["ok"]
    assert any((fault["line"], fault["path"]) == (6, "taskRoles.worker.instances") for fault in report["errors"])
    assert "broken.yaml:6:" in run(capsys, "check", "broken.yaml")[1]
    code, out, _ = run(capsys, "plan", "broken.yaml", "--json")
    assert code == 2
    assert json.loads(out)["errors"]
    code, out, _ = run(capsys, "plan", "good.sh", "--instances", "2", "--gpu", "0", "--json")
    assert code == 0
    assert [(task["role"], task["index"]) for task in json.loads(out)["tasks"]] == [("worker", 0), ("worker", 1)]
    assert api.jobs() == []


def test_a_plan_of_a_command(capsys) -> None:
    words = ("plan", "--require", "digits", "--instances", "2", "--json", "--", "python", "train.py")
    code, out, err = run(capsys, *words)
    assert code == 0, err
    assert [node["name"] for node in json.loads(out)["graph"]["worker"]] == ["digits", "digits"]
    assert "plan needs FILE, or -- COMMAND" in run(capsys, "plan")[2]


def test_options_that_a_job_says_itself_are_refused_beside_it(capsys, folder: Path) -> None:
    (folder / "job.yaml").write_text(BROKEN.replace("many", "1"))
    code, _, err = run(capsys, "submit", "job.yaml", "--gpu", "3", "--instances", "1", "--name", "mine")
    assert code == 2
    assert "--gpu is for cells, scripts and commands, a job says it itself; write taskRoles.ROLE.resource" in err
    assert "--instances is for cells" in err
    assert "--name" not in err
    assert api.jobs() == []


def test_a_folder_or_an_item_is_no_file(capsys, folder: Path) -> None:
    (folder / "sub").mkdir()
    assert "sub: this is a folder; name a .yaml, .py or .sh file in it" in run(capsys, "submit", "sub")[2]
    assert "for the item of that name write --require digits -- COMMAND" in run(capsys, "submit", "digits")[2]
    err = run(capsys, "submit", "python_script")[2]
    assert "for the job template of that name write marketplace://name/python_script" in err


def test_clean_deletes_what_its_rule_says(capsys) -> None:
    for name in ("first", "second"):
        run(capsys, "submit", "good.sh", "--wait", "--name", name)
    assert run(capsys, "clean", "--keep", "1", "--dry-run")[1].startswith("would delete first ")
    assert [one["name"] for one in json.loads(run(capsys, "clean", "--keep", "1", "--json")[1])] == ["first"]
    assert [one.name for one in api.jobs()] == ["second"]


def test_words_are_a_command(capsys) -> None:
    code, out, _ = run(
        capsys, "submit", "--follow", "--", sys.executable, "-c", "import sys; print(sys.argv)", "a b", "$x"
    )
    assert code == 0
    assert out == "['-c', 'a b', '$x']\n"


def test_logs(capsys) -> None:
    _, out, _ = run(capsys, "submit", "good.sh", "--wait", "--instances", "2", "--name", "pair")
    job_id = out.strip()
    code, out, _ = run(capsys, "logs", "pair")
    assert code == 0
    assert sorted(out.splitlines()) == ["worker-0 │ one", "worker-0 │ two", "worker-1 │ one", "worker-1 │ two"]
    assert run(capsys, "logs", "pair", "--task", "worker-1")[1] == "one\ntwo\n"
    assert run(capsys, "logs", job_id[:5], "--task", "worker-1", "--tail", "1")[1] == "two\n"
    _, out, _ = run(capsys, "logs", "pair", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    _, out, _ = run(capsys, "logs", "pair", "--json", "--cursor", str(lines[1]["cursor"]))
    assert [json.loads(line) for line in out.splitlines()] == lines[2:]
    _, out, _ = run(capsys, "logs", "pair", "--json", "--search", "tw")
    assert [json.loads(line) for line in out.splitlines()] == [line for line in lines if line["line"] == "two"]
    _, out, _ = run(capsys, "logs", "pair", "--follow", "--json")
    assert [json.loads(line) for line in out.splitlines()] == lines


def test_records(capsys) -> None:
    run(capsys, "submit", "bad.sh", "--wait", "--name", "bad")
    [record] = json.loads(run(capsys, "jobs", "--json")[1])
    assert record["state"] == "FAILED"
    described = json.loads(run(capsys, "describe", "bad", "--json")[1])
    assert described["id"] == record["id"]
    assert described["tasks"][0]["exit"]["code"] == 3
    assert "✕ worker-0" in run(capsys, "describe", "bad")[1]
    assert json.loads(run(capsys, "wait", "bad", "--json")[1])[0]["state"] == "FAILED"
    assert "bad" in run(capsys, "jobs", "--state", "failed")[1]
    assert run(capsys, "jobs", "--state", "RUNNING")[1] == "no jobs\n"


def test_retry_and_stop_and_delete(capsys) -> None:
    run(capsys, "submit", "bad.sh", "--wait", "--name", "bad")
    assert run(capsys, "retry", "bad", "--failed")[0] == 0
    assert run(capsys, "wait", "bad")[0] == 1
    assert json.loads(run(capsys, "describe", "bad", "--json")[1])["attempt"] == 2
    assert run(capsys, "stop", "bad")[0] == 0  # it has ended: nothing to do
    assert run(capsys, "delete", "bad")[1].startswith("deleted bad ")
    code, out, err = run(capsys, "describe", "bad")
    assert (code, out) == (2, "")
    assert "no job 'bad'" in err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["sbmit"], "submit"),
        (["submit", "--gpus", "1"], "--gpu"),
        (["submit", "none.sh"], "none.sh"),
        (["logs", "nothing"], "no job 'nothing'"),
        (["submit"], "nothing to submit"),
        (["submit", "good.sh", "--as", "j"], "--as: it makes sense only in a notebook"),
        (["submit", "good.sh", "--shell"], "--shell: it makes sense only in a cell"),
        (["jobs", "--limit", "many"], "--limit"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line_on_stderr(capsys, words: list[str], part: str) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert part in err


def test_a_store_that_cannot_be_written_is_no_mistake(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUBE_STORE", "/sys/cube")
    code, _, err = run(capsys, "submit", "good.sh")
    assert code == 3
    assert "CUBE_STORE" in err


@pytest.mark.parametrize("words", [[], ["help"], ["submit", "-h"], ["--version"]], ids=" ".join)
def test_help_is_no_error(capsys, words: list[str]) -> None:
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    assert out


def test_an_interrupt_leaves_the_job_running() -> None:
    (Path("slow.sh")).write_text("echo begun\nsleep 60\n")
    words = [*COMMAND, "submit", "slow.sh", "--follow", "--name", "slow"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    job = api.job("slow")
    assert f"logs {job.short_id} --follow" in err
    assert job.state is State.RUNNING
    job.stop()
    assert job.wait(20) is State.STOPPED


def test_debug_opens_a_shell_where_the_task_was(folder: Path, capsys) -> None:
    run(capsys, "submit", "bad.sh", "--wait", "--name", "bad")
    done = subprocess.run(
        [*COMMAND, "debug", "bad"],
        input='echo "$PAI_TASK_ROLE_LIST $PWD"\n',
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"worker {folder}" in done.stdout


def test_completion_costs_no_heavy_import() -> None:
    code = "import sys; from jupyter_cube.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, "completion", "--words", "sub"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "submit\n"
    assert not {"asyncio", "yaml", "jinja2", "IPython", "numpy"} & set(done.stderr.split())


def test_windows_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert main(["jobs"]) == 3
    assert capsys.readouterr().err == "jupyter-cube runs on Linux and macOS; on Windows use it inside WSL\n"


def test_describe_says_no_end_of_a_job_that_runs(capsys, until: Callable[..., None]) -> None:
    job = api.submit("sleep 30", shell=True, name="sleeper")
    until(lambda: job.state is State.RUNNING)
    out = run(capsys, "describe", "sleeper")[1]
    assert "started: 2" in out
    assert "ended" not in out
    job.stop()
    job.wait(20)
    assert "ended: 2" in run(capsys, "describe", "sleeper")[1]


def test_a_job_that_was_waited_for_and_failed_shows_its_last_lines(capsys) -> None:
    code, out, err = run(capsys, "submit", "bad.sh", "--wait")
    assert code == 1
    assert out.count("\n") == 1, "the id alone"
    assert err.endswith("worker-0 │ boom\n")


INTERRUPTED_IMPORT = """
import sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "jupyter_cube.cli":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from jupyter_cube.__main__ import main
sys.exit(main())
"""


def test_an_interrupt_while_the_program_is_imported_is_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, text=True, check=False)
    assert done.stderr == "interrupted\n"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("/dev/zero", "the file '/dev/zero' is not below the job's folder"),
        ("../secret", "the file '../secret' is not below the job's folder"),
        ("pipe", "'pipe' is no ordinary file"),
        ("nothing", "the file 'nothing' cannot be read as text"),
    ],
)
def test_a_job_lists_only_ordinary_files_of_its_own(capsys, folder: Path, name: str, line: str) -> None:
    os.mkfifo(folder / "pipe")
    role = {"dockerImage": "i", "resourcePerInstance": {"cpu": 1, "memoryMB": 0, "gpu": 0}, "commands": ["true"]}
    image = {"type": "dockerimage", "name": "i", "uri": "x"}
    job = {"protocolVersion": 2, "name": "j", "type": "job", "prerequisites": [image], "taskRoles": {"w": role}}
    (folder / "job.json").write_text(json.dumps({**job, "extras": {"jupyter_cube": {"files": [name]}}}))
    for verb in ("plan", "submit"):
        code, out, err = run(capsys, verb, "job.json")
        assert code == 2
        assert line in out + err


def test_a_wrong_size_names_the_option_that_was_typed(capsys) -> None:
    for words in (("clean", "--size", "5X"), ("clean", "--cache", "--size", "5X")):
        assert run(capsys, *words) == (2, "", "--size: '5X' is no size; write 512M or 4G\n")
    assert run(capsys, "submit", "good.sh", "--memory", "5X")[2] == "--memory: '5X' is no size; write 512M or 4G\n"
    assert run(capsys, "submit", "good.sh", "-p", "lr")[2] == "--parameter/-p: 'lr' is not NAME=VALUE\n"


def test_several_items_in_a_file_are_one_list(capsys, folder: Path) -> None:
    one, two = "name: one\nplugin: cmd\n", "name: two\nplugin: cmd\n"
    (folder / "items.yaml").write_text(f"{one}---\n{two}")
    for verb in ("check", "publish"):
        code, out, err = run(capsys, verb, "items.yaml")
        assert code == 2
        assert "items.yaml:3:1: a second document begins here; write one list, each item after '- '" in out + err
    (folder / "items.yaml").write_text("- {name: one, plugin: cmd}\n- {name: two, plugin: cmd}\n")
    assert run(capsys, "check", "items.yaml")[:2] == (0, "items.yaml: ok\n")
    assert run(capsys, "publish", "items.yaml")[1].count("published ") == 2
    (folder / "empty.yaml").write_text("")
    line = "empty.yaml: there is nothing in it; write an item, or name another file\n"
    assert run(capsys, "publish", "empty.yaml") == (2, "", line)


def job_file(folder: Path, **more: object) -> str:
    """A job's file with these keys of its role's resources."""
    resources = json.dumps({"cpu": 1, "memoryMB": 0, "gpu": 0, **more})
    (folder / "job.yaml").write_text(
        "protocolVersion: 2\nname: j\ntype: job\nprerequisites: [{type: dockerimage, name: i, uri: x}]\n"
        f"taskRoles:\n  w:\n    dockerImage: i\n    resourcePerInstance: {resources}\n    commands: ['true']\n"
    )
    return "job.yaml"


def test_gpus_that_are_not_there_are_said_with_place_and_advice(capsys, folder: Path, own_places: Path) -> None:
    config = Path(os.environ["JUPYTER_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "jupyter_cube_config.json").write_text('{"devices": ["gpu0"]}')
    file = job_file(folder, gpu=3)
    place = "job.yaml:8:52: taskRoles.w.resourcePerInstance.gpu"
    why = "needs 3 GPUs, this machine has 1 that may be used; ask for fewer, or submit it on a machine that has them"
    assert run(capsys, "submit", file) == (2, "", f"{place}: {why}\n")
    assert f"error: {place}: {why}\n" in run(capsys, "plan", file)[1]
    code, out, _ = run(capsys, "check", file)
    assert code == 0, "on another machine it is right"
    assert f"warning: {place}: {why}\n" in out
    assert run(capsys, "submit", "good.sh", "--gpu", "3")[2] == f"--gpu: {why}\n"
    assert api.jobs() == []


def test_check_says_what_would_be_refused_here(capsys, folder: Path) -> None:
    job_file(folder)
    with (folder / "job.yaml").open("a") as file:
        file.write("extras: {storages: [{name: st}]}\n")
    assert "it cannot run here: Storage st is not found. Name its folder in" in run(capsys, "check", "job.yaml")[1]
    assert "Storage st is not found. Name its folder in" in run(capsys, "submit", "job.yaml")[2]


def test_a_folder_cannot_be_checked(capsys, folder: Path) -> None:
    code, out, _ = run(capsys, "check", str(folder))
    assert (code, out) == (2, f"{folder}: not ok\n  {folder}: this is a folder; name the .yaml files in it\n")


def test_stop_says_what_was_asked(capsys, until: Callable[..., None]) -> None:
    job = api.submit("trap '' TERM; sleep 30", shell=True, name="sleeper", grace=0.2)
    until(lambda: job.state is State.RUNNING)
    assert run(capsys, "stop", "sleeper")[1].startswith("◐ sleeper  stopping ")
    assert json.loads(run(capsys, "stop", "sleeper", "--json")[1])[0]["state"] in ("STOPPING", "STOPPED")
    assert job.wait(20) is State.STOPPED
    assert run(capsys, "stop", "sleeper")[1].startswith("■ sleeper  stopped ")


def test_a_name_that_is_changed_is_said(capsys, folder: Path) -> None:
    note = "the job's name is bad-name: names are of letters, digits, - and _\n"
    for words in (("good.sh",), (job_file(folder),)):
        err = run(capsys, "submit", "--name", "bad name/ü", *words)[2]
        assert err.count(note) == 1
        assert "submitted bad-name;" in err
    assert "the job's name is" not in run(capsys, "submit", "--name", "good", "good.sh")[2]
