"""IPython syntax becomes plain Python with the same lines."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from jupyter_cube.cells.syntax import translate


def test_plain_python_is_left_alone_and_costs_no_ipython() -> None:
    code = (
        "import sys; from jupyter_cube.cells.syntax import translate;"
        "text = 'x = 1\\n\\nawait f(x)\\n'; assert translate(text).text is text; print('IPython' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("!ls -l", 1, "get_ipython().system('ls -l')"),
        ("x = !ls", 1, "x = get_ipython().getoutput('ls')"),
        ("!!ls", 1, "get_ipython().getoutput('ls')"),
        ("\n\n%cd /tmp\n", 3, "get_ipython().run_line_magic('cd', '/tmp')"),
        ("x = 1\nif x:\n    !echo {x}\n", 3, "    get_ipython().system('echo {x}')"),
        ("!echo a \\\n  b\ny = 2", 3, "y = 2"),
        ("x = !echo a \\\n  b\n\nif x:\n    !echo c \\\n d\n    z = 2", 7, "    z = 2"),
        ("%time x = 1\n'''\n!no\n'''", 3, "!no"),
        ("\n%%time\nx = 1\nx", 2, "get_ipython().start_timer()"),
        ("\n%%time\nx = 1\nx", 4, "x"),
        ("%%bash\necho 1\n", 1, r"get_ipython().run_cell_magic('bash', '', 'echo 1\n')"),
        (">>> x = 1\n>>> !ls\n", 2, "get_ipython().system('ls')"),
    ],
)
def test_lines_keep_their_numbers(text: str, line: int, expected: str) -> None:
    made = translate(text)
    assert made.faults == ()
    assert made.text.splitlines()[line - 1] == expected
    assert len(made.text.splitlines()) == len(text.splitlines())
    ast.parse(made.text)


def test_what_is_called() -> None:
    assert not translate("x = 1").shim
    assert translate("!ls").shim
    assert translate("!ls\n%cd /\n%env A=1\nx = !ls\n%pip list").needs_ipython == ()
    assert translate("%%bash\nls").needs_ipython == ()
    assert translate("%%bash --bg\nls").needs_ipython == ("%%bash",)
    assert translate("%timeit 1\n%timeit 2\nlen?").needs_ipython == ("%timeit", "%pinfo")
    assert translate("get_ipython().kernel").needs_ipython == ()  # asked for when it runs


def test_figures_of_matplotlib_are_said_not_to_be_shown() -> None:
    (note,) = translate("import os\n%matplotlib inline\n").notes
    assert note == "cell:2: figures of a job are not shown, save them with savefig"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\ny = (2\n", 2, "'(' was never closed"),
        ("x = 1\nreturn 3", 2, "'return' outside function"),
        ("!ls\nx = = 1", 2, "invalid syntax"),
        ("def f():\nx = 1", 2, "expected an indented block after function definition on line 1"),
    ],
)
def test_mistakes_are_found_with_their_line(text: str, line: int, message: str) -> None:
    (fault,) = translate(text).faults
    assert (fault.file, fault.line, fault.message) == ("cell", line, message)


@pytest.mark.parametrize(
    ("line", "hint"), [("pip install x", "write %pip install x"), ("cat a.txt b", "write !cat a.txt b"), ("x y", "")]
)
def test_a_command_without_its_mark_is_explained(line: str, hint: str) -> None:
    (fault,) = translate("import os\n" + line).faults
    assert (fault.line, fault.hint) == (2, hint)


def test_a_nul_is_a_fault() -> None:
    assert len(translate("x = '\0'").faults) == 1
