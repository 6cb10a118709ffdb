"""Shell lines and magics inside a task."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from test_task import lay, run_laid


def run(folder: Path, text: str, namespace: Mapping[str, Any] | None = None, **options: Any) -> str:
    done = run_laid(folder, lay(folder, text, namespace, **options))
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("!echo a; echo b", "a\nb\n"),
        ("!exit 3\n_exit_code", "3\n"),
        ("x = !echo a; echo b\nx", "['a', 'b']\n"),
        ("x = !echo a; echo b\n(x.s, x.n, x.l[0])", "('a b', 'a\\nb', 'a')\n"),
        ("!!echo a", "['a']\n"),
        ("n, d = 3, {'k': [4]}\n!echo {n} $n {d['k'][0] + 1} {n:>3} '$n' $$HOME {n}", "3 3 5 3 $n /h 3\n"),
        ("n = 3\n!echo {n} $unknown", "{n}\n"),
        ("!echo a | awk '{print $1}'", "a\n"),
        ("def f(local):\n    !echo {local}\nf('seen')", "seen\n"),
        ("%cd /\nimport os\nos.getcwd()", "/\n'/'\n"),
        ("x = %pwd\nx == __import__('os').getcwd()", "True\n"),
        ("%env A=b c\n!echo $A\n%env A", "env: A=b c\nb c\n'b c'\n"),
        ("%matplotlib inline\nimport os\nos.environ['MPLBACKEND']", "'Agg'\n"),
        ("%%bash\nread x <<< word\necho $x {x}", "word {x}\n"),
    ],
)
def test_lines_do_what_they_do_in_a_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, shown: str
) -> None:
    monkeypatch.setenv("HOME", "/h")
    monkeypatch.delenv("MPLBACKEND", raising=False)
    assert run(tmp_path, text) == shown


def test_pip_is_that_of_the_tasks_python(tmp_path: Path) -> None:
    assert f"(python {sys.version_info[0]}.{sys.version_info[1]})" in run(tmp_path, "%pip --version")


def test_time(tmp_path: Path) -> None:
    shown = run(tmp_path, "%time x = lr + 1\ny = %time x * 2\ny", {"lr": 1}).splitlines()
    assert [line.split(":")[0] for line in shown] == ["CPU times", "Wall time", "CPU times", "Wall time", "4"]
    shown = run(tmp_path, "%%time\nx = lr\nx", {"lr": 1}, outputs=("x",)).splitlines()
    assert [line.split(":")[0] for line in shown] == ["1", "CPU times", "Wall time"]


def test_a_failing_script_fails_the_cell_at_its_line(tmp_path: Path) -> None:
    done = run_laid(tmp_path, lay(tmp_path, "\n%%bash\nexit 3"))
    assert done.returncode == 1
    assert 'cell.py", line 2, in <module>' in done.stderr
    assert "shim.py" not in done.stderr
    assert done.stderr.endswith("CalledProcessError: Command '%%bash' returned non-zero exit status 3.\n")


def test_other_magics_are_ipythons(tmp_path: Path) -> None:
    text = "%timeit -n1 -r1 f()\nx = 3\n%who_ls\n"
    shown = run(tmp_path, "def f(): pass\n" + text).splitlines()
    assert "1 run, 1 loop each" in shown[0]
    assert shown[1] == "['f', 'x']"


def test_a_cell_magic_of_ipython_sees_the_cells_names(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run(tmp_path, "\n%%writefile {target}\nsome text\n", {"target": str(folder)})
    assert folder.read_text() == "some text\n"


def test_without_ipython_the_line_says_what_it_needs(tmp_path: Path) -> None:
    text = "import sys\nsys.modules['IPython.core.interactiveshell'] = None\n%timeit 1"
    done = run_laid(tmp_path, lay(tmp_path, text))
    lines = done.stderr.splitlines()
    assert 'cell.py", line 3, in <module>' in lines[1]
    assert lines[-1].startswith("RuntimeError: %timeit needs IPython, which this task's Python (")
