"""Jobs and log lines as text: marks, durations, the table of jobs, a job's description, a line with its task.

All functions are of values. Texts of jobs are data: control sequences are taken out of them before they are shown.
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from jupyter_cube.lifecycle.state import JobState, State, TaskState, describe_end

MARKS: Mapping[State, str] = {
    State.WAITING: "○",
    State.RUNNING: "◐",
    State.STOPPING: "◐",
    State.STOPPED: "■",
    State.SUCCEEDED: "✓",
    State.FAILED: "✕",
    State.UNKNOWN: "?",
}
_SGR = r"\x1b\[[0-9;:]*m"
_CONTROLS = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # operating system commands: titles, links, the clipboard
    r"|\x1b[PX^_].*?(?:\x1b\\|$)"  # device control and other strings
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # cursor, screen, modes
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
    r"|[\u202a-\u202e\u2066-\u2069]"  # text that reads in another order than it runs
)
_SGR_ONLY = re.compile(_SGR)
_PREFIX_COLOURS = (36, 32, 33, 35, 34, 96, 92, 95)


class LogLine(Protocol):
    """What is needed of a line of the merged log."""

    @property
    def role(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def line(self) -> str: ...


class Row(Protocol):
    """What is needed of a job in a list."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> State: ...
    @property
    def reason(self) -> str: ...
    @property
    def created(self) -> float: ...
    @property
    def started(self) -> float: ...
    @property
    def ended(self) -> float: ...
    @property
    def tasks(self) -> int: ...
    @property
    def held(self) -> Sequence[str]: ...


def plain(text: str, *, colours: bool = False) -> str:
    """The text without control sequences; ``colours`` keeps those that only set colour and weight."""
    if text.isprintable():
        return text
    if not colours:
        return _CONTROLS.sub("", text)
    return _CONTROLS.sub(lambda match: match[0] if _SGR_ONLY.fullmatch(match[0]) else "", text)


def duration(seconds: float) -> str:
    """``0:41``, ``12:03``, ``3:20:05``; days in front from the second on."""
    whole = max(0, int(seconds))
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    clock = f"{hours}:{minutes:02}:{rest:02}" if hours or days else f"{minutes}:{rest:02}"
    return f"{days} d {clock}" if days else clock


def size(number: float) -> str:
    """Bytes with a unit: ``512 B``, ``12.3 MB``."""
    units = ["TB", "GB", "MB", "kB", "B"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        units.pop()
    return f"{number:.0f} {units[-1]}" if units[-1] == "B" or number >= 100 else f"{number:.1f} {units[-1]}"


def moment(seconds: float) -> str:
    """A moment in local time: ``2026-11-23 14:02:11``."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def state_words(state: JobState, now: float) -> str:
    """``running 2:31``, ``failed after 0:41 · worker-1 exit 1``, ``waiting 0:12 · needs 2 GPUs``."""
    words = state.state.value.lower()
    if state.state.final:
        if state.started:
            words += f" after {duration(state.ended - state.started)}"
    elif state.started:
        words += f" {duration(now - state.started)}"
    reason = plain(state.reason)
    if reason and state.state is not State.SUCCEEDED:
        words += f" · {reason}"
    return words


def failing(state: JobState) -> TaskState | None:
    """The task to look at: of those that failed, the one that did so first."""
    failed = [task for task in state.tasks if task.state in (State.FAILED, State.UNKNOWN)]
    return min(failed, key=lambda task: task.ended, default=None)


def task_marks(state: JobState, *, limit: int = 64) -> str:
    """Every task as a mark, by role; more than ``limit`` tasks as counts."""
    parts = []
    for role, tasks in by_role(state.tasks).items():
        if len(state.tasks) <= limit:
            parts.append(f"{role} " + "".join(MARKS[task.state] for task in tasks))
        else:
            counts = {one: sum(task.state is one for task in tasks) for one in State}
            parts.append(f"{role} " + " ".join(f"{MARKS[one]}{number}" for one, number in counts.items() if number))
    return "  ".join(parts)


def by_role(tasks: Iterable[TaskState]) -> dict[str, list[TaskState]]:
    """The tasks of each role, in their order."""
    roles: dict[str, list[TaskState]] = {}
    for task in tasks:
        roles.setdefault(task.role, []).append(task)
    return roles


def headline(name: str, state: JobState, now: float, *, marks: int = 64) -> str:
    """``◐ train  running 2:31  worker ◐◐◐✓``; more than ``marks`` tasks as counts."""
    line = f"{MARKS[state.state]} {plain(name)}  {state_words(state, now)}"
    return f"{line}  {task_marks(state, limit=marks)}" if len(state.tasks) > 1 else line


def prefix(role: str, index: int, *, colour: bool = False) -> str:
    """What stands before a line of a task: ``worker-0 │ ``; a task's colour is always the same."""
    name = f"{role}-{index}"
    if not colour:
        return f"{name} │ "
    number = _PREFIX_COLOURS[zlib.crc32(name.encode()) % len(_PREFIX_COLOURS)]
    return f"\x1b[{number}m{name} │\x1b[0m "


def ending(line: str) -> str:
    """What resets the colours that a line may have left on."""
    return "\x1b[0m" if "\x1b[" in line else ""


def job_table(rows: Sequence[Row], now: float) -> str:
    """A table of jobs, one a line."""
    if not rows:
        return "no jobs\n"
    cells = [("ID", "NAME", "STATE", "TASKS", "CREATED", "TIME", "")]
    for row in rows:
        took = duration((row.ended or now) - row.started) if row.started else ""
        reason = plain(row.reason) if row.state not in (State.SUCCEEDED, State.RUNNING) else ""
        mark = f"{MARKS[row.state]} {'HELD' if row.held else row.state.value}"
        if row.held:
            more = f" and {len(row.held) - 1} more" if row.held[1:] else ""
            reason = f"{row.held[0]}{more} held for debugging"
        cells.append((row.id[:8], plain(row.name), mark, str(row.tasks), moment(row.created), took, reason))
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    padded = ([*map(str.ljust, line, widths), line[6]] for line in cells)
    return "".join("  ".join(line).rstrip() + "\n" for line in padded)


def task_table(state: JobState, now: float) -> str:
    """A table of a job's tasks with how each ended."""
    lines = []
    width = max((len(task.name) for task in state.tasks), default=0)
    for task in state.tasks:
        words = task.state.value
        if task.started:
            words += f"  {duration((task.ended or now) - task.started)}"
        if task.state in (State.FAILED, State.UNKNOWN):
            words += f"  {plain(describe_end(task))}"
        elif task.reason:
            words += f"  {plain(task.reason)}"
        if task.devices:
            words += f"  GPU {', '.join(task.devices)}"
        if task.attempt > 1:
            words += f"  attempt {task.attempt}"
        lines.append(f"  {MARKS[task.state]} {task.name.ljust(width)}  {words}")
    return "".join(f"{line}\n" for line in lines)


def fields(record: Mapping[str, Any], *, indent: str = "") -> str:
    """A record as lines ``key: value``, nested ones indented; empty values are left out."""
    lines = []
    for key, value in record.items():
        if value in (None, "", [], {}, ()):
            continue
        if isinstance(value, Mapping):
            lines.append(f"{indent}{key}:\n{fields(value, indent=indent + '  ')}")
        elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
            deeper = indent + "    "
            items = [fields(item, indent=deeper) if isinstance(item, Mapping) else f"{item}\n" for item in value]
            lines.append(f"{indent}{key}:\n" + "".join(f"{indent}  - {item.lstrip()}" for item in items))
        else:
            text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
            text = plain(text).rstrip("\n").replace("\n", f"\n{indent}  ")
            lines.append(f"{indent}{key}: {text}\n")
    return "".join(lines)


def graph_lines(nodes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a role needs, a line each in the order in which it runs."""
    lines = []
    for number, node in enumerate(nodes):
        label = f"{node['name']}@{node['version']}" if node["version"] else str(node["name"])
        values = " ".join(f"{name}={value}" for name, value in node["variables"].items())
        after = ", ".join(f"{place + 1}" for place in node["requires"])
        parts = [f"{number + 1:3} {label}", f"from {node['source']}", values, f"after {after}" if after else ""]
        lines.append(plain("  ".join(part for part in parts if part)))
    return lines
