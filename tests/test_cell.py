"""A cell as files and a command."""

from __future__ import annotations

import sys

import pytest

from jupyter_cube.cells import cell


def test_a_cell_becomes_files_and_a_command() -> None:
    made = cell.prepare("x = 1", {})
    assert [file.path for file in made.files] == ["cell.py", "task.py", "worker.py"]
    assert made.files[0].text == "x = 1"
    assert made.command == 'exec "${CUBE_PYTHON:-python3}" -u "$CUBE_JOB/files/task.py"'
    assert (made.inputs, made.notes, made.faults, list(made.private)) == ((), (), (), ["path"])


def test_only_what_is_needed_goes_along() -> None:
    made = cell.prepare("!ls\nx = lr", {"lr": 1}, outputs=("x",), name="train")
    assert [file.path for file in made.files] == ["train.py", "task.py", "worker.py", "pickling.py", "shim.py"]
    assert made.command.endswith('/files/task.py" x')
    assert sorted(made.private) == ["inputs", "path"]
    assert made.inputs == ("lr",)


@pytest.mark.parametrize(
    ("text", "outputs", "fault"),
    [
        ("\nx = = 1", (), "cell:2:5: invalid syntax"),
        ("accuracy = 1", ("acuracy",), "--out: the cell never assigns 'acuracy'; did you mean 'accuracy'?"),
        ("x = 1", ("a b",), "--out: 'a b' is no name"),
        ("# nothing\n", (), "cell: the cell is empty; write Python below the magic"),
    ],
)
def test_mistakes_are_found_before_the_start(text: str, outputs: tuple[str, ...], fault: str) -> None:
    made = cell.prepare(text, {}, outputs=outputs)
    assert [str(each) for each in made.faults] == [fault]
    assert made == cell.CellJob(faults=made.faults)


def test_all_faults_come_at_once() -> None:
    made = cell.prepare("x = token_secret", {"token_secret": "a"}, outputs=("y", "z"))
    assert len(made.faults) == 3


def test_check_needs_no_notebook() -> None:
    assert cell.check("x = lr", outputs=("x",)) == ()
    (fault,) = cell.check("def f(:\n    pass")
    assert fault.line == 1


@pytest.mark.parametrize("text", ["df['x'] = 1", "from m import *", "def f():\n    global df\n    df = 1"])
def test_a_result_may_be_a_changed_input_or_come_from_elsewhere(text: str) -> None:
    assert cell.check(text, outputs=("df",)) == ()


def test_unknown_names_are_noted() -> None:
    text = "print(lrate, __name__)\ndisplay(1)\nx"
    assert cell.prepare(text, {"lr": 1, "rate": 2, "x": 3}).notes == (
        "sends x",
        "cell:1: lrate is not defined in this notebook; did you mean 'rate'?",
    )
    assert cell.prepare("from m import *\nlrate", {}).notes == ()


def test_preparing_a_plain_cell_imports_nothing_heavy() -> None:
    import subprocess

    code = (
        "import sys\nfrom jupyter_cube.cells import cell\ncell.prepare('x = lr', {'lr': 1}, outputs=('x',))\n"
        "print(sorted({'yaml', 'jinja2', 'IPython', 'cloudpickle', 'asyncio', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
