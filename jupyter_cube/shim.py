"""What ``get_ipython()`` is inside a task: shell lines and the commonest magics, without IPython.

This file is laid into the job and read by ``task.py``, so it imports the standard library only. Whatever it does not
know is handed to IPython itself, if the task's Python has it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

LINE_MAGICS = frozenset("cd pwd env set_env time pip matplotlib".split())
SCRIPT_MAGICS = frozenset("bash sh".split())
_UNEXPANDABLE = (SyntaxError, NameError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


class Lines(list[str]):
    """Output of a command as lines, with IPython's ``l``, ``n`` (one text) and ``s`` (joined by blanks)."""

    l = property(list)  # noqa: E741 (IPython's name)
    n = property("\n".join)
    s = property(" ".join)


class Shim:
    """Stands for the IPython shell, as far as a translated cell uses it."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._magics: dict[str, Callable[[str, dict[str, Any]], Any]] = {
            "cd": _cd,
            "pwd": lambda line, names: os.getcwd(),
            "env": _env,
            "set_env": _env,
            "time": _time,
            "pip": lambda line, names: _system(f"{_quoted(sys.executable)} -m pip {line}"),
            "matplotlib": _matplotlib,
        }

    def system(self, command: str) -> None:
        """``!command``: its output goes where the cell's goes; its exit code is ``_exit_code``."""
        names = _caller()
        self._module.__dict__["_exit_code"] = _system(_expanded(command, names))

    def getoutput(self, command: str) -> Lines:
        """``x = !command`` and ``!!command``: standard output as lines."""
        import subprocess

        done = subprocess.run(_expanded(command, _caller()), shell=True, stdout=subprocess.PIPE, text=True, errors="replace")
        self._module.__dict__["_exit_code"] = done.returncode
        return Lines(done.stdout.splitlines())

    def run_line_magic(self, name: str, line: str, _stack_depth: int = 1) -> Any:
        names = _caller()
        if name in self._magics:
            return self._magics[name](line if name == "time" else _expanded(line, names), names)
        return self._ipython(f"%{name}").run_line_magic(name, line, _stack_depth=_stack_depth + 1)

    def run_cell_magic(self, name: str, line: str, cell: str) -> Any:
        """``%%bash`` and ``%%sh``; a failing script fails the cell."""
        if name not in SCRIPT_MAGICS or line.strip():
            return self._ipython(f"%%{name}").run_cell_magic(name, line, cell)
        import subprocess

        done = subprocess.run([name], input=cell, text=True)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, name)
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
            raise RuntimeError(f"{wanted} needs IPython, which this task's Python ({sys.executable}) does not have") from None
        # Texts go into a log, and a task leaves no history behind.
        config = Config(HistoryManager={"enabled": False}, InteractiveShell={"colors": "NoColor"})
        return InteractiveShell.instance(
            config=config, user_module=self._module, user_ns=self._module.__dict__
        )


def _caller() -> dict[str, Any]:
    """The names that the calling code of the cell sees."""
    frame = sys._getframe(2)
    return {**frame.f_globals, **frame.f_locals}


def _expanded(text: str, names: Mapping[str, Any]) -> str:
    """``{expression}`` and ``$name`` filled in; text in which one of them fails stays as it is, as in IPython."""
    if "{" not in text and "$" not in text:
        return text
    import re
    import string

    formatter = string.Formatter()
    # A $ between single quotes is the shell's.
    dollar = re.compile(r"\$(\$?[\w.]+)(?=(?:[^']*'[^']*')*[^']*$)")

    def value(match: re.Match[str]) -> str:
        return match[1] if match[1].startswith("$") else str(eval(match[1], dict(names)))

    parts = []
    try:
        for literal, field, form, conversion in formatter.parse(text):
            parts.append(dollar.sub(value, literal))
            if field is not None:
                parts.append(format(formatter.convert_field(eval(field, dict(names)), conversion), form or ""))
    except _UNEXPANDABLE:
        return text
    return "".join(parts)


def _system(command: str) -> int:
    import subprocess

    return subprocess.call(command, shell=True)


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def _cd(line: str, names: Mapping[str, Any]) -> None:
    words = line.strip().strip("\"'")
    os.chdir(os.path.expanduser(words or "~"))
    print(os.getcwd())


def _env(line: str, names: Mapping[str, Any]) -> Any:
    name, separator, value = line.partition("=" if "=" in line else " ")
    name, value = name.strip(), value.strip()
    if not name:
        return dict(os.environ)
    if not separator:
        return os.environ[name]
    os.environ[name] = value
    print(f"env: {name}={value}")
    return None


def _time(line: str, names: dict[str, Any]) -> Any:
    report = _stopwatch()
    scope = sys._getframe(2)
    try:
        code = compile(line.strip(), "<timed>", "eval")
    except SyntaxError:
        exec(compile(line.strip(), "<timed>", "exec"), scope.f_globals, scope.f_locals)
        report()
        return None
    value = eval(code, scope.f_globals, scope.f_locals)
    report()
    return value


def _matplotlib(line: str, names: Mapping[str, Any]) -> None:
    """There is no window and no notebook to draw into."""
    os.environ.setdefault("MPLBACKEND", "Agg")


def _stopwatch() -> Callable[[], None]:
    import time

    wall, used = time.perf_counter(), os.times()

    def report() -> None:
        now = os.times()
        user, system = now.user - used.user, now.system - used.system
        print(f"CPU times: user {user:.3g} s, sys: {system:.3g} s, total: {user + system:.3g} s")
        print(f"Wall time: {time.perf_counter() - wall:.3g} s")

    return report
