"""``%cube`` and ``%%cube`` in IPython."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from jupyter_cube import api, bundle
from jupyter_cube.errors import CubeError, JobFailedError, NotFoundError, SpecError, UsageError
from jupyter_cube.lifecycle.state import State


class Notebook:
    """A shell with the magics loaded and a kernel that only knows its request."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.published: list[dict[str, Any]] = []
        self._cells = 0

    def kernel(self, *, allow_stdin: bool) -> None:
        """From here on there is a kernel; what is displayed is kept."""

        def get_parent(channel: str) -> dict[str, Any]:
            assert channel == "shell"
            return {"header": {"msg_id": str(self._cells)}, "content": {"allow_stdin": allow_stdin}}

        def publish(*, data: dict[str, Any], transient: dict[str, Any], update: bool, **_: Any) -> None:
            self.published.append({"data": data, "id": transient["display_id"], "update": update})

        self.shell.kernel = SimpleNamespace(get_parent=get_parent)
        self.shell.display_pub.publish = publish

    def run(self, text: str) -> Any:
        """Run a cell; what its last line gives. An error is raised."""
        self._cells += 1
        result = self.shell.run_cell(text)
        result.raise_error()
        return result.result

    def fails(self, text: str, kind: type[CubeError]) -> str:
        """Run a cell that ends with an error; the one line a person sees."""
        with pytest.raises(kind) as caught:
            self.run(text)
        assert type(caught.value) is kind
        [line] = caught.value._render_traceback_()
        return line


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ipython: InteractiveShell) -> Notebook:
    monkeypatch.chdir(tmp_path)
    return Notebook(ipython)


def test_loading_imports_next_to_nothing() -> None:
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell; shell = InteractiveShell();"
        "before = set(sys.modules); import jupyter_cube; jupyter_cube.load_ipython_extension(shell);"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert eval(done.stdout) == ["jupyter_cube", "jupyter_cube.notebook", "jupyter_cube.notebook.magics"]


def test_a_cell_is_bound_and_returns_at_once(notebook: Notebook, capsys) -> None:
    assert notebook.run("%%cube submit --shell --name hello --as j\necho hi") is None
    job = notebook.shell.user_ns["j"]
    assert job.name == "hello"
    assert f"logs {job.short_id} --follow" in capsys.readouterr().out
    assert job.wait(20) is State.SUCCEEDED


def test_a_line_returns_the_job(notebook: Notebook, tmp_path: Path) -> None:
    (tmp_path / "hello.sh").write_text("echo from a file\n")
    notebook.run("j = %cube submit hello.sh --follow")
    assert isinstance(notebook.shell.user_ns["j"], api.Job)


def test_following_shows_the_log_and_then_the_state(notebook: Notebook, capsys) -> None:
    notebook.run("%%cube submit --shell --follow --name hello\necho one\necho two")
    assert capsys.readouterr().out.splitlines()[:2] == ["one", "two"]
    notebook.run("%%cube submit --shell --follow --name hello --instances 2\necho one")
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines[:2]) == ["worker-0 │ one", "worker-1 │ one"]
    assert lines[2].startswith("✓ hello  succeeded")


def test_following_a_file_shows_its_log_once(notebook: Notebook, tmp_path: Path, capsys) -> None:
    (tmp_path / "job.sh").write_text("echo only once\n")
    notebook.kernel(allow_stdin=True)
    job = notebook.run("%cube submit job.sh --follow")
    assert job.state is State.SUCCEEDED
    assert capsys.readouterr().out.count("only once") == 1
    assert notebook.published == []
    notebook.run("_")
    assert len(notebook.published) == 1, "in another cell the job is a card"


HELD = """\
protocolVersion: 2
name: broken
type: job
prerequisites:
- {type: dockerimage, name: i, uri: x}
- {type: script, name: hook, plugin: cmd, callbacks: [{event: taskFails, commands: [sleep 10m]}]}
taskRoles:
  w:
    dockerImage: i
    prerequisites: [hook]
    resourcePerInstance: {cpu: 1, memoryMB: 0, gpu: 0}
    commands: [exit 9]
"""


def test_following_says_once_that_a_task_is_held_and_what_to_do(notebook: Notebook, monkeypatch, until) -> None:
    job = notebook.run(f"%%cube submit --as job\n{HELD}") or notebook.shell.user_ns["job"]
    until(lambda: job.snapshot().tasks[0].held)
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)

    def release() -> None:
        until(lambda: "held" in printed.getvalue())
        job.release()

    thread = threading.Thread(target=release)
    thread.start()
    notebook.run("%cube logs broken --follow")
    thread.join()
    said = [line for line in printed.getvalue().splitlines() if "held" in line]
    enter, release = f"%cube debug {job.short_id}", f"%cube debug {job.short_id} --release"
    assert said == [
        f"— w-0 exit 9, held for debugging, 10 min left; enter it with: {enter}; let it end with: {release} —"
    ]


def test_waiting_for_a_failed_job_is_one_error_with_its_last_lines(notebook: Notebook) -> None:
    line = notebook.fails("%%cube submit --shell --wait --name bad\necho boom\nexit 3", JobFailedError)
    assert line.startswith("JobFailedError: job bad")
    assert "exit 3" in line
    assert "boom" in line


def test_following_a_failed_job_is_no_error(notebook: Notebook, capsys) -> None:
    notebook.run("%%cube submit --shell --follow --name bad\nexit 3")
    assert "✕ bad  failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cell", "parts"),
    [
        ("%cube sbmit", ["unknown verb 'sbmit'", "submit"]),
        ("%%cube submit --gpus 1\nprint()", ["unknown option --gpus", "--gpu"]),
        ("%%cube submit --name don't\nprint()", ["a quote is not closed"]),
        ("%%cube jobs\nprint()", ["takes no cell", "%cube jobs"]),
        ("%cube submit", ["nothing to submit"]),
        ("%%cube submit train.py\nprint()", ["more than one thing"]),
        ("%%cube submit --gpu $gpus\nprint()", ["--gpu", "no variable 'gpus'"]),
        ("%%cube submit -p lr=$lr --env X=$x\nprint()", ["--parameter", "no variable 'lr'"]),
        ("%%cube submit --as 1j\nprint()", ["--as", "'1j'"]),
    ],
)
def test_a_mistake_is_one_line_and_starts_nothing(notebook: Notebook, cell: str, parts: list[str]) -> None:
    line = notebook.fails(cell, UsageError)
    assert "\n" not in line
    for part in parts:
        assert part in line
    assert api.jobs() == []


def test_an_unknown_job_names_the_near_ones(notebook: Notebook) -> None:
    notebook.run("%%cube submit --shell --name train\ntrue")
    assert "did you mean train" in notebook.fails("%cube logs trian", NotFoundError)


def test_faults_of_a_yaml_cell_have_the_lines_of_the_cell(notebook: Notebook) -> None:
    cell = "%%cube submit\nprotocolVersion: 2\nname: x\ntype: job\ntaskRoles:\n  worker:\n    instances: many\n"
    with pytest.raises(SpecError) as caught:
        notebook.run(cell)
    assert any("cell:7" in line for line in caught.value._render_traceback_())


def test_values_of_the_notebook_fill_options(notebook: Notebook, capsys) -> None:
    notebook.shell.user_ns.update(count=2, text="it's $HOME {x}", job_name="swarm")
    notebook.run(
        '%%cube submit --shell --follow --name $job_name --instances $count --env T=$text --env U=$$count\necho "$T|$U"'
    )
    out = capsys.readouterr().out
    assert "worker-1 │ it's $HOME {x}|$count" in out
    assert "swarm" in out


def test_text_in_braces_reaches_the_cell_as_it_is(notebook: Notebook, capsys) -> None:
    notebook.shell.user_ns["x"] = "WRONG"
    notebook.run("%%cube submit --shell --follow --name 'a'\necho '{x} $x {{ y }}'")
    assert "{x} $x {{ y }}" in capsys.readouterr().out


def test_json_is_one_document(notebook: Notebook, capsys) -> None:
    notebook.run("%%cube submit --shell --wait --json\ntrue")
    made = json.loads(capsys.readouterr().out)
    notebook.run(f"%cube describe {made['id']} --json")
    assert json.loads(capsys.readouterr().out)["state"] == "SUCCEEDED"


def test_help_is_shown(notebook: Notebook, capsys) -> None:
    notebook.run("%cube")
    assert "%%cube submit" in capsys.readouterr().out
    notebook.run("%cube submit -h")
    assert "--gpu N" in capsys.readouterr().out


def test_a_living_card_once_a_cell(notebook: Notebook, tmp_path: Path, until) -> None:
    (tmp_path / "a.sh").write_text("echo hi\n")
    notebook.kernel(allow_stdin=True)
    job = notebook.run("%cube submit a.sh")
    notebook.shell.display_formatter.format(job)  # what the last line of the same cell does
    until(lambda: notebook.published[-1]["data"][bundle.MIME]["state"] == "SUCCEEDED")
    assert [one["update"] for one in notebook.published].count(False) == 1
    notebook._cells += 1
    assert notebook.shell.display_formatter.format(job) == ({}, {})  # in a later cell: another card, shown by itself
    assert [one["update"] for one in notebook.published].count(False) == 2


def test_with_nobody_there_a_submit_waits_and_fails_with_its_job(notebook: Notebook) -> None:
    notebook.kernel(allow_stdin=False)
    assert "exit 4" in notebook.fails("%%cube submit --shell\nsleep 0.2; exit 4", JobFailedError)
    assert notebook.published[-1]["data"][bundle.MIME]["state"] == "FAILED"
    notebook.run("%%cube submit --shell --detach --as j\nsleep 0.2; exit 4")
    assert notebook.shell.user_ns["j"].wait(20) is State.FAILED


def test_verbs_after_a_job(notebook: Notebook, capsys) -> None:
    notebook.run("%%cube submit --shell --name long --as j\necho begun; sleep 60")
    capsys.readouterr()
    job = notebook.shell.user_ns["j"]
    notebook.run("%cube jobs")
    assert "long" in capsys.readouterr().out
    notebook.run("%cube stop $j")
    notebook.run("%cube wait long")
    assert "■ long" in capsys.readouterr().out
    notebook.run("%cube debug long --task worker-0")
    assert f"debug {job.short_id} --task worker-0" in capsys.readouterr().out
    notebook.run("%cube logs long")
    assert capsys.readouterr().out.startswith("begun\n")
    notebook.run("%cube delete long")
    assert api.jobs() == []
