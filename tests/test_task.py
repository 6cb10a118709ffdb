"""The file that runs a cell in a task: its semantics are a script's, its looks a notebook's."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_cube.cells import cell

Run = Callable[..., subprocess.CompletedProcess[str]]


def lay(folder: Path, text: str, namespace: Mapping[str, Any] | None = None, **options: Any) -> cell.CellJob:
    """Make a cell into a job's folder."""
    made = cell.prepare(textwrap.dedent(text), namespace or {}, **options)
    assert made.faults == ()
    for part in ("files", "private", "results"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for file in made.files:
        (folder / "files" / file.path).write_text(file.text, "utf-8")
    for name, data in made.private.items():
        (folder / "private" / name).write_bytes(data)
    return made


def run_laid(folder: Path, made: cell.CellJob, **env: str) -> subprocess.CompletedProcess[str]:
    given = {"CUBE_JOB": str(folder), "CUBE_RESULTS": str(folder / "results"), "CUBE_PYTHON": sys.executable, **env}
    return subprocess.run(
        ["bash", "-c", made.command],
        env={**os.environ, **given},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(text, namespace, inputs=, outputs=)``: the process that ran the cell."""

    def go(text: str, namespace: Mapping[str, Any] | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
        folder = tmp_path / "job"
        return run_laid(folder, lay(folder, text, namespace, **options))

    return go


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 + 1", "2\n"),
        ("'a'", "'a'\n"),
        ("None", ""),
        ("x = 3", ""),
        ("1; 2", "2\n"),
        ("3;", ""),
        ("(3);  # quiet", ""),
        ("f'{1};'", "'1;'\n"),
        ("if True:\n    5", ""),
        ("display(1, 'b')", "1\n'b'\n"),
        ("print('ä')\n[\n 1,\n]", "ä\n[1]\n"),
        ("# only a comment\nprint(__name__)", "__main__\n"),
        ("import sys\nprint(len(sys.argv))", "1\n"),
        ("import asyncio\nawait asyncio.sleep(0, 'slept')", "'slept'\n"),
        ("async def f():\n    return 7\nx = await f()\nprint(x)\nx", "7\n7\n"),
        ("from __future__ import annotations\ndef f(x: missing): pass\n", ""),
    ],
)
def test_what_a_cell_shows(run: Run, text: str, shown: str) -> None:
    done = run(text)
    assert (done.stdout, done.stderr, done.returncode) == (shown, "", 0)


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit", 0, ""),
        ("raise SystemExit('enough')", 1, "enough\n"),
        ("exit(4)", 4, ""),
    ],
)
def test_a_cell_may_end_itself(run: Run, text: str, code: int, said: str) -> None:
    done = run(text)
    assert (done.returncode, done.stderr) == (code, said)


def test_a_traceback_shows_the_cells_own_lines_and_no_other(run: Run, tmp_path: Path) -> None:
    done = run("\n\ndef half(n):\n    return n / 0\n\nhalf(3)\n")
    path = tmp_path / "job" / "files" / "cell.py"
    lines = [line for line in done.stderr.splitlines() if not set(line) <= set(" ^~")]
    assert done.returncode == 1
    assert lines == [
        "Traceback (most recent call last):",
        f'  File "{path}", line 6, in <module>',
        "    half(3)",
        f'  File "{path}", line 4, in half',
        "    return n / 0",
        "ZeroDivisionError: division by zero",
    ]


def test_a_traceback_of_awaiting_code_hides_the_loop(run: Run) -> None:
    done = run("async def f():\n    raise ValueError('here')\nawait f()\n")
    assert "asyncio" not in done.stderr
    assert "task.py" not in done.stderr
    assert done.stderr.count("cell.py") == 2


def test_the_file_has_the_jobs_name(run: Run) -> None:
    assert "files/train.py" in run("1 / 0", name="train").stderr
    for other in ("task", "a b", "", "../up"):
        assert "files/cell.py" in run("1 / 0", name=other).stderr


def test_an_interrupt_ends_as_pythons_own(run: Run) -> None:
    done = run("raise KeyboardInterrupt")
    assert done.returncode == 130


def test_logging_and_warnings_find_the_source(run: Run) -> None:
    done = run("import logging\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    logging.exception('so')\n")
    assert "\n    1 / 0\n" in done.stderr


def test_a_path_with_everything_in_it(nasty_path: Path) -> None:
    folder = nasty_path / "new\nline"
    made = lay(folder, "import os\nx = n + 1\nos.getcwd()", {"n": 1}, outputs=("x",))
    done = run_laid(folder, made)
    assert done.stdout == repr(str(folder)) + "\n"
    assert pickle.loads((folder / "results" / "x").read_bytes()) == 2


def test_modules_are_found_where_the_notebook_finds_them(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beside.py").write_text("word = 'found'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    done = run("import beside, sys\nprint(beside.word, [p for p in sys.path if p.endswith('files')])")
    assert done.stdout == "found []\n"


def test_nothing_is_imported_for_a_plain_cell(run: Run) -> None:
    done = run(
        "import sys\nsorted(set(sys.modules) & {'ast', 'json', 'pickle', 're', 'typing', 'asyncio', 'linecache'})"
    )
    bare = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; print(sorted(set(sys.modules) & {'ast', 'json', 'pickle', 're', 'typing'}))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == bare.stdout


def test_without_its_private_files_a_cell_still_runs(tmp_path: Path) -> None:
    made = lay(tmp_path, "import sys\nsys.path[0]")
    (tmp_path / "private" / "path").unlink()
    assert run_laid(tmp_path, made).stdout == repr(str(tmp_path)) + "\n"


# ---- results


def test_results_are_pickled_one_a_file(run: Run, tmp_path: Path) -> None:
    done = run("x, y = 1, {'a': [2]}\nimport sys; sys.exit(0)", outputs=("x", "y"))
    assert done.returncode == 0
    found = {path.name: pickle.loads(path.read_bytes()) for path in (tmp_path / "job" / "results").iterdir()}
    assert found == {"x": 1, "y": {"a": [2]}}


def test_a_result_of_a_class_of_the_cell_comes_back(run: Run, tmp_path: Path) -> None:
    run("class Point:\n    x = 3\n    def double(self): return self.x * 2\np = Point()", outputs=("p",))
    point = pickle.loads((tmp_path / "job" / "results" / "p").read_bytes())
    assert point.double() == 6


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = (i for i in [])", "jupyter-cube: the result x cannot be handed back: TypeError: "),
        ("if 0: x = 1", "jupyter-cube: the cell ended without a value for x\n"),
    ],
)
def test_a_result_that_is_not_there_fails_in_one_line(run: Run, tmp_path: Path, text: str, line: str) -> None:
    done = run(text, outputs=("x",))
    assert done.returncode == 1
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "job" / "results").iterdir()) == []


def test_a_failed_cell_has_no_results(run: Run, tmp_path: Path) -> None:
    assert run("x = 1\n1 / 0", outputs=("x",)).returncode == 1
    assert list((tmp_path / "job" / "results").iterdir()) == []


# ---- processes that a cell starts

WORK = """
    import multiprocessing, os
    from dataclasses import dataclass
    from collections import namedtuple
    import json as j

    FACTOR = 10
    Pair = namedtuple("Pair", "a b")
    try:
        import no_such_module
    except ImportError:
        no_such_module = None

    @dataclass
    class Number:
        n: int

    def times(number):
        assert no_such_module is None
        return Pair(Number(number.n * FACTOR + offset), helper(1))

    print("top level")
"""
POOL = """
    with multiprocessing.get_context("{method}").Pool(2) as pool:
        print([(pair.a.n, pair.b) for pair in pool.map(times, [Number(1), Number(2)])])
"""
EXECUTOR = """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("{method}")) as pool:
        print([(pair.a.n, pair.b) for pair in pool.map(times, [Number(1), Number(2)])])
"""


def notebook_function(source: str, **more: Any) -> Any:
    """A function as a notebook has it: of ``__main__``, with the notebook's names around it."""
    namespace = {"__name__": "__main__", **more}
    exec(textwrap.dedent(source), namespace)
    return namespace


@pytest.mark.parametrize("ending", [POOL, EXECUTOR], ids=["pool", "executor"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_functions_of_a_cell_run_in_other_processes(run: Run, method: str, ending: str) -> None:
    namespace = notebook_function("offset = 5\ndef helper(x): return x + offset")
    done = run(textwrap.dedent(WORK) + textwrap.dedent(ending.format(method=method)), namespace)
    assert done.stderr == ""
    assert done.stdout == "top level\n[(15, 6), (25, 6)]\n"


def test_a_process_that_runs_no_function_needs_no_definitions(run: Run) -> None:
    text = """
        import multiprocessing
        raise_here = 1 / 1
        queue = multiprocessing.get_context("spawn").SimpleQueue()
        process = multiprocessing.get_context("spawn").Process(target=print, args=("hello",))
        process.start()
        process.join()
    """
    done = run(text)
    assert (done.stdout, done.stderr) == ("hello\n", "")


def test_joblib_runs_functions_of_a_cell(run: Run) -> None:
    pytest.importorskip("joblib")
    text = """
        from joblib import Parallel, delayed
        import math
        def area(r): return math.floor(math.pi * r * r)
        print(Parallel(n_jobs=2)(delayed(area)(r) for r in [1, 2]))
    """
    assert run(text).stdout == "[3, 12]\n"


def test_a_launcher_that_starts_the_program_again_runs_the_cell(run: Run, tmp_path: Path) -> None:
    text = """
        import os, subprocess, sys
        if "RANK" not in os.environ:
            subprocess.run([sys.executable, *sys.argv], env={**os.environ, "RANK": "1"}, check=True)
        x = seed + int(os.environ.get("RANK", 0))
        print(x)
    """
    assert run(text, {"seed": 4}, outputs=("x",)).stdout == "5\n4\n"
    assert pickle.loads((tmp_path / "job" / "results" / "x").read_bytes()) == 4
