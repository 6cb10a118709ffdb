"""What ``get_ipython()`` is inside a task: shell lines and the commonest magics, without IPython.

This file is laid into the job and read by ``task.py``, so it imports the standard library only. What it does not know
is handed to IPython itself, if the task's Python has it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as in task.py
if TYPE_CHECKING:
    import re
    from collections.abc import Callable
    from types import FrameType, ModuleType
    from typing import Any

LINE_MAGICS = frozenset({"cd", "env", "matplotlib", "pip", "pwd", "set_env", "time"})
SCRIPT_MAGICS = frozenset({"bash", "sh"})
_UNEXPANDABLE = (SyntaxError, NameError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


class Lines(list[str]):
    """Output of a command as lines, with IPython's ``l``, ``n`` (one text) and ``s`` (joined by blanks)."""

    l = property(list)  # noqa: E741 (IPython's name)
    n = property("\n".join)
    s = property(" ".join)


class Shim:
    """Stands for the IPython shell, as far as a translated cell uses it."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def system(self, command: str) -> None:
        """``!command``: its output goes where the cell's goes; its exit code is ``_exit_code``."""
        self._module._exit_code = _system(_expanded(command, sys._getframe(1)))  # type: ignore[attr-defined]

    def getoutput(self, command: str) -> Lines:
        """``x = !command`` and ``!!command``: standard output as lines."""
        import subprocess

        command = _expanded(command, sys._getframe(1))
        done = subprocess.run(command, check=False, shell=True, stdout=subprocess.PIPE, text=True, errors="replace")
        self._module._exit_code = done.returncode  # type: ignore[attr-defined]
        return Lines(done.stdout.splitlines())

    def run_line_magic(self, name: str, line: str) -> Any:
        """``%name line``."""
        scope = sys._getframe(1)
        if name == "time":
            return _time(line.strip(), scope)
        if name not in LINE_MAGICS:
            return self._ipython(f"%{name}").run_line_magic(name, line, _stack_depth=2)
        line = _expanded(line.strip(), scope)
        if name == "pwd":
            return os.getcwd()
        if name == "cd":
            os.chdir(os.path.expanduser(line.strip("\"'") or "~"))
            _say(os.getcwd())
        elif name == "pip":
            import shlex

            _system(f"{shlex.quote(sys.executable)} -m pip {line}")
        elif name == "matplotlib":
            os.environ.setdefault("MPLBACKEND", "Agg")  # there is no window and no notebook to draw into
        else:
            return _env(line)
        return None

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        """``%%bash`` and ``%%sh``; a failing script fails the cell."""
        if name not in SCRIPT_MAGICS or line.strip():
            return self._ipython(f"%%{name}").run_cell_magic(name, line, cell)
        import subprocess

        done = subprocess.run([name], check=False, input=cell, text=True)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, f"%%{name}")
        return None

    def start_timer(self) -> None:
        """``%%time``: the times are printed when the cell has ended."""
        import atexit

        atexit.register(_stopwatch())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._ipython(f"get_ipython().{name}"), name)

    def _ipython(self, wanted: str) -> Any:
        try:
            from IPython.core.interactiveshell import InteractiveShell
            from traitlets.config import Config
        except ImportError:
            message = f"{wanted} needs IPython, which this task's Python ({sys.executable}) does not have"
            raise RuntimeError(message) from None
        # Its texts go into a log, and a task leaves no history behind.
        config = Config(HistoryManager={"enabled": False}, InteractiveShell={"colors": "NoColor"})
        return InteractiveShell.instance(config=config, user_module=self._module, user_ns=self._module.__dict__)


def _expanded(text: str, scope: FrameType) -> str:
    """``{expression}`` and ``$name`` filled in; where one of them fails, the text stays as it is, as in IPython."""
    if "{" not in text and "$" not in text:
        return text
    import re
    import string

    names = {**scope.f_globals, **scope.f_locals}
    formatter = string.Formatter()
    dollar = re.compile(r"\$(\$?[\w.]+)(?=(?:[^']*'[^']*')*[^']*$)")  # between single quotes it is the shell's

    def value(match: re.Match[str]) -> str:
        return match[1] if match[1].startswith("$") else str(eval(match[1], names))

    parts = []
    try:
        for literal, field, form, conversion in formatter.parse(text):
            parts.append(dollar.sub(value, literal))
            if field is not None:
                parts.append(format(formatter.convert_field(eval(field, names), conversion), form or ""))
    except _UNEXPANDABLE:
        return text
    return "".join(parts)


def _system(command: str) -> int:
    import subprocess

    return subprocess.call(command, shell=True)


def _env(line: str) -> Any:
    name, separator, value = line.partition("=" if "=" in line else " ")
    name, value = name.strip(), value.strip()
    if not separator:
        return os.environ[name] if name else dict(os.environ)
    os.environ[name] = value
    _say(f"env: {name}={value}")
    return None


def _time(line: str, scope: FrameType) -> Any:
    """Run a line in the cell's names and print what it took; its value, if it is an expression."""
    report = _stopwatch()
    try:
        code, is_expression = compile(line, "<timed>", "eval"), True
    except SyntaxError:
        code, is_expression = compile(line, "<timed>", "exec"), False
    try:
        value = eval(code, scope.f_globals, scope.f_locals)
    finally:
        report()
    return value if is_expression else None


def _stopwatch() -> Callable[[], None]:
    import time

    wall, used = time.perf_counter(), os.times()

    def report() -> None:
        now = os.times()
        user, system = now.user - used.user, now.system - used.system
        _say(f"CPU times: user {user:.3g} s, sys: {system:.3g} s, total: {user + system:.3g} s")
        _say(f"Wall time: {time.perf_counter() - wall:.3g} s")

    return report


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
